//! How far somebody has read.

use event_schema::receipt::ReadUpTo;
use event_schema::{RoomId, Topic, UserId};
use read_model::Position;
use serde_json::{Value, json};

use super::api::{Api, Call};
use super::given::{World, in_own_world, in_shared_world};
use super::messages::events_of;

fn read(world: &World, room: RoomId, up_to_seq: impl Into<Value>) -> Call {
    world.api.call("PUT", &format!("/v1/rooms/{room}/read")).json(&json!({"up_to_seq": up_to_seq.into()}))
}

async fn room_of(world: &World, owner: UserId, last_seq: i64) -> RoomId {
    let room = world.group_of(owner).await;
    world.last_seq(room, last_seq).await;
    room
}

#[test]
fn the_log_of_receipts_has_the_mark() {
    in_shared_world(async |world| {
        let owner = world.new_user();
        let room = room_of(world, owner, 10).await;
        let reply = read(world, room, 7).by(owner).wait(2).send().await;
        let answer = reply.json(200);
        assert_eq!((&answer["room_id"], &answer["up_to_seq"]), (&json!(room), &json!(7)));
        assert_eq!(reply.headers["preference-applied"], "wait");
        let event = events_of(world, Topic::Receipts, &answer["position"], 1).await.remove(0);
        assert_eq!((event.key.id(), event.envelope.actor), (Some(room.0), owner));
        assert_eq!(event.envelope.subject, room.to_string());
        assert_eq!(event.payload, ReadUpTo { up_to_seq: 7 }.into());
        read(world, room, 10).by(owner).key("k").send().await.json(202);
        assert_eq!(read(world, room, 9).by(owner).key("k").send().await.problem(422), "idempotency-key-reused");
    });
}

#[test]
fn a_mark_that_stands_further_on_is_no_event() {
    in_shared_world(async |world| {
        let owner = world.new_user();
        let room = room_of(world, owner, 10).await;
        world.receipt(room, owner, 8).await;
        for seq in [0, 5, 8] {
            let answer = read(world, room, seq).by(owner).wait(1).send().await.json(200);
            let position: Position = answer["position"].as_str().expect("one").parse().expect("a position");
            assert!(position.offsets.keys().all(|(topic, _)| *topic == Topic::Receipts), "{position}");
        }
    });
}

#[test]
fn beyond_the_last_message_is_nothing_to_read() {
    in_shared_world(async |world| {
        let (owner, stranger) = (world.new_user(), world.new_user());
        let room = room_of(world, owner, 10).await;
        let refused = read(world, room, 11).by(owner).send().await;
        assert_eq!((refused.problem(400).as_str(), &refused.json(400)["limit"]), ("limit-exceeded", &json!(10)));
        assert_eq!(refused.field(), "up_to_seq");
        for bad in [json!(-1), json!("7"), json!(1.5), json!(null), json!(u64::MAX)] {
            assert_eq!(read(world, room, bad.clone()).by(owner).send().await.field(), "up_to_seq", "{bad}");
        }
        assert_eq!(read(world, room, 1).by(stranger).send().await.problem(404), "not-found");
        assert_eq!(read(world, RoomId(world.id()), 1).by(owner).send().await.problem(404), "not-found");
    });
}

#[test]
fn a_message_that_is_not_folded_yet_may_be_read() {
    in_own_world(async |world| {
        let owner = world.new_user();
        let room = room_of(world, owner, 0).await;
        let post = world.api.post(&format!("/v1/rooms/{room}/messages"), &json!({"text": "one"}));
        post.by(owner).send().await.json(202);
        let impatient = Api::start_impatient(&world.test.api).await;
        let early = impatient.call("PUT", &format!("/v1/rooms/{room}/read")).json(&json!({"up_to_seq": 1}));
        assert_eq!(early.by(owner).send().await.problem(503), "behind", "neither yes nor no");
        let fold = async {
            world.last_seq(room, 1).await;
            world.catch_up(1).await;
        };
        let (reply, ()) = tokio::join!(read(world, room, 1).by(owner).send(), fold);
        reply.json(202);
    });
}
