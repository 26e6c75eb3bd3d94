//! Editing and deleting messages, reactions: what the log gets, who may, and what is so already.

use event_schema::message::{Deleted, Edited, ReactionAdded, ReactionRemoved};
use event_schema::room::{Role, RoomKind};
use event_schema::{MessageId, Payload, RoomId, Text, UserId};
use serde_json::{Value, json};
use uuid::Uuid;

use super::api::Call;
use super::given::{World, event_id, in_shared_world};
use super::messages::events;

const EDIT: &str = "PATCH /v1/rooms/{room}/messages/{id}";
const REACT: &str = "PUT /v1/rooms/{room}/messages/{id}/reactions/{emoji}";

/// A group with an owner, an author, a reader, and a message.
struct Talk {
    room: RoomId,
    owner: UserId,
    author: UserId,
    reader: UserId,
    message: Uuid,
}

impl Talk {
    async fn new(world: &World) -> Self {
        let [owner, author, reader] = [world.new_user(), world.new_user(), world.new_user()];
        let members = [(owner, Role::Owner), (author, Role::Member), (reader, Role::Member)];
        let room = world.room(RoomKind::Group, "invite", &members).await;
        let message = world.id();
        world.message_by(author, room, message, 1).await;
        Self { room, owner, author, reader, message }
    }

    fn path(&self) -> String {
        format!("/v1/rooms/{}/messages/{}", self.room, self.message)
    }

    fn edit(&self, world: &World, text: &str) -> Call {
        world.api.call("PATCH", &self.path()).json(&json!({"text": text}))
    }

    fn delete(&self, world: &World) -> Call {
        world.api.call("DELETE", &self.path())
    }

    fn reaction(&self, world: &World, method: &str, emoji: &str) -> Call {
        world.api.call(method, &format!("{}/reactions/{emoji}", self.path()))
    }
}

#[test]
fn what_a_member_may_not_see_does_not_exist_for_commands_either() {
    in_shared_world(async |world| {
        let talk = Talk::new(world).await;
        let hide = "update rooms set history_visibility = 'since_join' where room_id = $1";
        sqlx::query(hide).bind(talk.room.0).execute(&world.read_model()).await.expect("hidden");
        world.last_seq(talk.room, 1).await;
        // Joined after the message.
        let join = "update room_members set join_seq = 1 where room_id = $1 and user_id = $2";
        for user in [talk.reader, talk.owner] {
            sqlx::query(join).bind(talk.room.0).bind(user.0).execute(&world.read_model()).await.expect("joined");
        }
        let absent = Uuid::from_u128(404);
        for by in [talk.reader, talk.owner] {
            let calls = |id: Uuid| {
                let path = format!("/v1/rooms/{}/messages/{id}", talk.room);
                let reply = json!({"text": "an answer", "reply_to": id});
                [
                    world.api.call("PATCH", &path).json(&json!({"text": "two"})),
                    world.api.call("DELETE", &path),
                    world.api.call("PUT", &format!("{path}/reactions/🎉")),
                    world.api.call("DELETE", &format!("{path}/reactions/🎉")),
                    world.api.post(&format!("/v1/rooms/{}/messages", talk.room), &reply),
                ]
            };
            for (hidden, nowhere) in calls(talk.message).into_iter().zip(calls(absent)) {
                let (hidden, nowhere) = (hidden.by(by).send().await, nowhere.by(by).send().await);
                assert_eq!(hidden.status, nowhere.status);
                assert!((400..500).contains(&hidden.status.as_u16()) && hidden.status != 403, "{}", hidden.status);
                let without_id = |body: &[u8]| {
                    let mut body: Value = serde_json::from_slice(body).expect("a problem");
                    body.as_object_mut().expect("an object").remove("request_id");
                    body
                };
                assert_eq!(without_id(&hidden.body), without_id(&nowhere.body), "nothing tells them apart");
            }
        }
        // Its author was there.
        talk.edit(world, "two").by(talk.author).send().await.json(202);
    });
}

async fn last(world: &World, answer: &Value) -> Payload {
    let event = events(world, &answer["position"], 1).await.remove(0);
    assert_eq!(json!(event.envelope.subject), answer["message_id"], "the event is about the message");
    event.payload
}

#[test]
fn the_log_has_each_change() {
    in_shared_world(async |world| {
        let talk = Talk::new(world).await;
        let message_id = MessageId(talk.message);
        let answer = talk.edit(world, "*two*").by(talk.author).send().await.json(202);
        let edited = Edited { message_id, content: Text::Markdown("*two*".into()), mentions: Vec::new() };
        assert_eq!(last(world, &answer).await, edited.into());
        let answer = talk.reaction(world, "PUT", "%F0%9F%91%8D").by(talk.reader).send().await.json(202);
        assert_eq!(last(world, &answer).await, ReactionAdded { message_id, emoji: "👍".into() }.into());
        world.reaction(talk.room, 1, "👍", talk.reader).await;
        let answer = talk.reaction(world, "DELETE", "%F0%9F%91%8D").by(talk.reader).send().await.json(202);
        assert_eq!(last(world, &answer).await, ReactionRemoved { message_id, emoji: "👍".into() }.into());
        let answer = talk.delete(world).by(talk.owner).send().await.json(202);
        assert_eq!(last(world, &answer).await, Deleted { message_id }.into());
    });
}

