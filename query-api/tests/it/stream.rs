//! Whole rooms as lines of JSON.

use event_schema::{RoomId, UserId};
use futures::StreamExt as _;
use http::StatusCode;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

use crate::support::{Answer, Api, GROUP, Room};

const LINES: (&str, &str) = ("accept", "application/x-ndjson");

/// A room with so many messages, written at once.
async fn big_room(api: &Api, member: UserId, messages: i64, text: usize) -> RoomId {
    let room = api.room(GROUP).await;
    api.member(room, member, "joined", 0).await;
    let mut tx = api.db().begin().await.expect("a transaction");
    // Many rows take longer than any request may.
    sqlx::query("set local statement_timeout = 0").execute(&mut *tx).await.expect("no limit");
    sqlx::query(
        r#"insert into messages
           select $1, n, gen_random_uuid(), $2, '2026-01-01Z'::timestamptz + n * interval '1 second', false, null, null,
                  '{"seq":' || n || ',"content":{"format":"plain","text":"' || repeat('x', $4) || '"}}'
           from generate_series(1, $3) n"#,
    )
    .bind(room.0)
    .bind(member.0)
    .bind(messages)
    .bind(i32::try_from(text).expect("a length"))
    .execute(&mut *tx)
    .await
    .expect("messages");
    let update = sqlx::query("update rooms set last_seq = $2, rev = $2 + 1 where room_id = $1");
    update.bind(room.0).bind(messages).execute(&mut *tx).await.expect("the room");
    tx.commit().await.expect("committed");
    room
}

async fn lines(api: &Api, user: UserId, uri: &str) -> Vec<Value> {
    let response = api.open(user, uri, &[LINES]).await;
    assert_eq!(
        (response.status(), &response.headers()["content-type"]),
        (StatusCode::OK, &LINES.1.parse().expect("one"))
    );
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("a body");
    assert_eq!(body.last(), Some(&b'\n'));
    body.split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).expect("JSON"))
        .collect()
}

#[tokio::test]
async fn a_room_is_told_from_its_beginning_to_its_end() {
    let api = Api::start().await;
    let reader = api.user("reader").await;
    let room = big_room(&api, reader, 2_500, 30).await;
    let uri = format!("/v1/rooms/{room}/messages");
    let mut all = lines(&api, reader, &uri).await;
    assert_eq!(all.pop(), Some(json!({"complete": true, "messages": 2500, "rev": 2501})));
    assert!(all.iter().map(|line| &line["seq"]).eq((1..=2_500).map(|seq| json!(seq)).collect::<Vec<_>>().iter()));

    let some = lines(&api, reader, &format!("{uri}?from=2026-01-01T00:00:10Z&to=2026-01-01T00:00:13Z")).await;
    let seqs: Vec<_> = some.iter().map(|line| line["seq"].clone()).collect();
    assert_eq!(seqs, [json!(10), json!(11), json!(12), json!(null)]);
    assert_eq!(some[3]["messages"], 3);
    for parameter in ["limit=1", "before=x", "after=x", "around=x"] {
        let answer = api.ask(Some(reader), &format!("{uri}?{parameter}"), &[LINES]).await;
        let field = parameter.split_once('=').map(|(name, _)| name);
        assert_eq!(answer.problem(), (400, "invalid-request", field));
    }
    let empty = api.room(GROUP).await;
    api.member(empty, reader, "joined", 0).await;
    let nothing = lines(&api, reader, &format!("/v1/rooms/{empty}/messages")).await;
    assert_eq!(nothing, [json!({"complete": true, "messages": 0, "rev": 1})]);
    api.finish().await;
}

#[tokio::test]
async fn a_newcomer_gets_what_they_may_see_and_an_outsider_nothing() {
    let api = Api::start().await;
    let (reader, outsider) = (api.user("reader").await, api.user("outsider").await);
    let room = api.room(Room { history_visibility: "since_join", ..GROUP }).await;
    api.post(room, reader, 5, 1).await;
    api.member(room, reader, "joined", 3).await;
    let uri = format!("/v1/rooms/{room}/messages");
    let seqs: Vec<_> = lines(&api, reader, &uri).await.iter().map(|line| line["seq"].clone()).collect();
    assert_eq!(seqs, [json!(4), json!(5), json!(null)]);
    assert_eq!(api.ask(Some(outsider), &uri, &[LINES]).await.problem(), (404, "not-found", None));
    api.finish().await;
}

#[tokio::test]
async fn a_slow_reader_holds_no_connection_and_a_removed_one_is_cut() {
    let api = Api::start().await;
    let reader = api.user("reader").await;
    let room = big_room(&api, reader, 5_000, 1_000).await;
    let uri = format!("/v1/rooms/{room}/messages");
    let mut body = api.open(reader, &uri, &[LINES]).await.into_body().into_data_stream();
    let first = body.next().await.expect("a slice").expect("bytes");
    assert!(first.len() < 300 * 1024, "{} bytes at once", first.len());

    // The reader takes its time: nothing of the database is held, and nothing is read ahead.
    let busy = "select count(*) from pg_stat_activity where datname = current_database() and state <> 'idle'
                and pid <> pg_backend_pid()";
    let count = async || sqlx::query_scalar::<_, i64>(busy).fetch_one(&api.db()).await.expect("a number");
    // What the process asks by itself takes a moment, what is held lasts.
    let idle = async { while count().await > 0 {} };
    tokio::time::timeout(std::time::Duration::from_secs(10), idle).await.expect("nothing is held");

    api.member(room, reader, "removed", 0).await;
    let mut rest = Vec::new();
    while let Some(bytes) = body.next().await {
        rest.extend_from_slice(&bytes.expect("bytes"));
    }
    let end: Value = serde_json::from_slice(&rest).expect("the last line, and nothing else");
    assert_eq!((&end["complete"], &end["reason"]), (&json!(false), &json!("forbidden")));
    api.finish().await;
}

