//! Logging in, staying logged in, logging out.

use event_schema::UserId;
use futures::future::join_all;
use serde_json::{Value, json};

use super::api::Reply;
use super::given::{World, in_shared_world};

pub const PASSWORD: &str = "correct horse";

/// Somebody who signed up.
pub struct Member {
    pub user: UserId,
    pub username: String,
    pub email: String,
}

pub async fn member(world: &World) -> Member {
    let name = world.id().simple().to_string();
    let (username, email) = (name[..30].to_owned(), format!("{name}@example.org"));
    let body = json!({"username": username, "email": email, "password": PASSWORD});
    let answer = world.api.post("/v1/users", &body).send().await.json(202);
    let user = answer["user_id"].as_str().expect("an id").parse().expect("an id");
    Member { user, username, email }
}

pub async fn log_in(world: &World, member: &Member) -> Value {
    let body = json!({"username": member.username, "password": PASSWORD});
    world.api.post("/v1/sessions", &body).send().await.json(200)
}

pub async fn refresh(world: &World, token: &Value) -> Reply {
    world.api.post("/v1/sessions/refresh", &json!({"refresh_token": token})).send().await
}

#[test]
fn one_logs_in_by_name_or_address() {
    in_shared_world(async |world| {
        let member = member(world).await;
        for body in [
            json!({"username": member.username, "password": PASSWORD}),
            json!({"username": member.username.to_uppercase(), "password": PASSWORD}),
            json!({"email": member.email, "password": PASSWORD}),
            json!({"username": member.email, "password": PASSWORD}),
        ] {
            let reply = world.api.post("/v1/sessions", &body).send().await;
            let session = reply.json(200);
            assert_eq!(reply.headers["cache-control"], "no-store");
            assert_eq!((&session["token_type"], &session["expires_in"]), (&json!("Bearer"), &json!(600)));
            let token = session["access_token"].as_str().expect("a token");
            let caller = api_kit::Caller::of_token(&world.test.api, token).await.expect("a caller");
            assert_eq!(caller.user_id, member.user);
        }
    });
}

#[test]
fn a_wrong_password_and_an_unknown_name_get_the_same_answer() {
    in_shared_world(async |world| {
        let member = member(world).await;
        let mut bodies = Vec::new();
        for body in [
            json!({"username": member.username, "password": "wrong horse"}),
            json!({"username": "nobody-at-all", "password": PASSWORD}),
            json!({"email": "nobody@example.org", "password": PASSWORD}),
        ] {
            let reply = world.api.post("/v1/sessions", &body).send().await;
            assert_eq!(reply.problem(401), "invalid-credentials");
            let mut body = reply.json(401);
            body.as_object_mut().expect("an object").remove("request_id");
            bodies.push(body);
        }
        assert_eq!(bodies[0], bodies[1]);
        assert_eq!(bodies[0], bodies[2]);
        for body in [json!({"password": PASSWORD}), json!({"username": "a", "email": "b", "password": PASSWORD})] {
            assert_eq!(world.api.post("/v1/sessions", &body).send().await.field(), "username");
        }
    });
}

#[test]
fn a_closed_account_does_not_log_in() {
    in_shared_world(async |world| {
        let member = member(world).await;
        let session = log_in(world, &member).await;
        sqlx::query("update identity.accounts set status = 'deactivated' where user_id = $1")
            .bind(member.user.0)
            .execute(world.db())
            .await
            .expect("deactivated");
        let body = json!({"username": member.username, "password": PASSWORD});
        assert_eq!(world.api.post("/v1/sessions", &body).send().await.problem(401), "invalid-credentials");
        assert_eq!(refresh(world, &session["refresh_token"]).await.problem(401), "invalid-credentials");
    });
}

#[test]
fn a_refresh_token_is_taken_once_and_its_reuse_ends_the_session() {
    in_shared_world(async |world| {
        let member = member(world).await;
        let other_session = log_in(world, &member).await;
        let first = log_in(world, &member).await;
        let second = refresh(world, &first["refresh_token"]).await.json(200);
        assert_ne!(second["refresh_token"], first["refresh_token"]);
        // Whoever brings the first again has stolen it, or was stolen from.
        assert_eq!(refresh(world, &first["refresh_token"]).await.problem(401), "invalid-credentials");
        assert_eq!(refresh(world, &second["refresh_token"]).await.problem(401), "invalid-credentials");
        refresh(world, &other_session["refresh_token"]).await.json(200);
    });
}

#[test]
fn of_many_who_bring_a_token_at_once_one_gets_the_next() {
    in_shared_world(async |world| {
        let session = log_in(world, &member(world).await).await;
        let replies = join_all((0..8).map(|_| refresh(world, &session["refresh_token"]))).await;
        let taken = replies.iter().filter(|reply| reply.status == 200).count();
        assert_eq!(taken, 1);
    });
}

#[test]
fn the_session_stays_the_same_while_tokens_change() {
    in_shared_world(async |world| {
        let first = log_in(world, &member(world).await).await;
        let second = refresh(world, &first["refresh_token"]).await.json(200);
        let session = async |tokens: &Value| {
            let token = tokens["access_token"].as_str().expect("a token");
            api_kit::Caller::of_token(&world.test.api, token).await.expect("a caller").session_id
        };
        assert_eq!(session(&first).await, session(&second).await);
    });
}

#[test]
fn logging_out_ends_the_session_and_everywhere_ends_all() {
    in_shared_world(async |world| {
        let member = member(world).await;
        let sessions = [log_in(world, &member).await, log_in(world, &member).await, log_in(world, &member).await];
        let access = |n: usize| sessions[n]["access_token"].as_str().expect("a token");
        let out = world.api.call("DELETE", "/v1/sessions/current").bearer(access(0)).send().await;
        assert_eq!(out.status, 204);
        assert_eq!(refresh(world, &sessions[0]["refresh_token"]).await.problem(401), "invalid-credentials");
        let next = refresh(world, &sessions[1]["refresh_token"]).await.json(200);
        let out = world.api.call("DELETE", "/v1/sessions").bearer(access(2)).send().await;
        assert_eq!(out.status, 204);
        for token in [&next["refresh_token"], &sessions[2]["refresh_token"]] {
            assert_eq!(refresh(world, token).await.problem(401), "invalid-credentials");
        }
    });
}

#[test]
fn what_is_no_token_is_refused() {
    in_shared_world(async |world| {
        for token in ["", "x", &"A".repeat(86), "ключ"] {
            assert_eq!(refresh(world, &json!(token)).await.problem(401), "invalid-credentials", "{token}");
        }
    });
}

#[test]
fn everybody_can_fetch_the_keys() {
    in_shared_world(async |world| {
        let keys = world.api.call("GET", "/.well-known/jwks.json").send().await.json(200);
        assert_eq!((&keys["keys"][0]["kty"], &keys["keys"][0]["crv"]), (&json!("OKP"), &json!("Ed25519")));
        assert!(keys["keys"][0]["d"].is_null(), "no secrets");
    });
}
