//! Sign-up.

use event_schema::UserId;
use futures::future::join_all;
use serde_json::{Value, json};

use super::given::{World, in_own_world, in_shared_world};

fn newcomer(world: &World) -> Value {
    let name = world.id().simple().to_string();
    json!({"username": &name[..30], "email": format!("{name}@example.org"), "password": "correct horse"})
}

async fn count(world: &World, sql: &'static str, id: &Value) -> i64 {
    let id: uuid::Uuid = id.as_str().expect("an id").parse().expect("a UUID");
    sqlx::query_scalar(sql).bind(id).fetch_one(world.db()).await.expect("a count")
}

#[test]
fn an_account_and_its_event_are_made_together() {
    in_shared_world(async |world| {
        let answer = world.api.post("/v1/users", &newcomer(world)).send().await.json(202);
        assert!(answer["position"].is_string(), "published within a second: {answer}");
        assert!(answer["registration_id"].is_string());
        let user = &answer["user_id"];
        let registered = "select count(*) from identity.accounts where user_id = $1 and status = 'registered'";
        assert_eq!(count(world, registered, user).await, 1);
        let hashed = "select count(*) from identity.credentials where user_id = $1 and secret like '$argon2id$%'";
        assert_eq!(count(world, hashed, user).await, 1);
        // The relay takes the row away once the log has acked it, a moment after it has told the position.
        let waiting = "select count(*) from control.outbox where key = $1::text";
        let gone = async { while count(world, waiting, user).await > 0 {} };
        tokio::time::timeout(std::time::Duration::from_secs(10), gone).await.expect("published");
    });
}

#[test]
fn names_and_addresses_are_taken_whatever_their_case() {
    in_shared_world(async |world| {
        let first = newcomer(world);
        world.api.post("/v1/users", &first).send().await.json(202);
        let mut same_name = newcomer(world);
        same_name["username"] = first["username"].as_str().expect("a name").to_uppercase().into();
        let refused = world.api.post("/v1/users", &same_name).send().await;
        assert_eq!(
            (refused.problem(409).as_str(), &refused.json(409)["field"]),
            ("username-taken", &json!("username"))
        );
        let mut same_address = newcomer(world);
        same_address["email"] = first["email"].as_str().expect("an address").to_uppercase().into();
        assert_eq!(world.api.post("/v1/users", &same_address).send().await.problem(409), "email-taken");
    });
}

#[test]
fn a_name_that_looks_like_another_is_taken() {
    in_shared_world(async |world| {
        let digits: String = world.id().as_u128().to_string().chars().rev().take(20).collect();
        let sign_up = async |name: String| {
            let mut body = newcomer(world);
            body["username"] = name.into();
            world.api.post("/v1/users", &body).send().await
        };
        sign_up(format!("paco{digits}")).await.json(202);
        for twin in [format!("расо{digits}"), format!("PAC0{digits}"), format!("paco{}", digits.replace('1', "l"))]
        {
            let refused = sign_up(twin.clone()).await;
            assert_eq!(refused.problem(409), "username-taken", "{twin}");
        }
        let mixed = sign_up(format!("pаco{digits}")).await;
        assert_eq!(mixed.field(), "username", "one letter of another script");
        sign_up(format!("pacos{}", &digits[1..])).await.json(202);
    });
}

#[test]
fn accounts_from_before_get_their_skeletons() {
    in_own_world(async |world| {
        let rename = async |user: UserId, key: &str| {
            sqlx::query("update identity.accounts set username = $2, username_key = $2 where user_id = $1")
                .bind(user.0)
                .bind(key)
                .execute(world.db())
                .await
                .expect("renamed");
        };
        let (first, second, other) = (world.account().await, world.account().await, world.account().await);
        for (user, key) in [(first, "сосо"), (second, "coco"), (other, "other")] {
            rename(user, key).await;
        }
        let fill = async || command_api::accounts::skeletons::fill(world.db()).await.expect("filled");
        assert_eq!((fill().await, fill().await), (2, 0), "of two that look alike the older one");
        let sql = "select user_id from identity.accounts where username_skeleton is null";
        let without: Vec<uuid::Uuid> = sqlx::query_scalar(sql).fetch_all(world.db()).await.expect("rows");
        assert_eq!(without, [second.0]);
        let mut body = newcomer(world);
        body["username"] = "c0co".into();
        assert_eq!(world.api.post("/v1/users", &body).send().await.problem(409), "username-taken");
    });
}

