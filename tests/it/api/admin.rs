//! `chatlog admin` as it is run, beside a platform: what changes, what the log is told, what a suspended account cannot do.

use std::time::Duration;

use event_schema::{Payload, Topic};
use serde_json::{Value, json};
use test_support::person::PASSWORD;
use test_support::{Answer, Person, System, wait_for_within};

const PATIENCE: Duration = Duration::from_secs(30);

/// What it printed; it must have ended well.
fn admin(system: &System, arguments: &[&str]) -> String {
    system.instance.program.run(&[&["admin"], arguments].concat())
}

/// What it complained about; it must have failed.
fn refused(system: &System, arguments: &[&str]) -> String {
    let output = system.instance.program.output(&[&["admin"], arguments].concat());
    assert!(!output.status.success(), "{arguments:?} was taken");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn shown(system: &System, user: &str) -> Value {
    serde_json::from_str(&admin(system, &["show", user])).expect("JSON")
}

/// The acts about somebody, in the order of the log, when there are so many.
async fn acts(system: &System, person: &Person, count: usize) -> Vec<String> {
    wait_for_within("the acts are in the log", PATIENCE, async || {
        let records = system.log().await;
        let events =
            records.iter().filter(|record| record.topic == Topic::Admin).map(test_support::log::LogRecord::event);
        let mut acts = Vec::new();
        for event in events {
            let act = match event.payload {
                Payload::AdminActionTaken(act) => act,
                Payload::SecurityRecorded(_) => continue,
                _ => panic!("another event in chat.admin: {event:?}"),
            };
            if act.target == Some(person.id.to_string()) {
                assert_eq!(act.details["user_id"], person.id.to_string());
                assert!(!format!("{act:?}").contains(&person.username), "personal data in the log: {act:?}");
                acts.push(act.action);
            }
        }
        (acts.len() >= count).then_some(acts)
    })
    .await
}

async fn log_in(system: &System, person: &Person) -> Answer {
    system.api(1).post("/v1/sessions", &json!({"username": person.username, "password": PASSWORD})).await
}

async fn refresh(system: &System, session: &Answer) -> Answer {
    let token = session.field("refresh_token");
    system.api(1).post("/v1/sessions/refresh", &json!({"refresh_token": token})).await
}

#[tokio::test]
async fn a_role_is_given_and_taken_once_and_told() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    // By name, whatever its case, and by id.
    let said = admin(&system, &["grant", &owner.username.to_uppercase(), "admin"]);
    assert!(said.contains("has the role") && !said.contains("as before"), "{said}");
    assert!(admin(&system, &["grant", &owner.id.to_string(), "admin"]).contains("as before"));
    assert_eq!(shown(&system, &owner.username)["roles"], json!(["admin"]));
    let _ = admin(&system, &["revoke", &owner.username, "admin"]);
    assert_eq!(shown(&system, &owner.id.to_string())["roles"], json!([]));
    assert_eq!(acts(&system, &owner, 2).await, ["role_granted", "role_revoked"]);
    assert!(refused(&system, &["grant", &owner.username, "emperor"]).contains("emperor"));
    assert!(refused(&system, &["grant", "nobody-at-all", "admin"]).contains("there is no account nobody-at-all"));
}

#[tokio::test]
async fn accounts_are_listed_by_name() {
    let system = System::shared().await;
    let mut people = Vec::new();
    for _ in 0..3 {
        people.push(system.person("listed").await);
    }
    let lines = admin(&system, &["users", "--prefix", "LISTED-", "--json"]);
    let names: Vec<String> = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["username"].as_str().expect("a name").to_owned())
        .collect();
    assert!(names.is_sorted(), "{names:?}");
    assert!(people.iter().all(|person| names.contains(&person.username)), "{names:?}");
    let table = admin(&system, &["users", "--prefix", &people[0].username]);
    assert_eq!(table.lines().count(), 2, "{table}");
    assert!(table.contains(&people[0].id.to_string()) && table.contains("registered"), "{table}");
    assert!(!lines.contains("@example.org") && !lines.contains("argon2"), "more than is needed: {lines}");
}

#[tokio::test]
async fn a_suspended_account_neither_logs_in_nor_refreshes() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let session = log_in(&system, &owner).await.expect(200);
    let said = admin(&system, &["suspend", &owner.username, "--reason", "Wrote to everybody"]);
    assert!(said.contains("is suspended"), "{said}");
    // Access tokens end with it, on both replicas.
    for replica in [0, 1] {
        let reader = owner.at(system.api(replica));
        wait_for_within("the access token does not count", PATIENCE, async || {
            (reader.get("/v1/me").await.status == 401).then_some(())
        })
        .await;
    }
    // Like a wrong password: whether there is such an account is nobody's business.
    let wrong = json!({"username": owner.username, "password": "wrong horse battery"});
    let as_if_wrong = system.api(1).post("/v1/sessions", &wrong).await.problem(401, "invalid-credentials");
    let suspended = log_in(&system, &owner).await.problem(401, "invalid-credentials");
    assert_eq!(suspended.body["title"], as_if_wrong.body["title"]);
    assert_eq!(suspended.body.get("detail"), as_if_wrong.body.get("detail"));
    let _ = refresh(&system, &session).await.problem(401, "invalid-credentials");
    let account = shown(&system, &owner.username);
    assert_eq!((&account["status"], &account["suspended_reason"]), (&json!("suspended"), &json!("Wrote to everybody")));
    assert!(admin(&system, &["suspend", &owner.username]).contains("as before"));

    let _ = admin(&system, &["unsuspend", &owner.username]);
    assert_eq!(shown(&system, &owner.username)["status"], "registered");
    // What was ended stays ended; a new session begins.
    let _ = owner.get("/v1/me").await.problem(401, "unauthorized");
    let _ = refresh(&system, &session).await.problem(401, "invalid-credentials");
    let session = log_in(&system, &owner).await.expect(200);
    let _ = refresh(&system, &session).await.expect(200);
    assert_eq!(acts(&system, &owner, 2).await, ["account_suspended", "account_unsuspended"]);
    let log = system.log().await;
    let told = log.iter().any(|record| String::from_utf8_lossy(&record.value).contains("Wrote to everybody"));
    assert!(!told, "the reason is not for the log");
}
