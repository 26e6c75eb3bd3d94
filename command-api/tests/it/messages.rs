//! Posting: what the log gets, and what the client is told.

use std::time::Duration;

use event_schema::room::{Role, RoomKind};
use event_schema::{Event, Payload, RoomId, Topic, record};
use rdkafka::consumer::{Consumer as _, StreamConsumer};
use rdkafka::message::{Headers as _, Message as _, OwnedMessage};
use rdkafka::{Offset, TopicPartitionList};
use read_model::Position;
use serde_json::{Value, json};
use uuid::Uuid;

use super::given::{World, event_id, in_shared_world};

const POST: &str = "POST /v1/rooms/{room}/messages";
const BATCH: &str = "POST /v1/rooms/{room}/messages/batch";

/// The last `count` events of a room up to a position, from the log itself.
pub async fn events(world: &World, position: &Value, count: usize) -> Vec<Event> {
    events_of(world, Topic::Rooms, position, count).await
}

/// The same of any topic. Other keys lie between them: they share partitions.
pub async fn events_of(world: &World, of: Topic, position: &Value, count: usize) -> Vec<Event> {
    let position: Position = position.as_str().expect("one").parse().expect("a position");
    let ((topic, partition), next) = position.offsets.into_iter().next().expect("one place");
    assert_eq!(topic, of);
    let kafka = &world.test.api.kafka;
    let consumer: StreamConsumer = kafka.consumer_config("reader").create().expect("a consumer");
    let mut all = TopicPartitionList::new();
    all.add_partition_offset(&kafka.topic_name(topic), partition, Offset::Beginning).expect("a place");
    consumer.assign(&all).expect("assigned");
    let mut records = Vec::new();
    while records.last().is_none_or(|last: &OwnedMessage| last.offset() + 1 < next) {
        let record = tokio::time::timeout(Duration::from_mins(1), consumer.recv()).await.expect("in time");
        records.push(record.expect("a record").detach());
    }
    let key = records.last().and_then(|last| last.key());
    let of_key = records.iter().filter(|record| record.key() == key).map(|record| {
        let headers = record.headers().expect("headers");
        let headers = headers.iter().map(|header| (header.key, header.value));
        record::decode(of, record.key(), headers, record.payload()).expect("an event")
    });
    let mut events: Vec<Event> = of_key.collect();
    events.drain(..events.len().checked_sub(count).expect("so many"));
    events
}

fn post(world: &World, room: RoomId, text: &str) -> super::api::Call {
    world.api.post(&format!("/v1/rooms/{room}/messages"), &json!({"text": text}))
}

#[test]
fn the_log_has_what_was_said_and_who_said_it() {
    in_shared_world(async |world| {
        let owner = world.new_user();
        let room = world.group_of(owner).await;
        let body = json!({"text": "héllo *there*", "client_ref": "ref-1"});
        let call =
            world.api.post(&format!("/v1/rooms/{room}/messages"), &body).by(owner).header("x-chatlog-client", "web");
        let answer = call.send().await.json(202);
        let event = events(world, &answer["position"], 1).await.remove(0);
        assert_eq!(answer["message_id"], json!(event.envelope.id));
        assert_eq!(answer["message_id"], json!(event.envelope.subject));
        assert_eq!(event.key.id(), Some(room.0));
        assert_eq!((event.envelope.actor, event.envelope.client.as_str()), (owner, "web"));
        let Payload::MessagePosted(posted) = event.payload else { panic!("{:?}", event.payload) };
        assert_eq!((posted.content.as_str(), posted.content.format()), (Some("héllo *there*"), "markdown"));
        assert_eq!(posted.client_ref.as_deref(), Some("ref-1"));
    });
}

