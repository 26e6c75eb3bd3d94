//! Sessions on two replicas: what ends them is felt at both, the log is told, and keys change without anybody noticing.

use std::time::Duration;

use event_schema::{Payload, Topic};
use reqwest::Method;
use serde_json::{Value, json};
use test_support::answer::send;
use test_support::forger::decoded;
use test_support::person::PASSWORD;
use test_support::{Answer, Person, System, wait_for_within};

const PATIENCE: Duration = Duration::from_secs(30);

async fn log_in(system: &System, replica: usize, person: &Person, password: &str) -> Answer {
    system.api(replica).post("/v1/sessions", &json!({"username": person.username, "password": password})).await
}

async fn refresh(system: &System, replica: usize, session: &Answer) -> Answer {
    let token = session.field("refresh_token");
    system.api(replica).post("/v1/sessions/refresh", &json!({"refresh_token": token})).await
}

async fn me(system: &System, replica: usize, token: &str) -> u16 {
    send(system.api(replica).request(Method::GET, "/v1/me").bearer_auth(token)).await.status
}

async fn call(system: &System, replica: usize, token: &str, (method, path): (Method, &str), body: &Value) -> u16 {
    let request = system.api(replica).request(method, path).bearer_auth(token);
    let request = if body.is_null() { request } else { request.json(body) };
    send(request).await.status
}

async fn ended_at_both(system: &System, token: &str) {
    for replica in [0, 1] {
        wait_for_within("the token does not count", PATIENCE, async || {
            (me(system, replica, token).await == 401).then_some(())
        })
        .await;
    }
}

/// What the log says of the security of somebody's account, when it says so much.
async fn told(system: &System, person: &Person, count: usize) -> Vec<(String, Option<String>)> {
    let key = person.id.to_string();
    wait_for_within("the log is told", PATIENCE, async || {
        let log = system.log().await;
        let records = log.iter().filter(|record| record.topic == Topic::Admin && record.key == key);
        let mut told = Vec::new();
        for record in records {
            let text = format!("{:?} {}", record.headers, String::from_utf8_lossy(&record.value));
            assert!(!text.contains("127.0.0.1") && !text.contains(&person.username), "personal data: {text}");
            if let Payload::SecurityRecorded(recorded) = record.event().payload {
                told.push((recorded.action, recorded.session_id.map(|id| id.to_string())));
            }
        }
        (told.len() >= count).then_some(told)
    })
    .await
}

#[tokio::test]
async fn what_ends_a_session_is_felt_at_both_replicas_and_told() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    // Used twice: by its owner, and by whoever has stolen it.
    let stolen = log_in(&system, 0, &owner, PASSWORD).await.expect(200);
    let next = refresh(&system, 1, &stolen).await.expect(200);
    assert_eq!(me(&system, 0, next.field("access_token")).await, 200);
    let _ = refresh(&system, 0, &stolen).await.problem(401, "invalid-credentials");
    let _ = refresh(&system, 1, &next).await.problem(401, "invalid-credentials");
    ended_at_both(&system, next.field("access_token")).await;
    ended_at_both(&system, stolen.field("access_token")).await;
    assert_eq!(me(&system, 1, &owner.token).await, 200, "other sessions go on");

    let body = json!({"current_password": PASSWORD, "new_password": "another horse entirely"});
    assert_eq!(call(&system, 1, &owner.token, (Method::PUT, "/v1/me/password"), &body).await, 204);
    assert_eq!(me(&system, 1, &owner.token).await, 401, "at once where it was changed");
    ended_at_both(&system, &owner.token).await;
    let _ = log_in(&system, 0, &owner, PASSWORD).await.problem(401, "invalid-credentials");
    let back = log_in(&system, 0, &owner, "another horse entirely").await.expect(200);
    for replica in [0, 1] {
        assert_eq!(me(&system, replica, back.field("access_token")).await, 200);
    }
    let token = back.field("access_token");
    assert_eq!(call(&system, 0, token, (Method::DELETE, "/v1/sessions"), &Value::Null).await, 204);
    ended_at_both(&system, token).await;

    let session = decoded(stolen.field("access_token").split('.').nth(1).expect("claims"))["sid"].clone();
    let session = session.as_str().expect("a session").to_owned();
    let told = told(&system, &owner, 3).await;
    let expected = [("refresh_token_reused", Some(session)), ("password_changed", None), ("sessions_ended", None)];
    assert_eq!(told, expected.map(|(action, session)| (action.to_owned(), session)));
}

