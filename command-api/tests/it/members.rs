//! Joining, inviting, roles, leaving, removing.

use event_schema::room::{Role, RoomKind};
use event_schema::{Payload, RoomId, UserId};
use serde_json::{Value, json};

use super::api::{Call, Reply};
use super::given::{World, event_id, in_shared_world};
use super::messages::events;

const PUT: &str = "PUT /v1/rooms/{room}/members/{user}";

fn put(world: &World, by: UserId, room: RoomId, user: UserId) -> Call {
    world.api.call("PUT", &format!("/v1/rooms/{room}/members/{user}")).by(by)
}

async fn put_role(world: &World, by: UserId, room: RoomId, user: UserId, role: &str) -> Reply {
    put(world, by, room, user).json(&json!({"role": role})).send().await
}

async fn delete(world: &World, by: UserId, room: RoomId, user: UserId) -> Reply {
    world.api.call("DELETE", &format!("/v1/rooms/{room}/members/{user}")).by(by).send().await
}

#[test]
fn whoever_wants_joins_an_open_channel_and_leaves_it() {
    in_shared_world(async |world| {
        let (owner, visitor) = (world.new_user(), world.new_user());
        let room = world.room(RoomKind::Channel, "open", &[(owner, Role::Owner)]).await;
        let answer = put(world, visitor, room, visitor).send().await.json(202);
        assert_eq!((&answer["room_id"], &answer["user_id"]), (&json!(room), &json!(visitor)));
        assert!(answer["position"].is_string());
        world.member(room, visitor, "joined", Role::Member).await;
        delete(world, visitor, room, visitor).await.json(202);
    });
}

#[test]
fn a_closed_room_is_not_there_for_strangers() {
    in_shared_world(async |world| {
        let (owner, stranger) = (world.account().await, world.new_user());
        let room = world.group_of(owner).await;
        let nowhere = RoomId(world.id());
        for place in [room, nowhere] {
            assert_eq!(put(world, stranger, place, stranger).send().await.problem(404), "not-found");
            assert_eq!(put(world, stranger, place, owner).send().await.problem(404), "not-found");
            assert_eq!(delete(world, stranger, place, stranger).await.problem(404), "not-found");
            assert_eq!(delete(world, stranger, place, owner).await.problem(404), "not-found");
        }
    });
}

#[test]
fn owners_invite_people_who_exist_and_give_roles() {
    in_shared_world(async |world| {
        let (owner, guest) = (world.new_user(), world.account().await);
        let room = world.group_of(owner).await;
        assert_eq!(put(world, owner, room, world.new_user()).send().await.problem(404), "not-found");
        put_role(world, owner, room, guest, "moderator").await.json(202);
        world.member(room, guest, "invited", Role::Moderator).await;
        put(world, guest, room, guest).send().await.json(202);
        world.member(room, guest, "joined", Role::Moderator).await;
        put_role(world, owner, room, guest, "member").await.json(202);
        assert_eq!(put_role(world, guest, room, owner, "member").await.problem(403), "forbidden");
        assert_eq!(put_role(world, owner, room, guest, "emperor").await.field(), "role");
    });
}

#[test]
fn one_removes_who_stands_lower() {
    in_shared_world(async |world| {
        let (owner, moderator, member) = (world.new_user(), world.new_user(), world.new_user());
        let members = [(owner, Role::Owner), (moderator, Role::Moderator), (member, Role::Member)];
        let room = world.room(RoomKind::Group, "invite", &members).await;
        assert_eq!(delete(world, member, room, moderator).await.problem(403), "forbidden");
        assert_eq!(delete(world, moderator, room, owner).await.problem(403), "forbidden");
        delete(world, moderator, room, member).await.json(202);
        assert_eq!(delete(world, owner, room, world.new_user()).await.problem(404), "not-found");
    });
}

#[test]
fn what_is_so_already_is_no_event() {
    in_shared_world(async |world| {
        let owner = world.new_user();
        let room = world.group_of(owner).await;
        let (topic, key) = (event_schema::Topic::Rooms, room.to_string());
        let kafka = &world.test.api.kafka;
        let partition = kafka.partition_for(topic, &key).await.expect("a partition");
        let answer = put(world, owner, room, owner).wait(1).send().await.json(200);
        let position: read_model::Position = answer["position"].as_str().expect("one").parse().expect("a position");
        let end = kafka.end_offset(topic, partition).await.expect("an end");
        assert!(position.offsets[&(topic, partition)] <= end);
        assert!(answer["rev"].is_null());
    });
}

