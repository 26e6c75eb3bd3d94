//! What became of a command, told to whoever sent it.

use event_schema::ids::direct_room_id;
use event_schema::message::Deleted;
use event_schema::receipt::ReadUpTo;
use event_schema::room::{HistoryVisibility, JoinRule, Renamed, RoomKind};
use event_schema::{MessageId, Text, Topic, UserId};
use http::StatusCode;
use platform::LogId;
use read_model::Position;
use serde_json::{Value, json};

use crate::story::{GROUP, Sent, Story, created};
use crate::support::Api;

async fn outcome(story: &Story, user: UserId, sent: &Sent) -> Value {
    let answer = story.get(user, &format!("/v1/outcomes?position={}", sent.position)).await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    answer.body
}

#[tokio::test]
async fn the_sender_is_told_what_the_fold_said() {
    let story = Story::start().await;
    let (owner, other) = (story.user("owner").await, story.user("other").await);
    let room = story.found(&[owner], GROUP).await;
    let posted = story.append(room, owner, crate::story::posted("a line", &[])).await;
    assert_eq!(outcome(&story, owner, &posted).await, json!({"outcome": "applied", "seq": 1, "rev": 2}));
    let renamed = story.append(room, owner, Renamed { name: Text::Plain("Another".into()) }).await;
    assert_eq!(outcome(&story, owner, &renamed).await, json!({"outcome": "applied", "rev": 3}));
    let deleted = story.append(room, owner, Deleted { message_id: posted.id.into() }).await;
    assert_eq!(outcome(&story, owner, &deleted).await, json!({"outcome": "applied", "rev": 4}));
    // The post keeps its own numbers, whatever happens to the message.
    assert_eq!(outcome(&story, owner, &posted).await, json!({"outcome": "applied", "seq": 1, "rev": 2}));
    let missing = story.append(room, owner, Deleted { message_id: MessageId(story.id()) }).await;
    assert_eq!(outcome(&story, owner, &missing).await, json!({"outcome": "rejected", "reason": "message_not_found"}));
    let foreign = story.append(room, other, crate::story::posted("a line", &[])).await;
    assert_eq!(outcome(&story, other, &foreign).await, json!({"outcome": "rejected", "reason": "not_a_member"}));
    let read = story.append(room, owner, ReadUpTo { up_to_seq: 1 }).await;
    assert_eq!(outcome(&story, owner, &read).await, json!({"outcome": "applied"}));

    for sent in [&posted, &renamed, &missing, &read] {
        let answer = story.get(other, &format!("/v1/outcomes?position={}", sent.position)).await;
        assert_eq!(answer.problem(), (404, "not-found", None), "somebody else's");
    }
    story.finish().await;
}

#[tokio::test]
async fn a_repeated_command_has_the_first_outcome() {
    let story = Story::start().await;
    let (one, other) = (story.user("one").await, story.user("other").await);
    let room = story.found(&[one], GROUP).await;
    let event = story.event(room, one, crate::story::posted("a line", &[]).into());
    story.send(&event).await;
    story.post(room, one, "another").await;
    let again = story.send(&event).await;
    assert_eq!(outcome(&story, one, &again).await, json!({"outcome": "applied", "seq": 1, "rev": 2}));

    let rules = (RoomKind::Direct, JoinRule::Invite, HistoryVisibility::All);
    let direct = direct_room_id(one, other);
    let first = story.append(direct, one, created(&[one, other], rules)).await;
    let second = story.append(direct, other, created(&[one, other], rules)).await;
    assert_eq!(outcome(&story, one, &first).await, json!({"outcome": "applied", "rev": 1}));
    assert_eq!(outcome(&story, other, &second).await, json!({"outcome": "duplicate", "rev": 1}));
    story.finish().await;
}

#[tokio::test]
async fn positions_that_stand_for_nothing_of_ones_own_are_refused() {
    let settings = query_api::Settings { query_wait_ms: 300, ..Default::default() };
    // Nobody folds.
    let api = Api::with(&settings).await;
    let owner = api.user("owner").await;
    let room = event_schema::RoomId(api.id());
    let placed = api.unfolded(room).await;
    let log = api.test.api.log_id;
    let ask = async |position: &Position| api.get(owner, &format!("/v1/outcomes?position={position}")).await;
    let at = |next| Position::of(log, Topic::Rooms, placed.partition, next);

    // What stands there is no event.
    assert_eq!(ask(&at(placed.offset + 1)).await.problem(), (404, "not-found", None));
    assert_eq!(ask(&at(0)).await.problem(), (404, "not-found", None));
    assert_eq!(ask(&at(placed.offset + 2)).await.problem(), (400, "beyond-end", None));
    assert_eq!(ask(&Position::of(log, Topic::Rooms, 77, 1)).await.problem(), (400, "beyond-end", None));
    assert_eq!(ask(&Position::of(log, Topic::Mail, 0, 1)).await.problem(), (404, "not-found", None));
    assert_eq!(ask(&Position { log: LogId(api.id()), ..at(1) }).await.problem(), (410, "other-log", None));
    let mut two = at(1);
    two.merge(&Position::of(log, Topic::Users, 0, 1)).expect("two places");
    assert_eq!(ask(&two).await.problem(), (400, "invalid-request", Some("position")));
    let nonsense = api.get(owner, "/v1/outcomes?position=nonsense").await;
    assert_eq!(nonsense.problem(), (400, "invalid-request", Some("position")));
    assert_eq!(api.get(owner, "/v1/outcomes").await.problem(), (400, "invalid-request", Some("position")));
    api.finish().await;
}

#[tokio::test]
async fn what_is_not_folded_yet_is_pending() {
    let settings = query_api::Settings { query_wait_ms: 200, ..Default::default() };
    let api = Api::with(&settings).await;
    let owner = api.user("owner").await;
    let story = Story::beside(api);
    let sent = story.append(event_schema::RoomId(story.id()), owner, crate::story::posted("a line", &[])).await;
    assert_eq!(outcome(&story, owner, &sent).await, json!({"outcome": "pending"}));
    story.finish().await;
}