#[tokio::test]
async fn guessing_is_slowed_and_told_once() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    // The address is known: everybody here comes from this machine.
    let mut refused = 0;
    for n in 0..14 {
        let answer = log_in(&system, n % 2, &owner, "not that horse at all").await;
        if answer.status == 429 {
            assert!(answer.header("retry-after").is_some(), "{answer}");
            refused += 1;
        } else {
            let _ = answer.problem(401, "invalid-credentials");
        }
    }
    assert!(refused >= 3, "only {refused} were refused");
    assert_eq!(told(&system, &owner, 1).await, [("log_in_throttled".to_owned(), None)]);
    assert_eq!(me(&system, 0, &owner.token).await, 200, "who is in stays in");
}

#[tokio::test]
async fn keys_change_and_nobody_is_logged_out() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let kid = |token: &str| {
        let header = decoded(token.split('.').next().expect("a header"));
        header["kid"].as_str().expect("a key").to_owned()
    };
    let program = &system.instance.program;
    let said = program.run(&["keys", "rotate", "--now"]);
    let new = said.split(' ').next().expect("a key").to_owned();
    // Some replica signs with it within seconds; the other takes what it signs, though it may not have heard yet.
    let session = wait_for_within("the new key signs", PATIENCE, async || {
        let session = log_in(&system, 0, &owner, PASSWORD).await.expect(200);
        (kid(session.field("access_token")) == new).then_some(session)
    })
    .await;
    for token in [session.field("access_token"), owner.token.as_str()] {
        for replica in [1, 0] {
            assert_eq!(me(&system, replica, token).await, 200);
        }
    }
    let _ = refresh(&system, 1, &session).await.expect(200);
    for replica in [0, 1] {
        wait_for_within("both keys are published", PATIENCE, async || {
            let keys = system.api(replica).get("/.well-known/jwks.json").await.expect(200);
            let keys = keys.body["keys"].as_array().expect("keys").clone();
            let names: Vec<_> = keys.iter().filter_map(|key| key["kid"].as_str()).collect();
            (names.contains(&new.as_str()) && names.contains(&kid(&owner.token).as_str())).then_some(())
        })
        .await;
    }
    let listed = program.run(&["keys", "list", "--json"]);
    let state = |kid: &str| {
        let mut keys = listed.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        keys.find(|key| key["kid"] == kid).map(|key| key["state"].clone())
    };
    assert_eq!(state(&new), Some("signing".into()));
    assert_eq!(state(&kid(&owner.token)), Some("retired".into()));
    assert!(!listed.contains("seed"), "what signs is not shown");
    wait_for_within("the log is told", PATIENCE, async || {
        let log = system.log().await;
        let rotated = log.iter().filter(|record| record.topic == Topic::Admin).any(|record| {
            matches!(record.event().payload, Payload::AdminActionTaken(act)
                if act.action == "keys_rotated" && act.target.as_deref() == Some(new.as_str()))
        });
        rotated.then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_new_key_is_published_before_it_signs() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let said = system.instance.program.run(&["keys", "rotate"]);
    let new = said.split(' ').next().expect("a key").to_owned();
    for replica in [0, 1] {
        wait_for_within("the key is published", PATIENCE, async || {
            let keys = system.api(replica).get("/.well-known/jwks.json").await.expect(200);
            keys.text.contains(&new).then_some(())
        })
        .await;
    }
    assert_eq!(me(&system, 1, &owner.token).await, 200);
}
