//! Input that nobody should send: every piece is refused with a 4xx that names the field, and nothing of it is done.

use reqwest::Method;
use serde_json::{Value, json};
use test_support::answer::send;
use test_support::person::{batch, messages};
use test_support::{Answer, Item, Person, Room, System};

/// What is sent, and the field that the refusal must name.
type Case = (&'static str, Vec<u8>, &'static str);

const MIB: usize = 1024 * 1024;

fn raw(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

fn message(text: &str) -> Vec<u8> {
    json!({"text": text}).to_string().into_bytes()
}

fn single_messages() -> Vec<Case> {
    vec![
        ("nothing", vec![], ""),
        ("no JSON", raw("text=hello"), ""),
        ("an unfinished object", raw(r#"{"text":"a""#), ""),
        ("two values", raw(r#"{"text":"a"}{"text":"b"}"#), ""),
        ("null", raw("null"), ""),
        ("an array", raw(r#"["a"]"#), ""),
        ("an empty object", raw("{}"), "text"),
        ("a number", raw(r#"{"text":5}"#), "text"),
        ("null text", raw(r#"{"text":null}"#), "text"),
        ("a field twice", raw(r#"{"text":"a","text":"b"}"#), ""),
        ("an unknown field", raw(r#"{"text":"a","colour":"red"}"#), "colour"),
        ("empty text", message(""), "text"),
        ("blank text", message(" \n\t\u{3000}"), "text"),
        ("NUL", message("a\0b"), "text"),
        ("a lone high surrogate", raw(r#"{"text":"\ud800"}"#), "text"),
        ("a lone low surrogate", raw(r#"{"text":"a\udc00b"}"#), "text"),
        ("bad UTF-8", b"{\"text\":\"\xff\xfe\"}".to_vec(), "text"),
        ("a surrogate as UTF-8", b"{\"text\":\"\xed\xa0\x80\"}".to_vec(), "text"),
        ("an overlong form", b"{\"text\":\"\xc0\xaf\"}".to_vec(), "text"),
        ("a byte too long", message(&"x".repeat(8 * 1024 + 1)), "text"),
        ("too long in bytes, not in characters", message(&"한".repeat(2731)), "text"),
        ("a reply to no id", raw(r#"{"text":"a","reply_to":"yesterday"}"#), "reply_to"),
        ("an id in braces", raw(r#"{"text":"a","reply_to":"{01890000-0000-7000-8000-000000000000}"}"#), "reply_to"),
        ("a long reference", json!({"text": "a", "client_ref": "r".repeat(65)}).to_string().into_bytes(), "client_ref"),
        ("a reference with NUL", json!({"text": "a", "client_ref": "\0"}).to_string().into_bytes(), "client_ref"),
        ("deep nesting", raw(&format!("{{\"text\":{}", "[".repeat(100_000))), ""),
    ]
}

fn batches() -> Vec<Case> {
    let of = |texts: Vec<Value>| json!({"messages": texts}).to_string().into_bytes();
    let good = || json!({"text": "good"});
    let mut with_a_bad_one: Vec<Value> = (0..20).map(|_| good()).collect();
    with_a_bad_one.push(json!({"text": ""}));
    vec![
        ("no batch", raw("{}"), "messages"),
        ("an empty batch", of(vec![]), "messages"),
        ("501 messages", of(vec![good(); 501]), "messages"),
        ("a bad one at the end", of(with_a_bad_one), "messages[20].text"),
        ("a bad one among good ones", of(vec![good(), json!({"text": "a\0"}), good()]), "messages[1].text"),
        ("a wrong type", of(vec![good(), json!({"text": []})]), "messages[1].text"),
        ("a string for a message", of(vec![good(), json!("good")]), "messages[1]"),
        ("an unknown field", of(vec![json!({"text": "good", "seq": 1})]), "messages[0].seq"),
        ("too long a one", of(vec![good(), json!({"text": "x".repeat(8193)})]), "messages[1].text"),
        ("a bad surrogate", raw(r#"{"messages":[{"text":"good"},{"text":"\udfff"}]}"#), "messages[1].text"),
    ]
}

async fn post_raw(person: &Person, path: &str, body: Vec<u8>) -> Answer {
    send(person.request(Method::POST, path).header("content-type", "application/json").body(body)).await
}

/// 4xx, the one shape of errors, the field named.
fn assert_refused(what: &str, answer: Answer, field: &str) {
    assert!((400..500).contains(&answer.status), "{what}: {answer}");
    assert!(![401, 403, 404, 429].contains(&answer.status), "{what}: {answer}");
    let answer = answer.is_problem();
    if !field.is_empty() {
        assert_eq!(answer.body["field"], field, "{what}: {answer}");
    }
}

async fn assert_untouched(person: &Person, room: &Room) {
    let end = person.say(room, "the end").await;
    let page = person.page(room, &[("limit", "1000"), ("at_least", &end.position)]).await;
    let texts: Vec<_> = page.items.iter().map(Item::text).collect();
    assert_eq!(texts, ["the end"], "something of what was refused was done");
}

#[tokio::test]
async fn bad_messages_are_refused_whole() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let room = owner.group("Strict").await;
    for (what, body, field) in single_messages() {
        assert_refused(what, post_raw(&owner, &messages(&room), body).await, field);
    }
    for (what, body, field) in batches() {
        assert_refused(what, post_raw(&owner, &batch(&room), body).await, field);
    }
    assert_untouched(&owner, &room).await;
}

#[tokio::test]
async fn too_large_or_of_another_kind_is_not_read() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let room = owner.group("Small").await;
    let _ = post_raw(&owner, &batch(&room), message(&"x".repeat(MIB))).await.problem(413, "payload-too-large");
    // The same without saying beforehand how much there is.
    let chunks = (0..64).map(|_| Ok::<_, std::io::Error>(vec![b'x'; MIB / 32]));
    let body = reqwest::Body::wrap_stream(futures::stream::iter(chunks));
    let request = owner.request(Method::POST, &batch(&room)).header("content-type", "application/json").body(body);
    // The server may hang up on who goes on sending (RFC 9110, 15.5.14); what matters is that it does not read on. A client
    // of its own, so that nobody else is given the connection that ends.
    match reqwest::Client::new().execute(request.build().expect("a request")).await {
        Ok(answer) => assert_eq!(answer.status(), 413),
        Err(error) => assert!(!error.is_timeout(), "{error}"),
    }
    for other in ["text/plain", "application/x-www-form-urlencoded", "application/xml"] {
        let request = owner.request(Method::POST, &messages(&room)).header("content-type", other);
        let _ = send(request.body(message("hello"))).await.problem(415, "unsupported-media-type");
    }
    assert_untouched(&owner, &room).await;
}

#[tokio::test]
async fn bad_keys_and_paths_are_refused() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let room = owner.group("Keys").await;
    for key in ["", &"k".repeat(256)] {
        let refused = owner.post_once(&messages(&room), key, &json!({"text": "hello"})).await;
        assert_refused("a bad key", refused, "Idempotency-Key");
    }
    let body = json!({"text": "hello"});
    for id in ["x", "%00", "..%2f..", "00000000000000000000000000000000", &"9".repeat(4000)] {
        let answer = owner.post(&format!("/v1/rooms/{id}/messages"), &body).await;
        assert!([400, 404, 414].contains(&answer.status), "{id}: {answer}");
        let _ = answer.is_problem();
    }
    let _ = send(owner.request(Method::PATCH, &messages(&room))).await.problem(405, "method-not-allowed");
    let _ = owner.get("/v1/no-such-thing").await.problem(404, "not-found");
    assert_untouched(&owner, &room).await;
}

#[tokio::test]
async fn bad_queries_are_refused_by_name() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let room = owner.group("Queries").await;
    let other = owner.group("Another").await;
    let (_, position) = owner.say_all(&other, &["a".into(), "b".into()]).await;
    let foreign = owner.page(&other, &[("limit", "1"), ("at_least", &position)]).await.next.expect("there is more");
    let cases: &[(&str, &str)] = &[
        ("limit", "0"),
        ("limit", "1001"),
        ("limit", "-1"),
        ("limit", "1e2"),
        ("limit", ""),
        ("limit", "99999999999999999999"),
        ("before", "nonsense"),
        ("after", ""),
        ("before", &foreign),
        ("after", &foreign),
        ("around", "newest"),
        ("from", "yesterday"),
        ("to", "2026-13-01T00:00:00Z"),
        ("at_least", "nonsense"),
        ("colour", "red"),
    ];
    for (name, value) in cases {
        let refused = owner.ask_page(&room, &[(name, value)]).await.is_problem();
        assert_eq!(refused.status, 400, "{name}={value}: {refused}");
        assert_eq!(refused.body["field"], *name, "{name}={value}: {refused}");
    }
    let refused = owner.ask_page(&room, &[("limit", "1001")]).await.problem(400, "limit-exceeded");
    assert_eq!(refused.body["limit"], 1000);
    let cursor = foreign.as_str();
    let both = owner.ask_page(&other, &[("before", cursor), ("after", cursor)]).await.is_problem();
    assert_eq!(both.status, 400, "{both}");
    let twice = owner.ask_page(&room, &[("limit", "5"), ("limit", "6")]).await.is_problem();
    assert_eq!(twice.status, 400, "{twice}");
    assert_untouched(&owner, &room).await;
}

#[tokio::test]
async fn bad_rooms_and_accounts_are_refused() {
    let system = System::shared().await;
    let owner = system.person("owner").await;
    let too_many: Vec<_> = (0..501_u128).map(uuid::Uuid::from_u128).collect();
    let rooms = [
        (json!({"name": "x"}), "kind"),
        (json!({"kind": "castle", "name": "x"}), "kind"),
        (json!({"kind": "channel"}), "name"),
        (json!({"kind": "group", "name": ""}), "name"),
        (json!({"kind": "group", "name": "n".repeat(81)}), "name"),
        (json!({"kind": "group", "name": "a\nb"}), "name"),
        (json!({"kind": "group", "name": "x", "join_rule": "by_force"}), "join_rule"),
        (json!({"kind": "group", "name": "x", "members": too_many}), "members"),
        (json!({"kind": "group", "name": "x", "members": ["somebody"]}), "members[0]"),
        (json!({"kind": "direct"}), "members"),
        (json!({"kind": "direct", "members": [owner.id]}), "members"),
        (json!({"kind": "group", "name": "x", "room_id": owner.id}), "room_id"),
    ];
    for (body, field) in rooms {
        assert_refused(&body.to_string(), owner.post("/v1/rooms", &body).await, field);
    }
    let account = |name: &str, value: Value| {
        let mut body = json!({
            "username": "a-name-that-is-free",
            "email": "a-name-that-is-free@example.org",
            "password": "correct horse battery",
        });
        body[name] = value;
        body
    };
    let accounts = [
        ("username", json!("ab")),
        ("username", json!("two words")),
        ("username", json!("u".repeat(33))),
        ("username", json!("nul\0nul")),
        ("email", json!("nowhere")),
        ("email", json!(null)),
        ("password", json!("short")),
        ("password", json!("p".repeat(2000))),
        ("display_name", json!("d".repeat(81))),
        ("locale", json!("not a language")),
        ("roles", json!(["admin"])),
    ];
    for (field, value) in accounts {
        let body = account(field, value);
        assert_refused(&body.to_string(), system.api(0).post("/v1/users", &body).await, field);
    }
    // None of the attempts has taken the name.
    let _ = system
        .api(0)
        .post("/v1/sessions", &json!({"username": "a-name-that-is-free", "password": "correct horse battery"}))
        .await
        .problem(401, "invalid-credentials");
}
