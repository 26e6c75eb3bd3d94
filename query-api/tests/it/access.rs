//! Who may read what.

use http::StatusCode;
use utoipa::openapi::path::{Operation, PathItem};

use crate::support::{Api, CHANNEL, GROUP};

#[tokio::test]
async fn nobody_reads_without_credentials() {
    let api = Api::start().await;
    let mut asked = 0;
    for (path, item) in &api.document.paths.paths {
        assert_is_secured(path, item);
        if item.get.is_none() {
            continue;
        }
        let path = ["{room}", "{id}", "{user}"]
            .iter()
            .fold(path.clone(), |path, name| path.replace(name, &api.id().to_string()));
        for headers in [&[][..], &[("authorization", "Bearer x.y.z")], &[("authorization", "Basic dTpw")]] {
            let answer = api.ask(None, &path, headers).await;
            assert_eq!(answer.problem(), (401, "unauthorized", None), "{path} {headers:?}");
        }
        asked += 1;
    }
    assert!(asked >= 7, "the document lists the routes");
    api.finish().await;
}

/// Every operation says that it needs a token, and only administrators change anything here.
fn assert_is_secured(path: &str, item: &PathItem) {
    let secured = |operation: &Operation| operation.security.as_ref().is_some_and(|needs| !needs.is_empty());
    let changes: Vec<_> = [&item.post, &item.put, &item.patch, &item.delete].into_iter().flatten().collect();
    assert!(item.get.iter().chain(changes.iter().copied()).all(secured), "{path} says that it needs a token");
    assert!(changes.is_empty() || path.starts_with("/v1/admin/"), "{path}");
}

#[tokio::test]
async fn a_room_is_read_by_its_members_alone() {
    let api = Api::start().await;
    let (member, other) = (api.user("member").await, api.user("other").await);
    let (group, channel, elsewhere) = (api.room(GROUP).await, api.room(CHANNEL).await, api.room(GROUP).await);
    let mut message = String::new();
    for room in [group, channel] {
        api.member(room, member, "joined", 0).await;
        message = api.post(room, member, 1, 1).await[0].to_string();
    }
    api.member(elsewhere, other, "joined", 0).await;
    let status = async |user, uri: String| api.get(user, &uri).await.status.as_u16();

    for path in ["/messages".to_owned(), "/members".to_owned(), format!("/messages/{message}")] {
        assert_eq!(status(member, format!("/v1/rooms/{channel}{path}")).await, 200, "{path}");
        assert_eq!(status(other, format!("/v1/rooms/{channel}{path}")).await, 403, "a public channel: {path}");
        assert_eq!(status(other, format!("/v1/rooms/{group}{path}")).await, 404, "no word of a closed room: {path}");
        assert_eq!(status(other, format!("/v1/rooms/{}{path}", api.id())).await, 404, "{path}");
    }
    // Another room's message is not found through one's own.
    assert_eq!(status(other, format!("/v1/rooms/{elsewhere}/messages/{message}")).await, 404);
    assert_eq!(status(other, format!("/v1/rooms/{group}")).await, 404);
    assert_eq!(status(other, format!("/v1/rooms/{channel}")).await, 200);
    assert_eq!(status(other, "/v1/rooms/7/messages".to_owned()).await, 400);

    for (state, room_status, messages_status) in [("invited", 200, 403), ("left", 404, 404), ("removed", 404, 404)] {
        api.member(group, other, state, 0).await;
        assert_eq!(status(other, format!("/v1/rooms/{group}")).await, room_status, "{state}");
        assert_eq!(status(other, format!("/v1/rooms/{group}/messages")).await, messages_status, "{state}");
        assert_eq!(status(other, format!("/v1/rooms/{group}/members")).await, messages_status, "{state}");
    }
    api.finish().await;
}

#[tokio::test]
async fn a_room_tells_outsiders_less() {
    let api = Api::start().await;
    let (member, other, channel) = (api.user("member").await, api.user("other").await, api.room(CHANNEL).await);
    api.member(channel, member, "joined", 0).await;
    api.post(channel, member, 3, 1).await;

    let inside = api.get(member, &format!("/v1/rooms/{channel}")).await;
    assert_eq!(inside.status, StatusCode::OK);
    assert_eq!(inside.body["last_seq"], 3);
    assert_eq!(inside.body["membership"]["state"], "joined");
    assert_eq!(inside.body["membership"]["role"], "member");
    let outside = api.get(other, &format!("/v1/rooms/{channel}")).await;
    assert_eq!(outside.body["name"], "A room");
    assert_eq!((&outside.body["last_seq"], &outside.body["membership"]), (&().into(), &().into()));
    api.finish().await;
}
