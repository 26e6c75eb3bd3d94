//! Refused requests name the field that is wrong.

use api_kit::extract::{Json, Path, Query};
use api_kit::problem::{OnConstraint as _, Problem};
use axum::Router;
use axum::body::Body;
use axum::response::Response;
use axum::routing::{get, post};
use http::header::CONTENT_TYPE;
use http::{Request, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use test_support::TestPlatform;
use tower::ServiceExt as _;
use uuid::Uuid;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch {
    messages: Vec<Message>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    limit: Option<u16>,
}

fn app() -> Router {
    let batch = async |Json(batch): Json<Batch>| {
        batch.messages.iter().map(|message| message.text.len()).sum::<usize>().to_string()
    };
    let page = async |Path(room): Path<Uuid>, Query(page): Query<Page>| format!("{room} {:?}", page.limit);
    Router::new().route("/batch", post(batch)).route("/rooms/{room}", get(page))
}

async fn body(response: Response) -> Value {
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.expect("a body");
    serde_json::from_slice(&bytes).unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into())
}

async fn send(content_type: &str, content: impl Into<Body>) -> (StatusCode, Value) {
    let request = Request::post("/batch").header(CONTENT_TYPE, content_type).body(content.into()).expect("a request");
    let response = app().oneshot(request).await.expect("an answer");
    (response.status(), body(response).await)
}

async fn fetch(uri: &str) -> (StatusCode, Value) {
    let request = Request::get(uri).body(Body::empty()).expect("a request");
    let response = app().oneshot(request).await.expect("an answer");
    (response.status(), body(response).await)
}

#[tokio::test]
async fn a_json_body_is_refused_by_field() {
    let json = "application/json; charset=utf-8";
    assert_eq!(send(json, r#"{"messages":[{"text":"ab"}]}"#).await, (StatusCode::OK, json!(2)));
    for (content, field) in [
        (r#"{"messages":[{"text":"a"},{"text":5}]}"#, json!("messages[1].text")),
        (r#"{"messages":[{"text":"a","colour":"red"}]}"#, json!("messages[0].colour")),
        (r#"{"messages":[{}]}"#, json!("messages[0].text")),
        (r#"{"message":[]}"#, json!("message")),
        (r#"{"messages":[],"messages":[]}"#, json!("messages")),
        (r#"{"messages":[{"text":"a","text":"b"}]}"#, json!("messages[0].text")),
        (r"{}", json!("messages")),
        (r#"{"messages":[{"text":"\ud800"}]}"#, json!("messages[0].text")),
        (r#"{"messages":[]} x"#, Value::Null),
        ("", Value::Null),
        ("[", Value::Null),
    ] {
        let (status, problem) = send(json, content).await;
        assert_eq!((status, &problem["field"]), (StatusCode::BAD_REQUEST, &field), "{content}: {problem}");
        assert_eq!(problem["type"], "urn:chatlog:problem:invalid-request");
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{content}: {problem}");
    }
    let not_utf8 = [&br#"{"messages":[{"text":""#[..], &[0xff], br#""}]}"#].concat();
    let (status, problem) = send(json, not_utf8).await;
    assert_eq!((status, &problem["field"]), (StatusCode::BAD_REQUEST, &json!("messages[0].text")), "{problem}");
}

#[tokio::test]
async fn another_media_type_is_refused() {
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""] {
        let (status, problem) = send(content_type, "{}").await;
        assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{content_type}");
        assert_eq!(problem["type"], "urn:chatlog:problem:unsupported-media-type");
    }
}

#[tokio::test]
async fn paths_and_queries_are_refused_by_name() {
    let room = Uuid::from_u128(1);
    assert_eq!(fetch(&format!("/rooms/{room}?limit=5")).await.0, StatusCode::OK);
    for (uri, field) in [
        ("/rooms/x".to_owned(), "room"),
        (format!("/rooms/{room}?limit=-1"), "limit"),
        (format!("/rooms/{room}?limit="), "limit"),
        (format!("/rooms/{room}?limti=1"), "limti"),
        (format!("/rooms/{room}?limit=1&limit=2"), "limit"),
    ] {
        let (status, problem) = fetch(&uri).await;
        assert_eq!((status, &problem["field"]), (StatusCode::BAD_REQUEST, &json!(field)), "{uri}: {problem}");
    }
}

#[tokio::test]
async fn a_violated_constraint_is_told_by_its_name() {
    let test = TestPlatform::start().await.expect("servers");
    let insert = || {
        sqlx::query(
            "insert into identity.accounts (user_id, workspace_id, kind, username, username_key, display_name, locale, status)
             values (gen_random_uuid(), $1, 'human', 'a', 'a', 'A', 'en', 'registered')",
        )
        .bind(Uuid::nil())
    };
    insert().execute(&test.api.db).await.expect("inserted");
    let taken = || Problem::new(StatusCode::CONFLICT, "username-taken", "Username taken");
    let again = insert().execute(&test.api.db).await.on_constraint("accounts_username_taken", taken);
    assert_eq!(again.expect_err("taken").slug(), "username-taken");
    let again = insert().execute(&test.api.db).await.on_constraint("another", taken);
    assert_eq!(again.expect_err("another constraint").slug(), "internal");
    test.finish().await;
}
