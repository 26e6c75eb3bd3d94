//! Every operation of the platform's own document is refused to whoever proves nothing, and every other method is refused
//! to everybody. The document drives these tests: an operation that is neither public nor refused makes them fail.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::json;
use test_support::person::messages;
use test_support::retry::Command;
use test_support::{Document, Forger, Person, Places, System};
use uuid::Uuid;

/// What needs no credentials. Everything else does; to add a line here is to decide that everybody may.
const PUBLIC: &[&str] = &[
    "GET /.well-known/jwks.json",
    "GET /v1/registrations/{registration}",
    "GET /v1/registrations/{registration}/events",
    "POST /v1/password/forgot",
    "POST /v1/password/reset",
    "POST /v1/sessions",
    "POST /v1/sessions/refresh",
    "POST /v1/users",
    "POST /v1/users/verify",
    "POST /v1/users/verify/resend",
];

/// Pages beside the API that are no part of its document, open to everybody.
const PUBLIC_PAGES: &[&str] = &["/", "/openapi.json", "/docs", "/docs/docs.js"];

/// Pages for operators, which are never on this port.
const ELSEWHERE: &[&str] = &["/metrics", "/readyz", "/healthz", "/admin"];

/// Real places: somebody's room, their message in it, themselves.
async fn places(owner: &Person) -> Places {
    let room = owner.group("Closed").await;
    let (method, path, key) = (Method::POST, messages(&room), "for members".to_owned());
    // Repeated while the tables are behind: nothing here is about time.
    let say = Command { method, path, key, body: Some(json!({"text": "for members"})) };
    let said = say.retry(owner, || {}).await.id("message_id");
    let places = Places::default().with("room", &room.id).with("id", &said).with("user", &owner.id);
    let places = places.with("key", &room.id);
    places.with("emoji", "%F0%9F%8E%89").with("registration", &Uuid::nil())
}

#[tokio::test]
async fn what_is_open_to_everybody_is_on_the_list() {
    let system = System::shared().await;
    let operations = Document::of(&system.api(0)).await.operations();
    let open: BTreeSet<String> =
        operations.iter().filter(|operation| !operation.secured).map(test_support::Operation::name).collect();
    let unknown: Vec<_> = open.iter().filter(|name| !PUBLIC.contains(&name.as_str())).collect();
    assert!(unknown.is_empty(), "decide about these, they are open to everybody: {unknown:?}");
    for operation in operations.iter().filter(|operation| operation.secured) {
        let name = operation.name();
        assert!(!PUBLIC.contains(&name.as_str()), "{name} is on the list of what is public, but wants a token");
    }
    for page in PUBLIC_PAGES {
        let _ = system.api(1).get(page).await.expect(200);
    }
    for page in ELSEWHERE {
        let _ = system.api(0).get(page).await.problem(404, "not-found");
    }
}

#[tokio::test]
async fn every_other_operation_refuses_without_good_credentials() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let places = places(&owner).await;
    let forger = Forger::of(&system, &owner).await;
    let tokens = [
        ("no token", None),
        ("an empty token", Some(String::new())),
        ("nonsense", Some("nonsense".to_owned())),
        ("an expired token", Some(forger.expired())),
        ("a token of a foreign key", Some(forger.foreign())),
    ];
    let mut refused = 0;
    let mut replica = 0;
    for operation in Document::of(&system.api(0)).await.operations() {
        if PUBLIC.contains(&operation.name().as_str()) {
            continue;
        }
        for (what, token) in &tokens {
            let answer = operation.call(&system.api(replica), token.as_deref(), &places).await;
            assert_eq!(answer.status, 401, "{} with {what}: {answer}", operation.name());
            assert!(answer.header("www-authenticate").is_some(), "{answer}");
            let _ = answer.problem(401, "unauthorized");
            replica = 1 - replica;
        }
        refused += 1;
        // Neither may a query stand for the header.
        let path = format!("{}?access_token={}", places.fill(&operation.path), owner.token);
        let _ = operation.call_at(&system.api(0), None, &path).await.problem(401, "unauthorized");
    }
    assert!(refused > 10, "only {refused} operations are refused");
}

#[tokio::test]
async fn what_administrators_do_is_refused_to_everybody_else() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let places = places(&owner).await;
    let mut refused = 0;
    for operation in Document::of(&system.api(0)).await.operations() {
        if operation.path.starts_with("/v1/admin/") {
            let _ = operation.call(&owner.api, Some(&owner.token), &places).await.problem(403, "forbidden");
            refused += 1;
        }
    }
    assert!(refused >= 4, "only {refused} operations are of administrators");
}

#[tokio::test]
async fn methods_that_the_document_does_not_name_are_refused() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let places = places(&owner).await;
    for (method, path) in Document::of(&system.api(0)).await.absent() {
        let request = owner.request(method, &places.fill(&path));
        let answer = test_support::answer::send(request).await.problem(405, "method-not-allowed");
        assert!(answer.header("allow").is_some(), "says what it takes: {answer}");
    }
}