#[test]
fn a_repetition_is_not_judged_again() {
    in_shared_world(async |world| {
        let user = world.new_user();
        let room = world.room(RoomKind::Group, "invite", &[]).await;
        // The command was applied, and what it needed is gone since: the answer is not "no".
        let event = event_id(user, PUT, &format!("{room}/{user}"), "joined", 0);
        world.seen(room.0, event.0, 7).await;
        put(world, user, room, user).key("joined").send().await.json(202);
        let waited = put(world, user, room, user).key("joined-other").send().await;
        assert_eq!(waited.problem(404), "not-found");
    });
}

#[test]
fn an_archived_room_takes_nobody() {
    in_shared_world(async |world| {
        let visitor = world.new_user();
        let room = world.room(RoomKind::Channel, "open", &[]).await;
        sqlx::query("update rooms set archived = true where room_id = $1")
            .bind(room.0)
            .execute(&world.read_model())
            .await
            .expect("archived");
        let refused = put(world, visitor, room, visitor).send().await;
        assert_eq!(refused.problem(422), "rejected");
        assert_eq!(refused.json(422)["reason"], "room_archived");
    });
}

#[test]
fn a_body_may_be_missing_but_not_wrong() {
    in_shared_world(async |world| {
        let owner = world.new_user();
        let room = world.group_of(owner).await;
        let empty: [Value; 2] = [json!({}), json!({"role": null})];
        for body in empty {
            put(world, owner, room, owner).json(&body).send().await.json(202);
        }
        assert_eq!(put(world, owner, room, owner).json(&json!({"rank": 1})).send().await.field(), "rank");
        assert_eq!(put(world, owner, room, owner).raw("{").send().await.problem(400), "invalid-request");
        let bad = world.api.call("PUT", &format!("/v1/rooms/{room}/members/me")).by(owner).send().await;
        assert_eq!(bad.field(), "user");
    });
}

#[test]
fn an_invitation_is_accepted_or_declined() {
    in_shared_world(async |world| {
        let (owner, guest) = (world.account().await, world.account().await);
        let room = world.group_of(owner).await;
        let what = async |answer: Value| events(world, &answer["position"], 1).await.remove(0).payload;
        let invited = put_role(world, owner, room, guest, "moderator").await.json(202);
        assert!(matches!(what(invited).await, Payload::MemberInvited(invited) if invited.role == Role::Moderator));
        world.member(room, guest, "invited", Role::Moderator).await;
        assert_eq!(put_role(world, guest, room, guest, "owner").await.problem(403), "forbidden");
        let joined = put(world, guest, room, guest).send().await.json(202);
        assert!(matches!(what(joined).await, Payload::MemberJoined(joined) if joined.user_id == guest));
        let declined = delete(world, guest, room, guest).await.json(202);
        assert!(matches!(what(declined).await, Payload::MemberLeft(left) if left.user_id == guest));
        // Who is invited already is not invited again; with another role the inviter is told.
        assert!(put(world, owner, room, guest).wait(1).send().await.json(200)["rev"].is_null());
        assert_eq!(put_role(world, owner, room, guest, "member").await.json(422)["reason"], "already_invited");
        // Taking an invitation back is removing.
        let taken_back = delete(world, owner, room, guest).await.json(202);
        assert!(matches!(what(taken_back).await, Payload::MemberRemoved(removed) if removed.user_id == guest));
    });
}

#[test]
fn a_direct_room_keeps_its_two() {
    in_shared_world(async |world| {
        let (one, other, third) = (world.account().await, world.account().await, world.account().await);
        let room = world.room(RoomKind::Direct, "invite", &[(one, Role::Member), (other, Role::Member)]).await;
        assert_eq!(put(world, one, room, third).send().await.problem(403), "forbidden");
        assert_eq!(delete(world, one, room, other).await.problem(403), "forbidden");
        assert_eq!(delete(world, one, room, one).await.problem(403), "forbidden");
        let path = format!("/v1/rooms/{room}");
        for body in [json!({"name": "ours"}), json!({"archived": true})] {
            let refused = world.api.call("PATCH", &path).json(&body).by(one).send().await;
            assert_eq!(refused.problem(403), "forbidden", "{body}");
        }
    });
}
