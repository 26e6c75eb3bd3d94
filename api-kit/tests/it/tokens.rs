//! Access tokens: what counts, what does not, and keys that change.

use api_kit::ApiContext;
use api_kit::tokens::{self, ACCESS_TOKEN_SECONDS, Claims, TokenError};
use api_kit::{Caller, Keyring};
use axum::Router;
use axum::body::Body;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use event_schema::{Timestamp, UserId};
use http::header::AUTHORIZATION;
use http::{Request, StatusCode};
use platform::Ids;
use test_support::{self, TestPlatform, wait_for};
use tower::ServiceExt as _;

fn later(time: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::from_micros(time.as_micros() + seconds * 1_000_000).expect("a time")
}

fn claims(now: Timestamp) -> Claims {
    let ids = Ids::new();
    Claims::issued(UserId(ids.v7()), ids.v7(), now)
}

#[tokio::test]
async fn a_token_counts_until_it_expires() {
    let test = TestPlatform::start().await.expect("servers");
    let (keyring, now) = (&test.api.keyring, test.api.clock.now());
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
    let test = TestPlatform::start().await.expect("servers");
    let (keyring, now) = (&test.api.keyring, test.api.clock.now());
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
    let test = TestPlatform::start().await.expect("servers");
    let (one, now) = (&test.api.keyring, test.api.clock.now());
    let other = Keyring::load(test.api.db.clone()).await.expect("the same keys");
    let before = one.sign(&claims(now)).expect("signed");
    rotate(&test.api, 0).await;
    // A key signs what is issued in the second of its beginning or later.
    let after = wait_for("the new key to sign", async || {
        let token = one.sign(&claims(test.api.clock.now())).expect("signed");
        (kid(&token) != kid(&before)).then_some(token)
    })
    .await;
    let now = test.api.clock.now();
    for token in [&before, &after] {
        assert!(one.verify(token, now).await.is_ok());
        // The other replica does not look by itself: it reads the keys again when it meets one that it does not know.
        assert!(other.verify(token, now).await.is_ok(), "at once");
    }
    for keyring in [one, &other] {
        assert_eq!(keyring.jwks()["keys"].as_array().map(Vec::len), Some(2));
    }
    // Tokens of a retired key end, even those that were made with it afterwards.
    let long_after = later(now, 2 * ACCESS_TOKEN_SECONDS);
    let forged_with_old = other_signed_with_retired(&test.api, long_after).await;
    assert!(forged_with_old, "a retired key signs nothing that counts for long");
    test.finish().await;
}

/// Another key, which signs after so many seconds.
async fn rotate(platform: &ApiContext, after_seconds: u32) -> String {
    let mut tx = platform.db.begin().await.expect("a transaction");
    let kid = tokens::rotate(&mut tx, after_seconds).await.expect("rotated");
    tx.commit().await.expect("committed");
    kid
}

fn kid(token: &str) -> String {
    jsonwebtoken::decode_header(token).expect("a header").kid.expect("a key's name")
}

#[tokio::test]
async fn a_key_is_published_before_it_signs() {
    let test = TestPlatform::start().await.expect("servers");
    let (db, now) = (&test.api.db, test.api.clock.now());
    let load = async || Keyring::load(db.clone()).await.expect("keys");
    let in_a_while = claims(later(now, 1_000));
    let signed_by = async |claims: &Claims| kid(&load().await.sign(claims).expect("signed"));
    let first = signed_by(&claims(now)).await;
    let published = rotate(&test.api, 90).await;
    let keys = load().await.jwks();
    let names: Vec<_> = keys["keys"].as_array().expect("keys").iter().map(|key| key["kid"].clone()).collect();
    assert_eq!(names, [published.as_str(), first.as_str()]);
    assert_eq!(signed_by(&claims(now)).await, first);
    assert_eq!(signed_by(&in_a_while).await, published);
    // One that is known to somebody is replaced before it ever signs.
    let urgent = rotate(&test.api, 0).await;
    assert_eq!(signed_by(&claims(test.api.clock.now())).await, urgent);
    assert_eq!(signed_by(&in_a_while).await, urgent);
    let states: Vec<_> = tokens::list(db).await.expect("keys").into_iter().map(|key| (key.kid, key.state)).collect();
    let state = |name: &str| states.iter().find(|(kid, _)| kid == name).map(|(_, state)| state.as_str());
    assert_eq!((state(&urgent), state(&published), state(&first)), (Some("signing"), Some("retired"), Some("retired")));
    // Once nothing that a key signed can count, it is gone.
    sqlx::query("update identity.signing_keys set retired_at = retired_at - interval '1 h' where kid = $1")
        .bind(&first)
        .execute(db)
        .await
        .expect("long ago");
    rotate(&test.api, 0).await;
    assert!(tokens::list(db).await.expect("keys").iter().all(|key| key.kid != first));
    test.finish().await;
}

#[tokio::test]
async fn names_of_keys_that_nobody_has_keep_nobody_out() {
    let test = TestPlatform::start().await.expect("servers");
    let replica = Keyring::load(test.api.db.clone()).await.expect("keys");
    let new = rotate(&test.api, 0).await;
    let now = test.api.clock.now();
    let good = Keyring::load(test.api.db.clone()).await.expect("keys").sign(&claims(now)).expect("signed");
    assert_eq!(kid(&good), new);
    let nonsense = |n: u32| {
        let header = URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"EdDSA","kid":"{n}"}}"#));
        let rest = good.split_once('.').expect("three parts").1;
        format!("{header}.{rest}")
    };
    let tokens: Vec<String> = (0..200).map(nonsense).collect();
    let refused = futures::future::join_all(tokens.iter().map(|token| replica.verify(token, now)));
    let (refused, accepted) = tokio::join!(refused, replica.verify(&good, now));
    assert!(accepted.is_ok(), "{accepted:?}");
    assert!(refused.iter().all(|answer| matches!(answer, Err(TokenError::UnknownKey))));
    test.finish().await;
}

/// Whether a token that the retired key signs long after is refused.
async fn other_signed_with_retired(platform: &ApiContext, at: Timestamp) -> bool {
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
    let test = TestPlatform::start().await.expect("servers");
    sqlx::query("delete from identity.signing_keys").execute(&test.api.db).await.expect("deleted");
    let load = || Keyring::load(test.api.db.clone());
    let (one, other, third) = tokio::join!(load(), load(), load());
    let keys: Vec<_> = [one, other, third].into_iter().map(|keyring| keyring.expect("keys").jwks()).collect();
    assert!(keys.iter().all(|jwks| *jwks == keys[0] && jwks["keys"].as_array().is_some_and(|keys| keys.len() == 1)));
    test.finish().await;
}

#[tokio::test]
async fn a_route_that_asks_for_a_caller_is_closed_to_others() {
    let test = TestPlatform::start().await.expect("servers");
    let (platform, now) = (&test.api, test.api.clock.now());
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
    test_support::account(&platform.db, claims.sub).await.expect("an account");
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
