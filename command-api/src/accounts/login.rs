//! Logging in and staying logged in: access tokens for ten minutes, refresh tokens to get the next.

use api_kit::Problem;
use api_kit::rate::ClientAddress;
use api_kit::tokens::{ACCESS_TOKEN_SECONDS, Claims};
use event_schema::UserId;
use event_schema::security::Action;
use http::StatusCode;
use uuid::Uuid;

use super::refresh::RefreshToken;
use super::security::Happened;
use super::sessions::SessionError;
use super::throttle::{Attempt, Refused, Whose};
use crate::state::App;
use crate::store::accounts::{self, Credential, Login};

/// What a client gets to prove who it is.
#[derive(Clone, Debug)]
pub struct Tokens {
    pub access: String,
    /// Seconds until it does not count any more.
    pub expires_in: i64,
    /// To get the next pair, once.
    pub refresh: String,
    /// The session they are of.
    pub session: Uuid,
}

/// Begins a session. An unknown name, a wrong password and a closed account get the same answer, after the same work: one
/// look at the accounts, one at the failures, one hash.
pub async fn log_in(app: &App, login: Login<'_>, password: String, from: ClientAddress) -> Result<Tokens, Problem> {
    // Before the account is read: what changes it from now on ends this session.
    let now = app.seconds();
    let credential = accounts::credential(&app.context.db, login).await?;
    let whose = Whose::Name(login.key(), credential.as_ref().map(|credential| credential.user_id));
    let (account, secret) = match credential {
        Some(credential) => {
            let Credential { user_id, secret, active, verified, not_before } = credential;
            // Of an account that is closed or suspended no password is right.
            (active.then_some((user_id, verified, not_before)), active.then_some(secret))
        }
        None => (None, None),
    };
    let right = prove(app, whose, (password, secret), from).await?;
    let Some((user, verified, not_before)) = account.filter(|_| right) else { return Err(invalid_credentials()) };
    // Told only to who knows the password.
    if app.require_verified && !verified {
        return Err(not_verified());
    }
    let began = now.max(not_before);
    let refresh = app.sessions.open(user, began).await?;
    tokens(app, &refresh, began)
}

/// Takes a refresh token and gives the next pair.
pub async fn refresh(app: &App, token: &str) -> Result<Tokens, Problem> {
    let token = RefreshToken::parse(token).ok_or_else(invalid_credentials)?;
    let now = app.seconds();
    // CommandHeaders first: if Postgres is away the token is still good for another try.
    let not_before = accounts::sessions_not_before(&app.context.db, token.user, app.require_verified).await?;
    let not_before = not_before.ok_or_else(invalid_credentials)?;
    match app.sessions.rotate(&token, not_before).await {
        Ok(next) => tokens(app, &next, now.max(not_before)),
        Err(error) => {
            if let SessionError::Reused { first: true } = error {
                let session = Some(token.session_id());
                let (user, by) = (token.user, UserId::PLATFORM);
                Happened { user, by, action: Action::RefreshTokenReused, session }.record(&app.context).await;
            }
            Err(error.into())
        }
    }
}

/// Whether a password is the stored one: the only place where one is tried. Only wrong ones are counted.
pub async fn prove(
    app: &App,
    whose: Whose<'_>,
    (password, stored): (String, Option<String>),
    from: ClientAddress,
) -> Result<bool, Problem> {
    let attempt = admit(app, whose, from).await?;
    match app.passwords.verify(password, stored).await {
        Ok(right) => {
            if right {
                app.throttle.succeeded(&attempt).await;
            }
            Ok(right)
        }
        Err(busy) => {
            app.throttle.give_back(&attempt).await;
            Err(busy.into())
        }
    }
}

/// Leave to try a password. The log is told when an account begins to be guarded, after the answer: it must not take longer
/// for accounts that exist.
async fn admit(app: &App, whose: Whose<'_>, from: ClientAddress) -> Result<Attempt, Refused> {
    let admitted = app.throttle.admit(whose, from).await;
    if let (Err(Refused::Wait { first: true, .. }), Some(user)) = (&admitted, whose.user()) {
        let happened = Happened { user, by: UserId::PLATFORM, action: Action::LogInThrottled, session: None };
        let context = app.context.clone();
        tokio::spawn(async move { happened.record(&context).await });
    }
    admitted
}

fn tokens(app: &App, refresh: &RefreshToken, issued_at: i64) -> Result<Tokens, Problem> {
    let session = refresh.session_id();
    let claims = Claims::issued_at(refresh.user, session, issued_at);
    let access = app.context.keyring.sign(&claims).map_err(Problem::internal)?;
    Ok(Tokens { access, expires_in: ACCESS_TOKEN_SECONDS, refresh: refresh.to_text(), session })
}

fn not_verified() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "not-verified", "E-mail address not verified")
        .detail("Send the mailed code to `POST /v1/users/verify`; `POST /v1/users/verify/resend` mails another one.")
}

/// The one answer to credentials that do not count.
#[must_use]
pub fn invalid_credentials() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "invalid-credentials", "Invalid credentials")
}

impl From<SessionError> for Problem {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Unknown => invalid_credentials(),
            SessionError::Reused { .. } => {
                tracing::warn!("refresh token used twice; session revoked");
                metrics::counter!("command_api_refresh_reused_total").increment(1);
                invalid_credentials()
            }
            SessionError::Redis(error) => error.into(),
        }
    }
}
