//! Reading what was written, and refusing only what is surely not there.

use event_schema::{RoomId, Topic};
use platform::{LogId, Position};

use crate::support::{Api, GROUP};

#[tokio::test]
async fn a_position_is_included_or_the_answer_says_why_not() {
    let settings = query_api::Settings { query_wait_ms: 300, ..Default::default() };
    let api = Api::with(&settings).await;
    let (reader, room) = (api.user("reader").await, api.room(GROUP).await);
    api.member(room, reader, "joined", 0).await;
    let placed = api.unfolded(room).await;
    let position = Position::of(api.test.platform.log_id, Topic::Rooms, placed.partition, placed.offset + 1);
    let other_log = Position { log: LogId(api.id()), ..position.clone() };
    let beyond = Position::of(api.test.platform.log_id, Topic::Rooms, placed.partition, placed.offset + 2);
    let ask = async |position: &Position| {
        let mut answers = Vec::new();
        for path in
            [format!("/v1/rooms/{room}/messages"), format!("/v1/rooms/{room}"), "/v1/me".into(), "/v1/channels".into()]
        {
            let answer = api.get(reader, &format!("{path}?at_least={position}")).await;
            let (status, slug, _) = answer.problem();
            answers.push((status, slug.to_owned(), answer.headers.contains_key("retry-after")));
        }
        answers.dedup();
        answers
    };

    assert_eq!(ask(&position).await, [(503, "behind".to_owned(), true)]);
    assert_eq!(ask(&other_log).await, [(410, "other-log".to_owned(), false)]);
    assert_eq!(ask(&beyond).await, [(400, "beyond-end".to_owned(), false)]);
    api.checkpoint(Topic::Rooms, placed.partition, placed.offset + 1).await;
    assert_eq!(ask(&position).await, [(200, String::new(), false)]);
    api.finish().await;
}

#[tokio::test]
async fn a_room_is_there_as_soon_as_its_event_is_folded() {
    let api = Api::start().await;
    let reader = api.user("reader").await;
    let room = RoomId(api.id());
    let placed = api.unfolded(room).await;

    let uri = format!("/v1/rooms/{room}/messages");
    let early = api.get(reader, &uri);
    let fold = async {
        api.room_with(room, GROUP, "A new room").await;
        // Who may read comes last: here, other than in the fold, each row is a transaction.
        api.post(room, reader, 1, 1).await;
        api.member(room, reader, "joined", 0).await;
        api.checkpoint(Topic::Rooms, placed.partition, placed.offset + 1).await;
    };
    let (answer, ()) = tokio::join!(early, fold);
    assert_eq!(answer.seqs(), [1]);
    api.finish().await;
}

#[tokio::test]
async fn a_message_is_there_as_soon_as_its_event_is_folded() {
    let api = Api::start().await;
    let (reader, room) = (api.user("reader").await, api.room(GROUP).await);
    api.member(room, reader, "joined", 0).await;
    api.post(room, reader, 3, 1).await;
    let placed = api.unfolded(room).await;
    // What will be posted is known before: ids come from the command.
    let id = api.id();
    let uri = format!("/v1/rooms/{room}/messages?around={id}&limit=2");
    let fold = async {
        api.post_as(room, reader, &[id], 1).await;
        api.checkpoint(Topic::Rooms, placed.partition, placed.offset + 1).await;
    };
    let (answer, ()) = tokio::join!(api.get(reader, &uri), fold);
    assert_eq!(answer.seqs(), [4, 3]);
    api.finish().await;
}

#[tokio::test]
async fn nobody_is_refused_from_stale_data() {
    let settings = query_api::Settings { query_wait_ms: 300, ..Default::default() };
    let api = Api::with(&settings).await;
    let (reader, other) = (api.user("reader").await, api.user("other").await);
    let room = RoomId(api.id());
    api.unfolded(room).await;
    let uri = format!("/v1/rooms/{room}/messages");

    let asks = (0..5).map(|_| api.get(reader, &uri));
    let (mut answers, others) = tokio::join!(futures::future::join_all(asks), api.get(other, &uri));
    answers.sort_by_key(|answer| answer.status);
    let problems: Vec<_> = answers.iter().map(|answer| answer.problem()).collect();
    let behind = (503, "behind", None);
    assert_eq!(problems, [(429, "too-many-requests", None), behind, behind, behind, behind]);
    assert_eq!(others.problem(), behind);
    assert!(answers.iter().all(|answer| answer.headers.contains_key("retry-after")));
    api.finish().await;
}
