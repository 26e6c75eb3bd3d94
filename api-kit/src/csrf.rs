//! Requests that a browser makes on behalf of somebody else's page: whoever comes with a cookie and wants to change
//! something must come from a page that may, and show a token that only such a page can read.
//!
//! The token is a keyed hash of the session's id under a secret of the platform: nothing is stored, every replica knows it,
//! and it stays the same while the session's other tokens change.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{HOST, ORIGIN};
use http::request::Parts;
use http::{HeaderName, StatusCode};
use platform::clock::Ids;
use sqlx::PgPool;
use uuid::Uuid;

use crate::problem::Problem;

/// The header that shows the token.
pub const HEADER: HeaderName = HeaderName::from_static("x-csrf-token");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SECRET: &str = "csrf";

/// The other origins whose pages may use the API with cookies, as an extension.
#[derive(Clone, Debug, Default)]
pub struct Origins(pub Arc<[String]>);

/// Makes and knows the tokens. Cheap to clone.
#[derive(Clone)]
pub struct Csrf(Arc<[u8; 32]>);

impl Csrf {
    /// Reads the platform's secret; makes it where there is none.
    pub async fn load(db: &PgPool, ids: &Ids) -> Result<Self, sqlx::Error> {
        let fresh: [u8; 32] = ids.secret();
        sqlx::query!(
            "insert into identity.secrets (name, value) values ($1, $2) on conflict (name) do nothing",
            SECRET,
            fresh.as_slice(),
        )
        .execute(db)
        .await?;
        let secret = sqlx::query_scalar!("select value from identity.secrets where name = $1", SECRET);
        let secret = secret.fetch_one(db).await?;
        Ok(Self(Arc::new(blake3::derive_key("chatlog v1 csrf secret", &secret))))
    }

    /// The token of a session.
    #[must_use]
    pub fn token(&self, session: Uuid) -> String {
        URL_SAFE_NO_PAD.encode(self.hash(session).as_bytes())
    }

    fn is_token(&self, text: &str, session: Uuid) -> bool {
        let bytes: Option<[u8; 32]> = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        // Hashes are compared in constant time.
        bytes.is_some_and(|bytes| blake3::Hash::from_bytes(bytes) == self.hash(session))
    }

    fn hash(&self, session: Uuid) -> blake3::Hash {
        blake3::keyed_hash(&self.0, session.as_bytes())
    }
}

/// Whether a request that came with the session's cookie may change something.
pub fn check(csrf: &Csrf, parts: &Parts, session: Uuid) -> Result<(), Problem> {
    check_origin(parts)?;
    let token = parts.headers.get(HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if csrf.is_token(token, session) {
        Ok(())
    } else {
        Err(refused().detail("The header `X-CSRF-Token` must hold the `csrf_token` of this session"))
    }
}

/// Whether a request comes from a page that may use cookies; asked where it matters.
#[derive(Clone, Debug)]
pub struct FromPage(Result<(), Problem>);

impl FromPage {
    /// The refusal, if it does not.
    pub fn check(self) -> Result<(), Problem> {
        self.0
    }
}

impl<S: Send + Sync> FromRequestParts<S> for FromPage {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(check_origin(parts)))
    }
}

/// Whether a request comes from our own pages, from those of an origin that the settings name, or from no page at all.
pub fn check_origin(parts: &Parts) -> Result<(), Problem> {
    let text = |name: HeaderName| parts.headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let origin = text(ORIGIN);
    let listed = || {
        let origins = parts.extensions.get::<Origins>().cloned().unwrap_or_default();
        origin.is_some_and(|origin| origins.0.iter().any(|listed| listed == origin))
    };
    let own = || {
        let host = text(HOST).or_else(|| parts.uri.authority().map(http::uri::Authority::as_str));
        let of_origin = origin.and_then(|origin| origin.split_once("://")).map(|(_, authority)| authority);
        of_origin.is_some_and(|authority| host.is_some_and(|host| host.eq_ignore_ascii_case(authority)))
    };
    let comes_from_us = match (text(FETCH_SITE), origin) {
        // Browsers send an origin with everything that changes something; other clients have no pages.
        (Some("same-origin" | "none"), _) | (None, None) => true,
        (Some(_), _) => listed(),
        (None, Some(_)) => own() || listed(),
    };
    if comes_from_us { Ok(()) } else { Err(refused().detail("The page that sends this is of another origin")) }
}

fn refused() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "csrf-refused", "Cross-site request refused")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comes(headers: &[(&str, &str)]) -> bool {
        let mut request = http::Request::post("/v1/rooms").header("host", "chat.example:8080");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let origins = Origins(Arc::from(["https://app.example".to_owned()]));
        let (parts, ()) = request.extension(origins).body(()).expect("a request").into_parts();
        check_origin(&parts).is_ok()
    }

    #[test]
    fn our_own_pages_and_those_on_the_list_may() {
        for headers in [
            &[][..],
            &[("sec-fetch-site", "same-origin"), ("origin", "http://chat.example:8080")],
            &[("sec-fetch-site", "none")],
            &[("sec-fetch-site", "same-site"), ("origin", "https://app.example")],
            &[("sec-fetch-site", "cross-site"), ("origin", "https://app.example")],
            &[("origin", "https://app.example")],
            &[("origin", "http://chat.example:8080")],
        ] {
            assert!(comes(headers), "{headers:?}");
        }
    }

    #[test]
    fn other_pages_may_not() {
        for headers in [
            &[("sec-fetch-site", "cross-site")][..],
            &[("sec-fetch-site", "same-site"), ("origin", "https://evil.example")],
            &[("sec-fetch-site", "cross-site"), ("origin", "http://chat.example:8080")],
            &[("sec-fetch-site", "something-new")],
            &[("origin", "https://evil.example")],
            &[("origin", "http://chat.example")],
            &[("origin", "https://app.example.evil.example")],
            &[("origin", "null")],
            &[("origin", "")],
        ] {
            assert!(!comes(headers), "{headers:?}");
        }
    }

    #[test]
    fn a_token_is_of_one_session() {
        let (csrf, other) = (Csrf(Arc::new([1; 32])), Csrf(Arc::new([2; 32])));
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert!(csrf.is_token(&csrf.token(one), one));
        for (token, session) in
            [(csrf.token(one), two), (other.token(one), one), (String::new(), one), ("x".repeat(43), one)]
        {
            assert!(!csrf.is_token(&token, session), "{token}");
        }
    }
}