#[test]
fn a_password_is_nobodys_first_guess() {
    in_shared_world(async |world| {
        let mut body = newcomer(world);
        let name = body["username"].as_str().expect("a name").to_owned();
        for password in ["password123".to_owned(), "qwertyuiop".to_owned(), name] {
            body["password"] = password.into();
            let refused = world.api.post("/v1/users", &body).send().await;
            assert_eq!(refused.problem(400), "password-too-common");
            assert_eq!(refused.field(), "password");
        }
    });
}

#[test]
fn of_many_who_want_a_name_at_once_one_gets_it() {
    in_shared_world(async |world| {
        let wanted = newcomer(world);
        let calls = (0..8).map(|n| {
            let mut body = wanted.clone();
            body["email"] = format!("{n}{}", wanted["email"].as_str().expect("an address")).into();
            world.api.post("/v1/users", &body).send()
        });
        let mut statuses: Vec<u16> = join_all(calls).await.iter().map(|reply| reply.status.as_u16()).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [202, 409, 409, 409, 409, 409, 409, 409]);
    });
}

#[test]
fn a_repeated_sign_up_gets_the_same_bytes() {
    in_shared_world(async |world| {
        let body = newcomer(world);
        let send = async || world.api.post("/v1/users", &body).key("once").send().await;
        let first = send().await;
        first.json(202);
        let second = send().await;
        assert_eq!((second.status, &second.body), (first.status, &first.body));
        assert_eq!(second.headers["idempotency-replayed"], "true");
    });
}

#[test]
fn a_key_gives_nothing_away_without_the_password() {
    in_shared_world(async |world| {
        let body = newcomer(world);
        world.api.post("/v1/users", &body).key("shared").send().await.json(202);
        let mut guess = body.clone();
        guess["password"] = "not that horse".into();
        let refused = world.api.post("/v1/users", &guess).key("shared").send().await;
        assert_eq!(refused.problem(422), "idempotency-key-reused");
        // The same key of somebody else is another command.
        world.api.post("/v1/users", &newcomer(world)).key("shared").send().await.json(202);
    });
}

#[test]
fn a_newcomer_is_told_which_field_is_wrong() {
    in_shared_world(async |world| {
        for (field, value) in [
            ("username", json!("ab")),
            ("username", json!("two words")),
            ("email", json!("nowhere")),
            ("password", json!("short")),
            ("password", json!("x".repeat(129))),
            ("display_name", json!("")),
            ("display_name", json!("x".repeat(81))),
            ("locale", json!("en_US")),
            ("admin", json!(true)),
            ("username", json!(7)),
        ] {
            let mut body = newcomer(world);
            body[field] = value.clone();
            assert_eq!(world.api.post("/v1/users", &body).send().await.field(), field, "{value}");
        }
        for field in ["username", "email", "password"] {
            let mut body = newcomer(world);
            body.as_object_mut().expect("an object").remove(field);
            assert_eq!(world.api.post("/v1/users", &body).send().await.field(), field);
        }
    });
}

#[test]
fn who_waits_is_told_when_the_profile_can_be_read() {
    in_shared_world(async |world| {
        let answer = world.api.post("/v1/users", &newcomer(world)).wait(5).send().await;
        answer.json(201);
        assert_eq!(answer.headers["preference-applied"], "wait");
    });
}
