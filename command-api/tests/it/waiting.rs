//! What is answered while the read model is behind the log.

use std::time::Duration;

use event_schema::RoomId;
use futures::future::join_all;
use serde_json::json;

use super::given::in_own_world;

#[test]
fn nobody_is_refused_from_a_state_that_is_behind() {
    in_own_world(async |world| {
        let owner = world.new_user();
        let body = json!({"kind": "group"});
        let created = world.api.post("/v1/rooms", &body).by(owner).send().await.json(202);
        let room: RoomId = created["room_id"].as_str().expect("an id").parse().expect("an id");
        let path = format!("/v1/rooms/{room}/messages");
        let post = |by| world.api.post(&path, &json!({"text": "at once"})).by(by).send();

        // The log has the room, the read model does not: neither yes nor no.
        let reply = post(owner).await;
        assert_eq!(reply.problem(503), "behind");
        assert_eq!(reply.headers["retry-after"], "1");

        // While the post waits, the fold catches up: it never fails.
        let fold = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            sqlx::query(
                "insert into rooms (room_id, workspace_id, kind, join_rule, history_visibility, creator_id, created_at,
                                    last_message_at, last_seq, rev, member_count, digest)
                 values ($1, $1, 'group', 'invite', 'all', $1, now(), now(), 0, 1, 1, '')",
            )
            .bind(room.0)
            .execute(&world.read_model())
            .await
            .expect("a room");
            world.member(room, owner, "joined", event_schema::room::Role::Owner).await;
            world.catch_up(1).await;
        };
        let (reply, ()) = tokio::join!(post(owner), fold);
        reply.json(202);
        world.catch_up(2).await;
        assert_eq!(post(world.new_user()).await.problem(404), "not-found");
    });
}

#[test]
fn four_of_a_person_wait_at_a_time() {
    in_own_world(async |world| {
        let owner = world.new_user();
        let created = world.api.post("/v1/rooms", &json!({"kind": "group"})).by(owner).send().await.json(202);
        let path = format!("/v1/rooms/{}/messages", created["room_id"].as_str().expect("an id"));
        let post = |by| world.api.post(&path, &json!({"text": "at once"})).by(by).send();
        let mut replies: Vec<u16> =
            join_all((0..6).map(|_| post(owner))).await.iter().map(|reply| reply.status.as_u16()).collect();
        replies.sort_unstable();
        assert_eq!(replies, [429, 429, 503, 503, 503, 503]);
    });
}

#[test]
fn who_waits_in_vain_gets_the_answer_without_waiting() {
    in_own_world(async |world| {
        let owner = world.new_user();
        let reply = world.api.post("/v1/rooms", &json!({"kind": "group"})).by(owner).wait(1).send().await;
        reply.json(202);
        assert!(!reply.headers.contains_key("preference-applied"));
    });
}
