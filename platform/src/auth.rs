//! Who calls: the bearer token of the request, verified without a look-up; and not too often.

use axum::extract::{FromRef, FromRequestParts};
use event_schema::UserId;
use http::header::AUTHORIZATION;
use http::request::Parts;
use uuid::Uuid;

use crate::platform::Platform;
use crate::problem::Problem;
use crate::rate::Kind;
use crate::tokens::TokenError;

/// The caller of a request. What they may do is not in the token: roles and status come from the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub user_id: UserId,
    /// The session family they logged in with.
    pub session_id: Uuid,
}

impl<S: Send + Sync> FromRequestParts<S> for Caller
where
    Platform: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let token = bearer(parts).ok_or_else(Problem::unauthorized)?.to_owned();
        let platform = Platform::from_ref(state);
        let caller = Self::of_token(&platform, &token).await?;
        let kind = if parts.method.is_safe() { Kind::Queries } else { Kind::Commands };
        platform.rates.user(&parts.extensions, kind, caller.user_id).await?;
        Ok(caller)
    }
}

impl Caller {
    /// The caller that a token names.
    pub async fn of_token(platform: &Platform, token: &str) -> Result<Self, Problem> {
        match platform.keyring.verify(token, platform.clock.now()).await {
            Ok(claims) => Ok(Self { user_id: claims.sub, session_id: claims.sid }),
            Err(TokenError::Database(error)) => Err(error.into()),
            Err(error) => {
                tracing::debug!(%error, "a token was refused");
                Err(Problem::unauthorized())
            }
        }
    }
}

fn bearer(parts: &Parts) -> Option<&str> {
    let (scheme, token) = parts.headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
