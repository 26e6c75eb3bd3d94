//! Who calls: the access token of the request, from the header or from a cookie, verified without a look-up; whether it
//! still counts; and not too often.

use axum::extract::{FromRef, FromRequestParts};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;

use crate::caller::Caller;
use crate::context::ApiContext;
use crate::cookies::Jar;
use crate::csrf;
use crate::problem::Problem;
use crate::rate::Kind;
use crate::tokens::TokenError;

impl<S: Send + Sync> FromRequestParts<S> for Caller
where
    ApiContext: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let context = ApiContext::from_ref(state);
        // A header goes before a cookie, even one that does not count: what a client says itself is what it means.
        let (token, by_cookie) = match bearer(&parts.headers) {
            Some(token) => (token, false),
            None => (cookie(&context, &parts.headers).ok_or_else(Problem::unauthorized)?, true),
        };
        let caller = Self::of_token(&context, token).await?;
        if by_cookie && !parts.method.is_safe() {
            csrf::check(&context.csrf, parts, caller.session_id)?;
        }
        let kind = if parts.method.is_safe() { Kind::Queries } else { Kind::Commands };
        context.rates.user(&parts.extensions, kind, caller.user_id).await?;
        Ok(caller)
    }
}

impl Caller {
    /// The caller that a token names, if their session and their account still count.
    pub async fn of_token(context: &ApiContext, token: &str) -> Result<Self, Problem> {
        let claims = match context.keyring.verify(token, context.clock.now()).await {
            Ok(claims) => claims,
            Err(TokenError::Database(error)) => return Err(error.into()),
            Err(error) => {
                tracing::debug!(%error, "a token was refused");
                return Err(Problem::unauthorized());
            }
        };
        if !context.access.admits(&claims).await? {
            tracing::debug!(user = %claims.sub, "the session is over, or the account closed");
            return Err(Problem::unauthorized());
        }
        Ok(Self::of_claims(&claims))
    }
}

/// The token of the header; empty where another scheme was chosen.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let header = headers.get(AUTHORIZATION)?;
    let (scheme, token) = header.to_str().ok().and_then(|text| text.split_once(' ')).unwrap_or_default();
    Some(if scheme.eq_ignore_ascii_case("bearer") { token.trim() } else { "" })
}

fn cookie<'a>(context: &ApiContext, headers: &'a HeaderMap) -> Option<&'a str> {
    Jar::new(&context.api_settings.cookies).access(headers)
}
