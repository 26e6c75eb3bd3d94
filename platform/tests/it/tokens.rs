//! Access tokens: what counts, what does not, and keys that change.

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use event_schema::{Timestamp, UserId};
use http::header::AUTHORIZATION;
use http::{Request, StatusCode};
use platform::tokens::{ACCESS_TOKEN_SECONDS, Claims, TokenError};
use platform::{Caller, Ids, Keyring, Platform};
use tower::ServiceExt as _;

use crate::support::{start, until};

fn later(time: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::from_micros(time.as_micros() + seconds * 1_000_000).expect("a time")
}

fn claims(now: Timestamp) -> Claims {
    let ids = Ids::new();
    Claims::issued(UserId(ids.v7()), ids.v7(), now)
}

#[tokio::test]
async fn a_token_counts_until_it_expires() {
    let test = start().await;
    let (keyring, now) = (&test.platform.keyring, test.platform.clock.now());
    let claims = claims(now);
    let token = keyring.sign(&claims).expect("signed");
    assert_eq!(keyring.verify(&token, now).await.expect("it counts"), claims);
    assert_eq!(keyring.verify(&token, later(now, ACCESS_TOKEN_SECONDS - 1)).await.expect("still"), claims);
    let expired = keyring.verify(&token, later(now, ACCESS_TOKEN_SECONDS + 10)).await;
    assert!(matches!(expired, Err(TokenError::Expired)), "{expired:?}");
    let early = keyring.verify(&token, later(now, -60)).await;
    assert!(matches!(early, Err(TokenError::Invalid)), "{early:?}");
    test.finish().await;
}

#[tokio::test]
async fn changed_and_foreign_tokens_do_not_count() {
    let test = start().await;
    let (keyring, now) = (&test.platform.keyring, test.platform.clock.now());
    let token = keyring.sign(&claims(now)).expect("signed");
    let (head, rest) = token.split_once('.').expect("three parts");
    let (body, signature) = rest.split_once('.').expect("three parts");
    let other_body = keyring.sign(&claims(now)).expect("signed");
    let other_body = other_body.split('.').nth(1).expect("a body").to_owned();
    let header = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let kid = keyring.jwks()["keys"][0]["kid"].as_str().expect("a key").to_owned();
    let none = header(&format!(r#"{{"alg":"none","kid":"{kid}"}}"#));
    let hmac = header(&format!(r#"{{"alg":"HS256","kid":"{kid}"}}"#));
    let unknown = header(r#"{"alg":"EdDSA","kid":"other"}"#);
    for (token, what) in [
        (format!("{head}.{other_body}.{signature}"), "another body"),
        (format!("{none}.{body}."), "no signature"),
        (format!("{hmac}.{body}.{signature}"), "another algorithm"),
        (format!("{unknown}.{body}.{signature}"), "an unknown key"),
        (format!("{head}.{body}"), "two parts"),
        ("nonsense".to_owned(), "nonsense"),
        (String::new(), "nothing"),
    ] {
        assert!(keyring.verify(&token, now).await.is_err(), "{what}");
    }
    test.finish().await;
}

#[tokio::test]
async fn keys_change_without_logging_anyone_out() {
    let test = start().await;
    let (one, now) = (&test.platform.keyring, test.platform.clock.now());
    let other = Keyring::load(test.platform.db.clone()).await.expect("the same keys");
    let before = one.sign(&claims(now)).expect("signed");
    one.rotate().await.expect("rotated");
    let after = one.sign(&claims(now)).expect("signed");
    assert_ne!(before.split('.').next(), after.split('.').next(), "another key");
    for token in [&before, &after] {
        assert!(one.verify(token, now).await.is_ok());
        // The other replica has not heard of the new key: it reads the keys again, at most once a second.
        until("the other replica knows the key", async || other.verify(token, now).await.is_ok()).await;
    }
    assert_eq!(one.jwks()["keys"].as_array().map(Vec::len), Some(2));
    // Tokens of a retired key end, even those that were made with it afterwards.
    let long_after = later(now, 2 * ACCESS_TOKEN_SECONDS);
    let forged_with_old = other_signed_with_retired(&test.platform, long_after).await;
    assert!(forged_with_old, "a retired key signs nothing that counts for long");
    test.finish().await;
}

/// Whether a token that the retired key signs long after is refused.
async fn other_signed_with_retired(platform: &Platform, at: Timestamp) -> bool {
    let row: (String, Vec<u8>) =
        sqlx::query_as("select kid, seed from identity.signing_keys where retired_at is not null")
            .fetch_one(&platform.db)
            .await
            .expect("a retired key");
    let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::EdDSA);
    header.kid = Some(row.0);
    let claims = serde_json::json!({
        "iss": "chatlog", "aud": "chatlog", "sub": Ids::new().v7(), "sid": Ids::new().v7(),
        "iat": at.as_micros() / 1_000_000, "exp": at.as_micros() / 1_000_000 + 60,
    });
    let token =
        jsonwebtoken::encode(&header, &claims, &jsonwebtoken::EncodingKey::from_ed_der(&row.1)).expect("signed");
    matches!(platform.keyring.verify(&token, at).await, Err(TokenError::UnknownKey))
}

#[tokio::test]
async fn replicas_that_start_together_agree_on_one_key() {
    let test = start().await;
    sqlx::query("delete from identity.signing_keys").execute(&test.platform.db).await.expect("deleted");
    let load = || Keyring::load(test.platform.db.clone());
    let (one, other, third) = tokio::join!(load(), load(), load());
    let keys: Vec<_> = [one, other, third].into_iter().map(|keyring| keyring.expect("keys").jwks()).collect();
    assert!(keys.iter().all(|jwks| *jwks == keys[0] && jwks["keys"].as_array().is_some_and(|keys| keys.len() == 1)));
    test.finish().await;
}

#[tokio::test]
async fn a_route_that_asks_for_a_caller_is_closed_to_others() {
    let test = start().await;
    let (platform, now) = (&test.platform, test.platform.clock.now());
    let app = Router::new()
        .route("/", get(async |caller: Caller| caller.user_id.to_string()))
        .with_state::<()>(platform.clone());
    let ask = async |authorization: Option<String>| {
        let mut request = Request::get("/");
        if let Some(value) = authorization {
            request = request.header(AUTHORIZATION, value);
        }
        app.clone().oneshot(request.body(Body::empty()).expect("a request")).await.expect("an answer")
    };
    let claims = claims(now);
    let token = platform.keyring.sign(&claims).expect("signed");
    assert_eq!(ask(Some(format!("Bearer {token}"))).await.status(), StatusCode::OK);
    assert_eq!(ask(Some(format!("bearer {token}"))).await.status(), StatusCode::OK, "schemes have no case");
    for refused in [None, Some(format!("Basic {token}")), Some(token), Some("Bearer x".to_owned())] {
        let answer = ask(refused).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(answer.headers()["www-authenticate"], "Bearer");
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
    }
    test.finish().await;
}