#[tokio::test]
async fn who_left_and_came_back_is_told_that_something_is_missing() {
    let api = Api::start().await;
    let reader = api.user("reader").await;
    let room = big_room(&api, reader, 5_000, 1_000).await;
    let hide = "update rooms set history_visibility = 'since_join' where room_id = $1";
    sqlx::query(hide).bind(room.0).execute(&api.db()).await.expect("the room");
    let uri = format!("/v1/rooms/{room}/messages");
    // Beyond all that was to be told, and beyond a part of it.
    for join_seq in [5_000, 4_000] {
        api.member(room, reader, "joined", 0).await;
        let mut body = api.open(reader, &uri, &[LINES]).await.into_body().into_data_stream();
        body.next().await.expect("a slice").expect("bytes");
        api.member(room, reader, "joined", join_seq).await;
        let rest = body.next().await.expect("the last line").expect("bytes");
        let end: Value = serde_json::from_slice(&rest).expect("the last line, and nothing else");
        assert_eq!((&end["complete"], &end["reason"]), (&json!(false), &json!("forbidden")));
    }
    api.finish().await;
}

#[tokio::test]
async fn a_room_of_which_a_message_is_missing_is_not_complete() {
    let api = Api::start().await;
    let reader = api.user("reader").await;
    for gone in ["seq = 200", "seq > 250", "seq > 0"] {
        let room = big_room(&api, reader, 300, 10).await;
        let delete = sqlx::query(AssertSqlSafe(format!("delete from messages where room_id = $1 and {gone}")));
        let gone = delete.bind(room.0).execute(&api.db()).await.expect("messages").rows_affected();
        let left = 300 - i64::try_from(gone).expect("few");
        let mut all = lines(&api, reader, &format!("/v1/rooms/{room}/messages")).await;
        let end = json!({"complete": false, "messages": left, "rev": 301, "reason": "internal"});
        assert_eq!(all.pop(), Some(end), "all that is there, and that it is not all");
        assert_eq!(i64::try_from(all.len()).expect("few"), left);
    }
    api.finish().await;
}

#[tokio::test]
async fn a_reader_whose_session_is_over_is_cut() {
    let api = Api::start().await;
    let reader = api.user("reader").await;
    let room = big_room(&api, reader, 5_000, 1_000).await;
    let mut body =
        api.open(reader, &format!("/v1/rooms/{room}/messages"), &[LINES]).await.into_body().into_data_stream();
    body.next().await.expect("a slice").expect("bytes");
    let end =
        "update identity.accounts set sessions_not_before = clock_timestamp() + interval '2 s' where user_id = $1";
    sqlx::query(end).bind(reader.0).execute(&api.test.api.db).await.expect("ended");
    api.test.api.access.account_changed(reader).await;
    let rest = body.next().await.expect("the last line").expect("bytes");
    let end: Value = serde_json::from_slice(&rest).expect("the last line, and nothing else");
    assert_eq!((&end["complete"], &end["reason"]), (&json!(false), &json!("unauthorized")));
    assert!(body.next().await.is_none());
    api.finish().await;
}

#[tokio::test]
async fn only_so_many_streams_run_at_a_time() {
    let settings = query_api::Settings { query_streams_per_user: 2, query_streams: 3, ..Default::default() };
    let api = Api::with(&settings).await;
    let (one, other) = (api.user("one").await, api.user("other").await);
    let room = big_room(&api, one, 5_000, 1_000).await;
    api.member(room, other, "joined", 0).await;
    let uri = format!("/v1/rooms/{room}/messages");
    let status = |answer: Answer| answer.status.as_u16();
    let mut held = Vec::new();
    for user in [one, one, other] {
        let mut body = api.open(user, &uri, &[LINES]).await.into_body().into_data_stream();
        body.next().await.expect("a slice").expect("bytes");
        held.push(body);
    }
    assert_eq!(status(api.ask(Some(one), &uri, &[LINES]).await), 429);
    assert_eq!(status(api.ask(Some(other), &uri, &[LINES]).await), 503);
    // The client is gone.
    held.clear();
    let again = api.open(one, &uri, &[LINES]).await;
    assert_eq!(again.status(), StatusCode::OK);
    drop(again);
    api.finish().await;
}

/// Memory of this process in kB, as Linux counts it: now and at its highest.
#[cfg(target_os = "linux")]
fn memory() -> (i64, i64) {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    };
    (of("VmRSS:"), of("VmHWM:"))
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_big_room_needs_little_memory() {
    let api = Api::start().await;
    let reader = api.user("reader").await;
    let room = big_room(&api, reader, 300_000, 200).await;
    let response = api.open(reader, &format!("/v1/rooms/{room}/messages"), &[LINES]).await;
    let mut body = response.into_body().into_data_stream();
    // The highest so far counts from here.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let (before, _) = memory();
    let (mut bytes, mut tail) = (0, Vec::new());
    while let Some(slice) = body.next().await {
        let slice = slice.expect("bytes");
        bytes += slice.len();
        tail = slice.to_vec();
    }
    let (_, highest) = memory();
    let end = tail.split(|byte| *byte == b'\n').rfind(|line| !line.is_empty()).expect("a line");
    let end: Value = serde_json::from_slice(end).expect("JSON");
    assert_eq!((&end["complete"], &end["messages"]), (&json!(true), &json!(300_000)));
    assert!(bytes > 60_000_000, "{bytes} bytes");
    assert!(highest - before < 64 * 1024, "{} kB more at the highest than before", highest - before);
    api.finish().await;
}
