//! Another password, and the end of every session: rows first, in one transaction with their event; then what Redis and the
//! processes keep.
//!
//! The row `sessions_not_before` is what counts: refresh tokens of families that began before it are refused, and so are
//! access tokens that were issued before it, whatever becomes of the second step.

use event_schema::UserId;
use event_schema::security::Action;
use platform::outbox::{self, OutboxError};
use platform::rate::ClientAddress;
use platform::{Platform, Problem};
use sqlx::PgConnection;

use super::login::{self, invalid_credentials};
use super::security::Happened;
use super::sessions::Sessions;
use super::throttle::Whose;
use crate::state::App;
use crate::store::credentials;

/// Changes the password of somebody who says the present one, and ends every session of theirs, this one included. Tries
/// count like log-ins.
pub async fn change_password(
    app: &App,
    user: UserId,
    (current, new): (String, String),
    from: ClientAddress,
) -> Result<(), Problem> {
    let stored = credentials::secret_of(&app.platform.db, user).await?;
    let attempt = login::admit(app, Whose::Account(user), from).await?;
    let verified = app.passwords.verify(current, stored.clone()).await;
    let stored = match (verified, stored) {
        (Ok(true), Some(stored)) => stored,
        (Ok(_), _) => return Err(invalid_credentials()),
        (Err(busy), _) => {
            app.throttle.give_back(&attempt).await;
            return Err(busy.into());
        }
    };
    app.throttle.succeeded(&attempt).await;
    let secret = app.passwords.hash(new).await?;
    // Somebody else may have changed it meanwhile: then what was proven is not true any more.
    let replaced = replace(app, user, (&secret, &stored), (user, Action::PasswordChanged)).await?;
    if replaced { Ok(()) } else { Err(invalid_credentials()) }
}

/// Ends every session of somebody who asks for it.
pub async fn log_out_everywhere(app: &App, user: UserId) -> Result<(), Problem> {
    let mut tx = app.platform.db.begin().await?;
    if credentials::lock(&mut tx, user).await? {
        end_sessions(&mut tx, &app.platform, user, (user, Action::SessionsEnded)).await?;
    }
    tx.commit().await?;
    app.platform.outbox.wake();
    kill_families(&app.sessions, user).await;
    Ok(())
}

/// Within a transaction that holds the account's row: no session that began before now counts, and the log is told why.
/// Call [`kill_families`] after the commit.
pub async fn end_sessions(
    tx: &mut PgConnection,
    platform: &Platform,
    user: UserId,
    (by, action): (UserId, Action),
) -> Result<(), OutboxError> {
    credentials::end_sessions(tx, user).await?;
    let event = Happened { user, by, action, session: None }.event(&platform.clock, &platform.ids);
    outbox::insert(tx, &[event]).await?;
    Ok(())
}

/// After the commit of what ended somebody's sessions: takes their refresh tokens away and tells every process at once. What
/// is not done because Redis is away follows from the row within a second.
pub async fn kill_families(sessions: &Sessions, user: UserId) {
    if let Err(error) = sessions.close_all(user).await {
        tracing::warn!(%error, %user, "refresh tokens that do not count any more stay where they are");
    }
}

async fn replace(
    app: &App,
    user: UserId,
    (secret, expected): (&str, &str),
    why: (UserId, Action),
) -> Result<bool, Problem> {
    let mut tx = app.platform.db.begin().await?;
    let replaced = credentials::lock(&mut tx, user).await?
        && credentials::replace(&mut tx, user, (secret, Some(expected)), app.platform.clock.now()).await?;
    if replaced {
        end_sessions(&mut tx, &app.platform, user, why).await?;
        tx.commit().await?;
        app.platform.outbox.wake();
        kill_families(&app.sessions, user).await;
    }
    Ok(replaced)
}
