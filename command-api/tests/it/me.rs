//! One's own account: profile, status, and its end.

use event_schema::ids::CommandScope;
use event_schema::room::{Role, RoomKind};
use event_schema::{RoomId, Topic, UserId};
use serde_json::{Value, json};
use test_support::wait_for;
use uuid::Uuid;

use super::api::Api;
use super::given::{World, in_own_world, in_shared_world};

/// Beyond the end of every partition.
const CAUGHT_UP: i64 = 1 << 40;
const PASSWORD: &str = "correct horse";

/// How many events a topic has.
pub async fn events(world: &World, topic: Topic) -> i64 {
    let waiting = async || {
        let rows = sqlx::query_scalar::<_, i64>("select count(*) from control.outbox").fetch_one(world.db()).await;
        (rows.expect("a count") == 0).then_some(())
    };
    wait_for("the outbox to be in the log", waiting).await;
    let mut events = 0;
    for partition in 0..test_support::PARTITIONS {
        events += world.test.api.kafka.end_offset(topic, partition).await.expect("an end");
    }
    events
}

async fn text(world: &World, sql: &'static str, user: UserId) -> Option<String> {
    sqlx::query_scalar(sql).bind(user.0).fetch_one(world.db()).await.expect("a row")
}

const NAME: &str = "select display_name from identity.accounts where user_id = $1";

/// Forgets what was answered under a key, as Redis does after ten minutes.
async fn forget(world: &World, user: UserId, route: &str, key: &str) {
    let id = CommandScope { user, route, target: "", key }.command_id();
    let redis = &world.test.api.redis;
    let gone: i64 = redis::cmd("DEL")
        .arg(redis.key(&format!("idempotency:{id}")))
        .query_async(&mut redis.connection())
        .await
        .expect("Redis");
    assert_eq!(gone, 1, "it was answered");
}

#[test]
fn a_profile_and_its_event_are_changed_together() {
    in_own_world(async |world| {
        let user = world.account().await;
        let change = async |body: &Value| world.api.call("PATCH", "/v1/me").json(body).by(user).send().await.json(202);
        let answer = change(&json!({"display_name": "Another"})).await;
        assert!(answer["position"].is_string() && answer["user_id"] == json!(user), "{answer}");
        assert_eq!(text(world, NAME, user).await.as_deref(), Some("Another"));
        let answer = change(&json!({"locale": "ko-KR"})).await;
        assert!(answer["position"].is_string());
        assert_eq!(events(world, Topic::Users).await, 2);
        // What is so already is not told again.
        change(&json!({"display_name": "Another", "locale": "ko-KR"})).await;
        assert_eq!(events(world, Topic::Users).await, 2);
        let status = world.api.call("PUT", "/v1/me/status").json(&json!({"status": "here"})).by(user).send().await;
        assert!(status.json(202)["position"].is_string());
        assert_eq!(events(world, Topic::Users).await, 3);
    });
}

#[test]
fn a_change_repeated_late_does_not_undo_a_later_one() {
    in_own_world(async |world| {
        let user = world.account().await;
        let rename = async |name: &str, key: &str| {
            let body = json!({"display_name": name});
            world.api.call("PATCH", "/v1/me").json(&body).key(key).by(user).send().await.json(202)
        };
        rename("First", "one").await;
        rename("Second", "two").await;
        forget(world, user, "PATCH /v1/me", "one").await;
        let again = rename("First", "one").await;
        assert!(again["position"].is_string(), "{again}");
        assert_eq!(text(world, NAME, user).await.as_deref(), Some("Second"));
        assert_eq!(events(world, Topic::Users).await, 2);
    });
}

#[test]
fn a_profile_is_refused_by_its_field() {
    in_shared_world(async |world| {
        let user = world.account().await;
        for (field, body) in [
            ("display_name", json!({"display_name": ""})),
            ("display_name", json!({"display_name": "\u{200b}\u{3164}"})),
            ("display_name", json!({"display_name": "own\u{202e}er"})),
            ("display_name", json!({"display_name": "x".repeat(81)})),
            ("locale", json!({"locale": "en_US"})),
            ("username", json!({"username": "another"})),
            ("(none)", json!({})),
        ] {
            assert_eq!(world.api.call("PATCH", "/v1/me").json(&body).by(user).send().await.field(), field, "{body}");
        }
        for status in ["x".repeat(161), " ".to_owned(), "two\nlines".to_owned()] {
            let body = json!({"status": status});
            assert_eq!(world.api.call("PUT", "/v1/me/status").json(&body).by(user).send().await.field(), "status");
        }
        // A token outlives the right to use the account.
        for status in ["pending", "deactivated"] {
            sqlx::query("update identity.accounts set status = $2 where user_id = $1")
                .bind(user.0)
                .bind(status)
                .execute(world.db())
                .await
                .expect("changed");
            let reply = world.api.call("PATCH", "/v1/me").json(&json!({"locale": "ko"})).by(user).send().await;
            assert_eq!(reply.problem(401), "unauthorized", "{status}");
        }
    });
}

