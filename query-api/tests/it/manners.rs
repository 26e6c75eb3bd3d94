//! HTTP's manners: what is known is not sent again, what is sent is small, and nobody asks the process to death.

use std::io::Read as _;

use event_schema::RoomId;
use futures::StreamExt as _;
use http::StatusCode;

use crate::support::{Api, GROUP};

#[tokio::test]
async fn every_answer_has_a_tag_that_changes_with_it() {
    let api = Api::start().await;
    let (reader, room) = (api.user("reader").await, api.room(GROUP).await);
    api.member(room, reader, "joined", 0).await;
    let message = api.post(room, reader, 1, 1).await[0];
    for path in [
        format!("/v1/rooms/{room}"),
        format!("/v1/rooms/{room}/members"),
        format!("/v1/rooms/{room}/receipts"),
        format!("/v1/rooms/{room}/messages"),
        format!("/v1/rooms/{room}/messages/{message}"),
        format!("/v1/rooms/{room}/messages/{message}/edits"),
        format!("/v1/rooms/{room}/messages/{message}/replies"),
        "/v1/inbox".to_owned(),
        "/v1/channels".to_owned(),
        "/v1/me".to_owned(),
        format!("/v1/users/{reader}"),
        format!("/v1/users?ids={reader}"),
    ] {
        let before = api.get(reader, &path).await;
        let tag = before.headers["etag"].to_str().expect("a tag").to_owned();
        assert_eq!(before.headers["cache-control"], "private, no-cache", "{path}");
        let again = api.ask(Some(reader), &path, &[("if-none-match", &tag)]).await;
        assert_eq!(
            (again.status, &again.headers["etag"]),
            (StatusCode::NOT_MODIFIED, &before.headers["etag"]),
            "{path}"
        );
        let other = api.ask(Some(reader), &path, &[("if-none-match", "W/\"other\"")]).await;
        assert_eq!((other.status, other.body), (StatusCode::OK, before.body), "{path}");
    }
    api.finish().await;
}

#[tokio::test]
async fn pages_and_streams_are_sent_compressed_to_who_asks_for_it() {
    let api = Api::start().await;
    let (reader, room) = (api.user("reader").await, api.room(GROUP).await);
    api.member(room, reader, "joined", 0).await;
    api.post(room, reader, 200, 1).await;
    let uri = format!("/v1/rooms/{room}/messages?limit=200");
    let plain = api.get(reader, &uri).await;
    assert_eq!(plain.headers.get("content-encoding"), None);

    let small = api.open(reader, &uri, &[("accept-encoding", "gzip")]).await;
    assert_eq!(small.headers()["content-encoding"], "gzip");
    assert_eq!(small.headers()["etag"], plain.headers["etag"], "the same answer");
    let vary: Vec<_> = small.headers().get_all("vary").iter().filter_map(|vary| vary.to_str().ok()).collect();
    assert!(vary.join(",").to_lowercase().contains("accept-encoding"), "{vary:?}");
    let body = axum::body::to_bytes(small.into_body(), usize::MAX).await.expect("a body");
    let read = unzipped(&body);
    assert!(body.len() * 4 < read.len(), "{} of {} bytes", body.len(), read.len());
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&read).expect("JSON"), plain.body);

    let headers = [("accept-encoding", "gzip"), ("accept", "application/x-ndjson")];
    let lines = api.open(reader, &format!("/v1/rooms/{room}/messages"), &headers).await;
    assert_eq!(lines.headers()["content-encoding"], "gzip");
    let body = axum::body::to_bytes(lines.into_body(), usize::MAX).await.expect("a body");
    assert_eq!(unzipped(&body).split(|byte| *byte == b'\n').count(), 202, "200 messages, the end, and nothing");
    api.finish().await;
}

fn unzipped(body: &[u8]) -> Vec<u8> {
    let mut read = Vec::new();
    flate2::read::GzDecoder::new(body).read_to_end(&mut read).expect("gzip");
    read
}

#[tokio::test]
async fn thousands_of_made_up_rooms_exhaust_nothing() {
    let settings = query_api::Settings { query_wait_ms: 500, query_waiters: 25, ..Default::default() };
    let api = Api::with(&settings).await;
    let mut people = Vec::new();
    for number in 0..10 {
        people.push(api.user(&format!("reader{number}")).await);
    }
    let (member, room) = (people[0], api.room(GROUP).await);
    api.member(room, member, "joined", 0).await;
    // The read models are behind in both partitions, so that no refusal can be given at once.
    for _ in 0..40 {
        api.unfolded(RoomId(api.id())).await;
    }
    let asks = (0..3_000).map(|number| {
        // One after another: the first ones have their four places each before the process has given out all.
        let (user, room) = (people[number / 300], api.id());
        let api = &api;
        async move { api.get(user, &format!("/v1/rooms/{room}/messages")).await.status.as_u16() }
    });
    let mut seen = std::collections::BTreeMap::new();
    let mut answers = futures::stream::iter(asks).buffer_unordered(3_000);
    while let Some(status) = answers.next().await {
        *seen.entry(status).or_insert(0) += 1;
    }
    drop(answers);
    assert!(seen.keys().all(|status| [429, 503].contains(status)), "{seen:?}");
    assert!(seen.len() == 2 && seen[&429] > 500, "{seen:?}");
    // Those who ask for what is there were never in the way.
    assert_eq!(api.get(member, &format!("/v1/rooms/{room}/messages")).await.status, StatusCode::OK);
    api.finish().await;
}
