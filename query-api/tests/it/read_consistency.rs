//! Reading what was written, and refusing only what is surely not there.

use event_schema::{RoomId, Topic};
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use platform::LogId;
use read_model::push::{CHANNEL, Push};
use read_model::{Partition, Position};
use test_support::wait_for;

use crate::support::{Api, GROUP, waiting};

#[tokio::test]
async fn a_position_is_included_or_the_answer_says_why_not() {
    let mut api = Api::with(&waiting(300)).await;
    let (reader, room) = (api.user("reader").await, api.room(GROUP).await);
    api.member(room, reader, "joined", 0).await;
    let placed = api.unfolded(room).await;
    let position = Position::of(api.test.api.log_id, Topic::Rooms, placed.partition, placed.offset + 1);
    let other_log = Position { log: LogId(api.id()), ..position.clone() };
    let beyond = Position::of(api.test.api.log_id, Topic::Rooms, placed.partition, placed.offset + 2);
    let ask = async |api: &Api, position: &Position| {
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

    assert_eq!(ask(&api, &position).await, [(503, "behind".to_owned(), true)]);
    api.set(&waiting(10_000));
    assert_eq!(ask(&api, &other_log).await, [(410, "other-log".to_owned(), false)]);
    assert_eq!(ask(&api, &beyond).await, [(400, "beyond-end".to_owned(), false)]);
    api.checkpoint(Topic::Rooms, placed.partition, placed.offset + 1).await;
    assert_eq!(ask(&api, &position).await, [(200, String::new(), false)]);
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
    let api = Api::start().await;
    let (reader, other) = (api.user("reader").await, api.user("other").await);
    let room = RoomId(api.id());
    let placed = api.unfolded(room).await;
    let uri = format!("/v1/rooms/{room}/messages");

    let mut asks: FuturesUnordered<_> = (0..5).map(|_| api.get(reader, &uri)).collect();
    let refused = asks.next().await.expect("an answer");
    assert_eq!(refused.problem(), (429, "too-many-requests", None), "four of a person wait");
    assert!(refused.headers.contains_key("retry-after"));
    // Nobody is told that there is no such room before the fold has been there.
    let fold = api.checkpoint(Topic::Rooms, placed.partition, placed.offset + 1);
    let (answers, others, ()) = tokio::join!(asks.collect::<Vec<_>>(), api.get(other, &uri), fold);
    assert_eq!(answers.iter().map(|answer| answer.problem().0).collect::<Vec<_>>(), [404; 4]);
    assert_eq!(others.problem().0, 404);
    api.finish().await;
}

#[tokio::test]
async fn what_was_pushed_too_early_makes_no_older_state_a_fresh_one() {
    let api = Api::with(&waiting(500)).await;
    let (reader, room) = (api.user("reader").await, api.room(GROUP).await);
    api.member(room, reader, "joined", 0).await;
    let placed = api.unfolded(room).await;
    let platform = &api.test.api;
    let partition = Partition { topic: Topic::Rooms, number: placed.partition };
    // As the late word of an owner whose commits were lost, or of a snapshot that is older than the word.
    let push = Push::heartbeat(platform.read_model.generation(), partition, placed.offset + 1);
    let progress = &platform.read_model.progress;
    wait_for("the push to be believed", async || {
        platform.redis.publish(CHANNEL, &push.to_bytes()).await.expect("published");
        (progress.reached(Topic::Rooms, placed.partition) == Some(placed.offset + 1)).then_some(())
    })
    .await;
    let position = Position::of(platform.log_id, Topic::Rooms, placed.partition, placed.offset + 1);
    let page = api.get(reader, &format!("/v1/rooms/{room}/messages?at_least={position}")).await;
    assert_eq!(page.problem(), (503, "behind", None));
    api.checkpoint(Topic::Rooms, placed.partition, placed.offset + 1).await;
    let page = api.get(reader, &format!("/v1/rooms/{room}/messages?at_least={position}")).await;
    assert_eq!(page.status, 200);
    api.finish().await;
}

#[tokio::test]
async fn what_is_parked_is_not_said_to_be_included() {
    let api = Api::start().await;
    let (reader, room) = (api.user("reader").await, api.room(GROUP).await);
    api.member(room, reader, "joined", 0).await;
    let placed = api.unfolded(room).await;
    let park = "insert into parked (key_id, topic, partition, at_offset, event_id, event_type, reason)
                values ($1, 'chat.rooms', $2, $3, $1, 'chat.message.posted.v1', 'bad')";
    let parked = sqlx::query(park).bind(room.0).bind(placed.partition).bind(placed.offset);
    parked.execute(&api.db()).await.expect("parked");
    api.checkpoint(Topic::Rooms, placed.partition, placed.offset + 1).await;
    let at = |next| Position::of(api.test.api.log_id, Topic::Rooms, placed.partition, next);
    for path in ["messages", "changes?after_rev=0&limit=5", "members"] {
        let joined = if path.contains('?') { '&' } else { '?' };
        let ask = async |next| api.get(reader, &format!("/v1/rooms/{room}/{path}{joined}at_least={}", at(next))).await;
        assert_eq!(ask(placed.offset + 1).await.problem().1, "parked", "{path}");
        assert_eq!(ask(placed.offset).await.status, 200, "what comes before it is there: {path}");
        assert_eq!(api.get(reader, &format!("/v1/rooms/{room}/{path}")).await.status, 200);
    }
    api.finish().await;
}

#[tokio::test]
async fn a_position_of_as_many_partitions_as_may_be_is_no_mistake() {
    let api = Api::start().await;
    let reader = api.user("reader").await;
    let most = (0..32).map(|partition| ((Topic::Mail, partition), 1)).collect();
    let position = Position { log: api.test.api.log_id, offsets: most };
    let nowhere = RoomId(api.id());
    let page = api.get(reader, &format!("/v1/rooms/{nowhere}/messages?at_least={position}")).await;
    assert_eq!(page.problem(), (404, "not-found", None));
    api.finish().await;
}
