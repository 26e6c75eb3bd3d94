//! What is answered while the read model is behind the log.

use event_schema::room::Role;
use event_schema::{RoomId, UserId};
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use serde_json::json;

use super::api::Api;
use super::given::{World, in_own_world};

/// A room that the log has, and the read model does not.
async fn unfolded(world: &World, owner: UserId) -> RoomId {
    let created = world.api.post("/v1/rooms", &json!({"kind": "group"})).by(owner).send().await.json(202);
    created["room_id"].as_str().expect("an id").parse().expect("an id")
}

/// What the fold makes of it.
async fn fold(world: &World, room: RoomId, owner: UserId) {
    sqlx::query(
        "insert into rooms (room_id, workspace_id, kind, join_rule, history_visibility, creator_id, created_at,
                            last_message_at, last_seq, rev, member_count, digest)
         values ($1, $1, 'group', 'invite', 'all', $1, now(), now(), 0, 1, 1, '')",
    )
    .bind(room.0)
    .execute(&world.read_model())
    .await
    .expect("a room");
    world.member(room, owner, "joined", Role::Owner).await;
    world.catch_up(1).await;
}

#[test]
fn nobody_is_refused_from_a_state_that_is_behind() {
    in_own_world(async |world| {
        let owner = world.new_user();
        let room = unfolded(world, owner).await;
        let path = format!("/v1/rooms/{room}/messages");
        let post = |api: &Api, by| api.post(&path, &json!({"text": "at once"})).by(by).send();

        // Neither yes nor no.
        let impatient = Api::start_impatient(&world.test.api).await;
        let reply = post(&impatient, owner).await;
        assert_eq!(reply.problem(503), "behind");
        assert_eq!(reply.headers["retry-after"], "1");

        // While the post waits, the fold catches up: it never fails.
        let (reply, ()) = tokio::join!(post(&world.api, owner), fold(world, room, owner));
        reply.json(202);
        world.catch_up(2).await;
        assert_eq!(post(&world.api, world.new_user()).await.problem(404), "not-found");
    });
}

#[test]
fn four_of_a_person_wait_at_a_time() {
    in_own_world(async |world| {
        let owner = world.new_user();
        let room = unfolded(world, owner).await;
        let path = format!("/v1/rooms/{room}/messages");
        let post = || world.api.post(&path, &json!({"text": "at once"})).by(owner).send();
        let mut replies: FuturesUnordered<_> = (0..6).map(|_| post()).collect();
        for _ in 0..2 {
            replies.next().await.expect("a reply").problem(429);
        }
        let (others, ()) = tokio::join!(replies.collect::<Vec<_>>(), fold(world, room, owner));
        assert_eq!(others.iter().map(|reply| reply.status.as_u16()).collect::<Vec<_>>(), [202; 4]);
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
