//! Creating, renaming and archiving rooms.

use event_schema::Payload;
use event_schema::ids::direct_room_id;
use event_schema::room::{HistoryVisibility, JoinRule, Role, RoomKind};
use serde_json::json;

use super::given::{event_id, in_shared_world};
use super::messages::events;

#[test]
fn a_group_is_created_with_people_who_exist() {
    in_shared_world(async |world| {
        let (owner, other) = (world.new_user(), world.account().await);
        let body = json!({"kind": "group", "name": "group", "members": [other]});
        let answer = world.api.post("/v1/rooms", &body).by(owner).send().await.json(202);
        assert!(answer["room_id"].is_string() && answer["position"].is_string(), "{answer}");
        let stranger = json!({"kind": "group", "members": [other, world.new_user()]});
        assert_eq!(world.api.post("/v1/rooms", &stranger).by(owner).send().await.field(), "members[1]");
    });
}

#[test]
fn people_known_from_the_log_only_can_be_members() {
    in_shared_world(async |world| {
        let (owner, imported) = (world.new_user(), world.new_user());
        sqlx::query(
            "insert into users (user_id, workspace_id, kind, username, locale, rev, created_at, digest)
             values ($1, $1, 'imported', 'imported', 'en', 1, now(), '')",
        )
        .bind(imported.0)
        .execute(&world.read_model())
        .await
        .expect("a user");
        let body = json!({"kind": "direct", "members": [imported]});
        world.api.post("/v1/rooms", &body).by(owner).send().await.json(202);
    });
}

#[test]
fn a_direct_room_is_the_same_for_both_and_opened_once() {
    in_shared_world(async |world| {
        let (one, other) = (world.account().await, world.account().await);
        let open = async |by, with| {
            let body = json!({"kind": "direct", "members": [with]});
            world.api.post("/v1/rooms", &body).by(by).send().await.json(202)
        };
        let (mine, theirs) = (open(one, other).await, open(other, one).await);
        assert_eq!(mine["room_id"], json!(direct_room_id(one, other)));
        assert_eq!(mine["room_id"], theirs["room_id"]);
    });
}

#[test]
fn a_direct_room_that_is_there_is_answered_without_an_event() {
    in_shared_world(async |world| {
        let (one, other) = (world.account().await, world.account().await);
        let room = world.room(RoomKind::Direct, "invite", &[(one, Role::Member), (other, Role::Member)]).await;
        sqlx::query("update rooms set room_id = $2 where room_id = $1")
            .bind(room.0)
            .bind(direct_room_id(one, other).0)
            .execute(&world.read_model())
            .await
            .expect("the derived id");
        let body = json!({"kind": "direct", "members": [other]});
        let answer = world.api.post("/v1/rooms", &body).by(one).wait(1).send().await.json(200);
        assert_eq!(answer["room_id"], json!(direct_room_id(one, other)));
    });
}

#[test]
fn who_waits_gets_the_rev_or_the_reason() {
    in_shared_world(async |world| {
        let owner = world.new_user();
        let body = json!({"kind": "channel", "name": "channel"});
        let room = event_id(owner, "POST /v1/rooms", &"", "good", 1).0;
        world.seen(room, event_id(owner, "POST /v1/rooms", &"", "good", 0).0, 1).await;
        let reply = world.api.post("/v1/rooms", &body).by(owner).key("good").wait(2).send().await;
        let answer = reply.json(201);
        assert_eq!((&answer["room_id"], &answer["rev"]), (&json!(room), &json!(1)));
        assert_eq!(reply.headers["preference-applied"], "wait");

        let room = event_id(owner, "POST /v1/rooms", &"", "bad", 1).0;
        world.rejection(room, event_id(owner, "POST /v1/rooms", &"", "bad", 0).0, "room_exists").await;
        let refused = world.api.post("/v1/rooms", &body).by(owner).key("bad").wait(2).send().await;
        assert_eq!(refused.problem(422), "rejected");
        assert_eq!(refused.json(422)["reason"], "room_exists");
    });
}

#[test]
fn a_room_is_told_which_field_is_wrong() {
    in_shared_world(async |world| {
        let owner = world.new_user();
        for (field, body) in [
            ("kind", json!({"kind": "club"})),
            ("kind", json!({})),
            ("name", json!({"kind": "channel"})),
            ("name", json!({"kind": "group", "name": "x".repeat(81)})),
            ("name", json!({"kind": "group", "name": "a\u{0}b"})),
            ("members", json!({"kind": "direct"})),
            ("members[0]", json!({"kind": "group", "members": ["me"]})),
            ("join_rule", json!({"kind": "group", "join_rule": "never"})),
            ("colour", json!({"kind": "group", "colour": "red"})),
        ] {
            let refused = world.api.post("/v1/rooms", &body).by(owner).send().await;
            assert_eq!(refused.field(), field, "{body}");
        }
    });
}

#[test]
fn moderators_rename_and_owners_archive() {
    in_shared_world(async |world| {
        let (owner, moderator) = (world.new_user(), world.new_user());
        let room = world.room(RoomKind::Group, "invite", &[(owner, Role::Owner), (moderator, Role::Moderator)]).await;
        let path = format!("/v1/rooms/{room}");
        let change = |by, body| world.api.call("PATCH", &path).json(&body).by(by).send();
        change(moderator, json!({"name": "other"})).await.json(202);
        assert_eq!(change(moderator, json!({"archived": true})).await.problem(403), "forbidden");
        change(owner, json!({"archived": true})).await.json(202);
        assert_eq!(change(world.new_user(), json!({"name": "mine"})).await.problem(404), "not-found");
        for body in
            [json!({}), json!({"archived": false}), json!({"name": "a", "archived": true}), json!({"name": " "})]
        {
            assert_eq!(change(owner, body).await.problem(400), "invalid-request");
        }
    });
}

#[test]
fn the_log_has_what_was_chosen_for_a_room() {
    in_shared_world(async |world| {
        let (owner, other) = (world.account().await, world.account().await);
        for (body, join_rule, visibility) in [
            (json!({"kind": "channel", "name": "c"}), JoinRule::Open, HistoryVisibility::All),
            (json!({"kind": "channel", "name": "c", "join_rule": "invite"}), JoinRule::Invite, HistoryVisibility::All),
            (
                json!({"kind": "group", "history_visibility": "since_join"}),
                JoinRule::Invite,
                HistoryVisibility::SinceJoin,
            ),
            (json!({"kind": "group", "join_rule": "open", "members": [other]}), JoinRule::Open, HistoryVisibility::All),
            (json!({"kind": "direct", "members": [other]}), JoinRule::Invite, HistoryVisibility::All),
        ] {
            let answer = world.api.post("/v1/rooms", &body).by(owner).send().await.json(202);
            let event = events(world, &answer["position"], 1).await.remove(0);
            assert_eq!(json!(event.envelope.subject), answer["room_id"]);
            let Payload::RoomCreated(created) = event.payload else { panic!("{:?}", event.payload) };
            assert_eq!((created.join_rule, created.history_visibility), (join_rule, visibility), "{body}");
            let first = if body["kind"] == "direct" { Role::Member } else { Role::Owner };
            assert_eq!((created.members[0].user_id, created.members[0].role), (owner, first));
        }
        for field in ["name", "join_rule", "history_visibility"] {
            let mut body = json!({"kind": "direct", "members": [other]});
            body[field] = match field {
                "name" => "ours",
                "join_rule" => "open",
                _ => "since_join",
            }
            .into();
            assert_eq!(world.api.post("/v1/rooms", &body).by(owner).send().await.field(), field);
        }
    });
}
