//! What still works while Redis is away.

use serde_json::json;

use super::api::Api;
use super::given::{World, event_id, in_shared_world};

/// The same platform with a Redis that does not answer.
async fn without_redis(world: &World) -> Api {
    let mut settings = world.test.settings.clone();
    // Nobody listens on the discard port.
    settings.redis.redis_url = "redis://127.0.0.1:9".to_owned().into();
    let platform = test_support::connect_api(&settings, &test_support::api_settings()).await.expect("a platform");
    Api::start(&platform).await
}

#[test]
fn commands_do_without_stored_answers() {
    in_shared_world(async |world| {
        let api = without_redis(world).await;
        let owner = world.new_user();
        let room = world.group_of(owner).await;
        let id = event_id(owner, "POST /v1/rooms/{room}/messages", &room, "k", 0);
        for _ in 0..3 {
            let call = api.post(&format!("/v1/rooms/{room}/messages"), &json!({"text": "once"})).by(owner).key("k");
            assert_eq!(call.send().await.json(202)["message_id"], json!(id), "the fold drops repetitions by id");
        }
        let batch = api.post(&format!("/v1/rooms/{room}/messages/batch"), &json!({"messages": [{"text": "x"}]}));
        batch.by(owner).key("k").send().await.json(202);
        api.platform.drain().await;
    });
}

#[test]
fn a_repeated_sign_up_meets_its_own_account() {
    in_shared_world(async |world| {
        let api = without_redis(world).await;
        let name = world.id().simple().to_string();
        let mut body =
            json!({"username": &name[..30], "email": format!("{name}@example.org"), "password": "correct horse"});
        let first = api.post("/v1/users", &body).key("k").send().await.json(202);
        let second = api.post("/v1/users", &body).key("k").send().await.json(202);
        assert_eq!(first["user_id"], second["user_id"]);
        assert_eq!(first["registration_id"], second["registration_id"]);
        body["password"] = "not that horse".into();
        assert_eq!(api.post("/v1/users", &body).key("k").send().await.problem(422), "idempotency-key-reused");
        assert_eq!(api.post("/v1/users", &body).send().await.problem(409), "username-taken");
        api.platform.drain().await;
    });
}

#[test]
fn sessions_are_told_to_try_again() {
    in_shared_world(async |world| {
        let api = without_redis(world).await;
        let name = world.id().simple().to_string();
        let body =
            json!({"username": &name[..30], "email": format!("{name}@example.org"), "password": "correct horse"});
        let user = world.api.post("/v1/users", &body).send().await.json(202);
        let log_in = json!({"username": &name[..30], "password": "correct horse"});
        let session = world.api.post("/v1/sessions", &log_in).send().await.json(200);
        let refresh = json!({"refresh_token": session["refresh_token"]});
        let owner = user["user_id"].as_str().expect("an id").parse().expect("an id");
        for call in [
            api.post("/v1/sessions", &log_in),
            api.post("/v1/sessions/refresh", &refresh),
            api.call("DELETE", "/v1/sessions/current").by(owner),
        ] {
            let reply = call.send().await;
            assert_eq!(reply.problem(503), "unavailable");
            assert_eq!(reply.headers["retry-after"], "1");
        }
        // The token was not used up by the failure.
        let next = world.api.post("/v1/sessions/refresh", &refresh).send().await.json(200);
        let refresh = json!({"refresh_token": next["refresh_token"]});
        // What ends everything is a row: it needs nobody else.
        assert_eq!(api.call("DELETE", "/v1/sessions").by(owner).send().await.status, 204);
        assert_eq!(world.api.post("/v1/sessions/refresh", &refresh).send().await.problem(401), "invalid-credentials");
        api.platform.drain().await;
    });
}