/// Somebody with a password, a status, a friend, and four rooms.
async fn somebody(world: &World) -> (UserId, Value, [RoomId; 4]) {
    let name = world.id().simple().to_string();
    let body = json!({"username": &name[..30], "email": format!("{name}@example.org"), "password": PASSWORD});
    let answer = world.api.post("/v1/users", &body).send().await.json(202);
    let user = UserId(answer["user_id"].as_str().expect("an id").parse::<Uuid>().expect("a UUID"));
    let (read_model, other) = (world.read_model(), world.new_user());
    sqlx::query("insert into users values ($1, $1, 'human', 'name', 'Name', 'en', 'here', false, false, 1, now(), '')")
        .bind(user.0)
        .execute(&read_model)
        .await
        .expect("a profile");
    friend(world, user, other).await;
    let owned = world.group_of(user).await;
    let invited = world.room(RoomKind::Channel, "open", &[(other, Role::Owner)]).await;
    world.member(invited, user, "invited", Role::Member).await;
    let left = world.room(RoomKind::Channel, "open", &[(other, Role::Owner)]).await;
    world.member(left, user, "left", Role::Member).await;
    let direct = world.room(RoomKind::Direct, "invite", &[(user, Role::Member), (other, Role::Member)]).await;
    (user, body, [owned, invited, left, direct])
}

pub async fn friend(world: &World, user: UserId, friend: UserId) {
    sqlx::query("insert into friends (user_id, friend_id, added_at) values ($1, $2, now())")
        .bind(user.0)
        .bind(friend.0)
        .execute(&world.read_model())
        .await
        .expect("a friend");
}

#[test]
fn closing_an_account_takes_everything_but_what_was_said() {
    in_own_world(async |world| {
        world.catch_up(CAUGHT_UP).await;
        let (user, body, _) = somebody(world).await;
        let log_in = json!({"username": body["username"], "password": PASSWORD});
        let session = world.api.post("/v1/sessions", &log_in).send().await.json(200);
        let (users, rooms) = (events(world, Topic::Users).await, events(world, Topic::Rooms).await);

        let close = |password: &str| world.api.call("DELETE", "/v1/me").json(&json!({"password": password})).by(user);
        let refused = close("wrong horse").send().await;
        assert_eq!(refused.problem(401), "invalid-credentials");
        assert_eq!(refused.json(401)["field"], "password");
        world.api.post("/v1/sessions", &log_in).send().await.json(200);

        let closed = close(PASSWORD).key("close").send().await.json(202);
        assert!(closed["position"].is_string(), "{closed}");
        // A friend let go, the status cleared, the end; a group left, an invitation declined; neither the direct room nor
        // the channel that was left before.
        assert_eq!(events(world, Topic::Users).await - users, 3);
        until_rooms(world, rooms + 2).await;

        assert_eq!(world.api.post("/v1/sessions", &log_in).send().await.problem(401), "invalid-credentials");
        let refresh = json!({"refresh_token": session["refresh_token"]});
        assert_eq!(world.api.post("/v1/sessions/refresh", &refresh).send().await.problem(401), "invalid-credentials");
        let kept = "select concat_ws(' ', status, email, email_key, roles) from identity.accounts where user_id = $1";
        assert_eq!(text(world, kept, user).await.as_deref(), Some("deactivated {}"));

        // Again: it is so, as long as the token counts, and that is not for long.
        let again = async {
            loop {
                let reply = close("whatever").send().await;
                if reply.status != 202 {
                    break reply;
                }
            }
        };
        let refused = tokio::time::timeout(std::time::Duration::from_secs(20), again).await.expect("the token is void");
        assert_eq!(refused.problem(401), "unauthorized");
        assert_eq!(events(world, Topic::Users).await - users, 3);

        // The address is free, the name is not.
        let next = world.api.post("/v1/users", &body).send().await;
        assert_eq!(next.problem(409), "username-taken");
        let mut other_name = body.clone();
        other_name["username"] = format!("x{}", &body["username"].as_str().expect("a name")[1..]).into();
        world.api.post("/v1/users", &other_name).send().await.json(202);
    });
}

/// The relay brings the rooms' events a moment after the person's own.
async fn until_rooms(world: &World, wanted: i64) {
    wait_for("the rooms to be left", async || (events(world, Topic::Rooms).await >= wanted).then_some(())).await;
    assert_eq!(events(world, Topic::Rooms).await, wanted);
}

#[test]
fn nobody_overlooks_rooms_of_a_read_model_that_is_behind() {
    in_own_world(async |world| {
        let (user, ..) = somebody(world).await;
        // The registration is in the log, and not folded.
        let impatient = Api::start_impatient(&world.test.api).await;
        let reply = impatient.call("DELETE", "/v1/me").json(&json!({"password": PASSWORD})).by(user).send().await;
        assert_eq!(reply.problem(503), "behind");
        let status = "select status from identity.accounts where user_id = $1";
        assert_eq!(text(world, status, user).await.as_deref(), Some("registered"));
    });
}
