//! A repeated command has one effect and one answer.

use event_schema::RoomId;
use event_schema::ids::CommandScope;
use futures::future::join_all;
use serde_json::json;

use super::api::Call;
use super::given::{World, in_shared_world};

fn post(world: &World, room: RoomId, text: &str) -> Call {
    world.api.post(&format!("/v1/rooms/{room}/messages"), &json!({"text": text}))
}

#[test]
fn a_repetition_gets_the_same_bytes() {
    in_shared_world(async |world| {
        let owner = world.new_user();
        let room = world.group_of(owner).await;
        let first = post(world, room, "once").by(owner).key("k").send().await;
        first.json(202);
        assert!(!first.headers.contains_key("idempotency-replayed"));
        for _ in 0..3 {
            let again = post(world, room, "once").by(owner).key("k").send().await;
            assert_eq!((again.status, &again.body), (first.status, &first.body));
            assert_eq!(again.headers["idempotency-replayed"], "true");
        }
        let other_key = post(world, room, "once").by(owner).key("other").send().await;
        assert_ne!(other_key.json(202)["message_id"], first.json(202)["message_id"]);
    });
}

#[test]
fn a_key_with_another_body_is_refused() {
    in_shared_world(async |world| {
        let owner = world.new_user();
        let room = world.group_of(owner).await;
        post(world, room, "one").by(owner).key("k").send().await.json(202);
        assert_eq!(post(world, room, "two").by(owner).key("k").send().await.problem(422), "idempotency-key-reused");
        // Spelt otherwise, it says the same.
        let path = format!("/v1/rooms/{room}/messages");
        let spelt = world.api.call("POST", &path).raw(r#"{ "client_ref":null, "text" : "\u006fne" }"#);
        assert_eq!(spelt.by(owner).key("k").send().await.headers["idempotency-replayed"], "true");
    });
}

#[test]
fn a_key_belongs_to_its_user_and_its_room() {
    in_shared_world(async |world| {
        let owner = world.new_user();
        let (room, other_room) = (world.group_of(owner).await, world.group_of(owner).await);
        let member = world.new_user();
        world.member(room, member, "joined", event_schema::room::Role::Member).await;
        let mut ids = Vec::new();
        for (user, room) in [(owner, room), (member, room), (owner, other_room)] {
            let answer = post(world, room, "hi").by(user).key("k").send().await.json(202);
            ids.push(answer["message_id"].to_string());
        }
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 3);
    });
}

#[test]
fn repetitions_at_the_same_time_agree() {
    in_shared_world(async |world| {
        let owner = world.new_user();
        let room = world.group_of(owner).await;
        let replies = join_all((0..16).map(|_| post(world, room, "once").by(owner).key("k").send())).await;
        let mut answers: Vec<_> = replies.iter().filter(|reply| reply.status == 202).map(|reply| &reply.body).collect();
        assert!(!answers.is_empty());
        answers.dedup();
        assert_eq!(answers.len(), 1);
        for reply in replies.iter().filter(|reply| reply.status != 202) {
            assert_eq!(reply.problem(409), "in-progress");
            assert_eq!(reply.headers["retry-after"], "1");
        }
    });
}

#[test]
fn a_refusal_is_not_kept() {
    in_shared_world(async |world| {
        let owner = world.new_user();
        let room = world.group_of(world.new_user()).await;
        post(world, room, "hi").by(owner).key("k").send().await.problem(404);
        world.member(room, owner, "joined", event_schema::room::Role::Member).await;
        // The marker goes with the refusal, a moment later.
        let mut reply = post(world, room, "hi").by(owner).key("k").send().await;
        while reply.status == 409 {
            reply = post(world, room, "hi").by(owner).key("k").send().await;
        }
        reply.json(202);
    });
}

#[test]
fn a_key_has_its_form() {
    in_shared_world(async |world| {
        let owner = world.new_user();
        let room = world.group_of(owner).await;
        post(world, room, "hi").by(owner).key(&"k".repeat(255)).send().await.json(202);
        for key in ["", &"k".repeat(256)] {
            assert_eq!(post(world, room, "hi").by(owner).key(key).send().await.field(), "Idempotency-Key");
        }
    });
}

#[test]
fn an_answer_is_kept_for_as_long_as_clients_repeat() {
    in_shared_world(async |world| {
        let owner = world.new_user();
        let room = world.group_of(owner).await;
        post(world, room, "once").by(owner).key("k").send().await.json(202);
        let (redis, target) = (&world.test.api.redis, room.to_string());
        let route = "POST /v1/rooms/{room}/messages";
        let id = CommandScope { user: owner, route, target: &target, key: "k" }.command_id();
        let left: i64 = redis::cmd("PTTL")
            .arg(redis.key(&format!("idempotency:{id}")))
            .query_async(&mut redis.connection())
            .await
            .expect("Redis");
        assert!((1..=10 * 60 * 1000).contains(&left), "{left} ms");
    });
}