#[test]
fn authors_edit_moderators_delete_and_strangers_learn_nothing() {
    in_shared_world(async |world| {
        let talk = Talk::new(world).await;
        for user in [talk.owner, talk.reader] {
            assert_eq!(talk.edit(world, "mine").by(user).send().await.problem(403), "forbidden");
        }
        assert_eq!(talk.delete(world).by(talk.reader).send().await.problem(403), "forbidden");
        talk.delete(world).by(talk.author).send().await.json(202);
        let elsewhere = Talk { room: world.group_of(talk.author).await, ..talk };
        for call in [elsewhere.edit(world, "x"), elsewhere.delete(world), elsewhere.reaction(world, "PUT", "x")] {
            assert_eq!(call.by(talk.author).send().await.problem(404), "not-found", "in another room");
        }
        let stranger = world.new_user();
        for talk in [&talk, &elsewhere] {
            for call in [talk.edit(world, "x"), talk.delete(world), talk.reaction(world, "PUT", "x")] {
                assert_eq!(call.by(stranger).send().await.problem(404), "not-found");
            }
        }
    });
}

#[test]
fn what_is_so_already_is_no_event() {
    in_shared_world(async |world| {
        let talk = Talk::new(world).await;
        world.reaction(talk.room, 1, "+1", talk.reader).await;
        for call in [
            talk.edit(world, "one").by(talk.author),
            talk.reaction(world, "PUT", "%2B1").by(talk.reader),
            talk.reaction(world, "DELETE", "-1").by(talk.reader),
        ] {
            let answer = call.wait(1).send().await.json(200);
            assert!(answer["rev"].is_null() && answer["position"].is_string(), "{answer}");
        }
        world.delete_message(talk.room, 1).await;
        assert!(talk.delete(world).by(talk.author).wait(1).send().await.json(200)["rev"].is_null());
        let refused = talk.edit(world, "two").by(talk.author).send().await;
        assert_eq!(
            (refused.problem(422).as_str(), &refused.json(422)["reason"]),
            ("rejected", &json!("message_deleted"))
        );
        let refused = talk.reaction(world, "PUT", "x").by(talk.reader).send().await;
        assert_eq!(refused.json(422)["reason"], "message_deleted");
    });
}

#[test]
fn who_waits_gets_the_rev_or_the_reason() {
    in_shared_world(async |world| {
        let talk = Talk::new(world).await;
        let target = format!("{}/{}", talk.room, talk.message);
        world.seen(talk.room.0, event_id(talk.author, EDIT, &target, "good", 0).0, 7).await;
        let reply = talk.edit(world, "two").by(talk.author).key("good").wait(2).send().await;
        assert_eq!(reply.json(200)["rev"], 7);
        assert_eq!(reply.headers["preference-applied"], "wait");
        world.rejection(talk.room.0, event_id(talk.author, EDIT, &target, "late", 0).0, "message_deleted").await;
        let refused = talk.edit(world, "two").by(talk.author).key("late").wait(2).send().await;
        assert_eq!(refused.json(422)["reason"], "message_deleted");
        // The same wish from another device was quicker: nothing to complain about.
        let reaction = event_id(talk.reader, REACT, &format!("{target}/é"), "twice", 0);
        world.rejection(talk.room.0, reaction.0, "reaction_unchanged").await;
        let reply = talk.reaction(world, "PUT", "e%CC%81").by(talk.reader).key("twice").wait(2).send().await;
        assert!(reply.json(200)["rev"].is_null());
    });
}

#[test]
fn a_repetition_gets_the_same_bytes_and_another_body_is_refused() {
    in_shared_world(async |world| {
        let talk = Talk::new(world).await;
        let first = talk.edit(world, "two").by(talk.author).key("k").send().await;
        first.json(202);
        let again = talk.edit(world, "two").by(talk.author).key("k").send().await;
        assert_eq!((again.status, &again.body), (first.status, &first.body));
        let other = talk.edit(world, "three").by(talk.author).key("k").send().await;
        assert_eq!(other.problem(422), "idempotency-key-reused");
        // Done long ago, and deleted since: a repetition is not judged again.
        let target = format!("{}/{}", talk.room, talk.message);
        world.seen(talk.room.0, event_id(talk.author, EDIT, &target, "old", 0).0, 5).await;
        world.delete_message(talk.room, 1).await;
        talk.edit(world, "two").by(talk.author).key("old").send().await.json(202);
    });
}

#[test]
fn what_cannot_be_is_refused_by_name() {
    in_shared_world(async |world| {
        let talk = Talk::new(world).await;
        for (field, body) in [
            ("text", json!({"text": " "})),
            ("text", json!({"text": "x".repeat(8193)})),
            ("text", json!({})),
            ("mentions", json!({"text": "x", "mentions": []})),
        ] {
            let refused = world.api.call("PATCH", &talk.path()).json(&body).by(talk.author).send().await;
            assert_eq!(refused.field(), field, "{body}");
        }
        let long = "x".repeat(65);
        for emoji in ["%20", "a%20b", "%00", "%0A", "%FF", &long] {
            let refused = talk.reaction(world, "PUT", emoji).by(talk.reader).send().await;
            assert_eq!(refused.field(), "emoji", "{emoji}");
        }
        let slash = talk.reaction(world, "PUT", "and%2For").by(talk.reader).send().await.json(202);
        assert_eq!(
            last(world, &slash).await,
            ReactionAdded { message_id: MessageId(talk.message), emoji: "and/or".into() }.into()
        );
    });
}

#[test]
fn a_message_has_room_for_fifty_emoji() {
    in_shared_world(async |world| {
        let talk = Talk::new(world).await;
        let reactions: Vec<Value> = (0..50).map(|n| json!({"emoji": format!("e{n}"), "count": 1})).collect();
        world.render(talk.room, 1, &json!({"rev": 60, "reactions": reactions})).await;
        let refused = talk.reaction(world, "PUT", "e50").by(talk.reader).send().await;
        assert_eq!(refused.json(422)["reason"], "emoji_limit");
        talk.reaction(world, "PUT", "e49").by(talk.reader).send().await.json(202);
    });
}