#[test]
fn a_batch_stands_in_the_log_in_its_order() {
    in_shared_world(async |world| {
        let owner = world.new_user();
        let room = world.group_of(owner).await;
        let messages: Vec<Value> = (0..500).map(|n| json!({"text": format!("message {n}")})).collect();
        let path = format!("/v1/rooms/{room}/messages/batch");
        let answer = world.api.post(&path, &json!({"messages": messages})).by(owner).key("all").send().await.json(202);
        let events = events(world, &answer["position"], 500).await;
        for (n, event) in events.iter().enumerate() {
            assert_eq!(event.envelope.id, event_id(owner, BATCH, &room, "all", u32::try_from(n).expect("few")));
            assert_eq!(answer["message_ids"][n], json!(event.envelope.id));
            let Payload::MessagePosted(posted) = &event.payload else { panic!("{:?}", event.payload) };
            assert_eq!(posted.content.as_str(), Some(format!("message {n}").as_str()));
        }
    });
}

#[test]
fn only_members_post() {
    in_shared_world(async |world| {
        let (owner, stranger) = (world.new_user(), world.new_user());
        let closed = world.group_of(owner).await;
        let open = world.room(RoomKind::Channel, "open", &[(owner, Role::Owner)]).await;
        assert_eq!(post(world, closed, "hi").by(stranger).send().await.problem(404), "not-found");
        assert_eq!(post(world, RoomId(world.id()), "hi").by(stranger).send().await.problem(404), "not-found");
        assert_eq!(post(world, open, "hi").by(stranger).send().await.problem(403), "forbidden");
        for (state, status) in [("invited", 403), ("left", 404), ("removed", 404)] {
            world.member(closed, stranger, state, Role::Member).await;
            post(world, closed, "hi").by(stranger).send().await.problem(status);
        }
    });
}

#[test]
fn what_is_answered_must_be_in_the_room() {
    in_shared_world(async |world| {
        let owner = world.new_user();
        let (room, other_room) = (world.group_of(owner).await, world.group_of(owner).await);
        let (here, elsewhere) = (world.id(), world.id());
        world.message(room, here, 1, 2).await;
        world.message(other_room, elsewhere, 1, 2).await;
        let reply = async |to: Uuid| {
            let body = json!({"text": "yes", "reply_to": to});
            world.api.post(&format!("/v1/rooms/{room}/messages"), &body).by(owner).send().await
        };
        reply(here).await.json(202);
        assert_eq!(reply(elsewhere).await.json(422)["reason"], "message_not_found");
    });
}

#[test]
fn who_waits_gets_the_place_of_the_message() {
    in_shared_world(async |world| {
        let owner = world.new_user();
        let room = world.group_of(owner).await;
        world.message(room, event_id(owner, POST, &room, "k", 0).0, 17, 23).await;
        let reply = post(world, room, "hi").by(owner).key("k").wait(2).send().await;
        let answer = reply.json(201);
        assert_eq!((&answer["seq"], &answer["rev"]), (&json!(17), &json!(23)));
        assert_eq!(answer["created_at"], "2026-11-22T12:00:00.500000Z");
        assert_eq!(reply.headers["preference-applied"], "wait");
    });
}

#[test]
fn who_waits_is_told_of_a_rejection() {
    in_shared_world(async |world| {
        let owner = world.new_user();
        let room = world.group_of(owner).await;
        world.rejection(room.0, event_id(owner, POST, &room, "k", 0).0, "not_a_member").await;
        let refused = post(world, room, "hi").by(owner).key("k").wait(2).send().await;
        assert_eq!(refused.problem(422), "rejected");
        assert_eq!(refused.json(422)["reason"], "not_a_member");
    });
}

#[test]
fn who_waits_for_a_batch_is_told_of_each() {
    in_shared_world(async |world| {
        let owner = world.new_user();
        let room = world.group_of(owner).await;
        world.message(room, event_id(owner, BATCH, &room, "k", 0).0, 1, 2).await;
        world.rejection(room.0, event_id(owner, BATCH, &room, "k", 1).0, "room_archived").await;
        let body = json!({"messages": [{"text": "one"}, {"text": "two"}]});
        let path = format!("/v1/rooms/{room}/messages/batch");
        let answer = world.api.post(&path, &body).by(owner).key("k").wait(2).send().await.json(201);
        assert_eq!(answer["outcomes"][0]["seq"], 1);
        assert_eq!(answer["outcomes"][1], json!({"reason": "room_archived"}));
    });
}
