//! Logging in and staying logged in: access tokens for ten minutes, refresh tokens to get the next.

use http::StatusCode;
use platform::Problem;
use platform::tokens::{ACCESS_TOKEN_SECONDS, Claims};

use super::refresh::RefreshToken;
use super::sessions::SessionError;
use crate::state::App;
use crate::store::accounts::{self, Login};

/// What a client gets to prove who it is.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// JWT.
    pub access: String,
    /// Seconds until it does not count any more.
    pub expires_in: i64,
    /// To get the next pair, once.
    pub refresh: String,
}

/// Begins a session. An unknown name, a wrong password and a closed account get the same answer, after the same work.
pub async fn log_in(app: &App, login: Login<'_>, password: String) -> Result<Tokens, Problem> {
    let credential = accounts::credential(&app.platform.db, login).await?;
    let (account, secret) = match credential {
        Some(credential) => {
            (credential.active.then_some((credential.user_id, credential.verified)), Some(credential.secret))
        }
        None => (None, None),
    };
    let right = app.passwords.verify(password, secret).await?;
    let (user, verified) = account.filter(|_| right).ok_or_else(invalid_credentials)?;
    // Told only to who knows the password.
    if app.require_verified && !verified {
        return Err(not_verified());
    }
    let refresh = app.sessions.open(user).await?;
    tokens(app, &refresh)
}

/// Takes a refresh token and gives the next pair.
pub async fn refresh(app: &App, token: &str) -> Result<Tokens, Problem> {
    let token = RefreshToken::parse(token).ok_or_else(invalid_credentials)?;
    // Asked first: if Postgres is away the token is still good for another try.
    if !accounts::is_active(&app.platform.db, token.user).await? {
        return Err(invalid_credentials());
    }
    let next = app.sessions.rotate(&token).await?;
    tokens(app, &next)
}

fn tokens(app: &App, refresh: &RefreshToken) -> Result<Tokens, Problem> {
    let claims = Claims::issued(refresh.user, refresh.session_id(), app.platform.clock.now());
    let access = app.platform.keyring.sign(&claims).map_err(Problem::internal)?;
    Ok(Tokens { access, expires_in: ACCESS_TOKEN_SECONDS, refresh: refresh.to_text() })
}

fn not_verified() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "not-verified", "The address is not proved yet")
        .detail("Send the mailed code to `POST /v1/users/verify`; `POST /v1/users/verify/resend` mails another one.")
}

fn invalid_credentials() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "invalid-credentials", "These credentials do not count")
}

impl From<SessionError> for Problem {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Unknown => invalid_credentials(),
            SessionError::Reused => {
                tracing::warn!("a refresh token was used twice; its session is over");
                metrics::counter!("command_api_refresh_reused_total").increment(1);
                invalid_credentials()
            }
            SessionError::Redis(error) => error.into(),
        }
    }
}
