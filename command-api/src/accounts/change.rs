//! Another password, and the end of every session: rows first, in one transaction with their event; then what Redis and the
//! processes keep.
//!
//! The row `sessions_not_before` is what counts: refresh tokens of families that began before it are refused, and so are
//! access tokens that were issued before it, whatever becomes of the second step.

use api_kit::ApiContext;
use api_kit::rate::ClientAddress;
use api_kit::{Caller, Problem};
use event_schema::UserId;
use event_schema::security::Action;
use platform::codes::Purpose;
use platform::outbox::{self, OutboxError};
use sqlx::PgConnection;

use super::login::{self, invalid_credentials};
use super::security::Happened;
use super::sessions::Sessions;
use super::throttle::Whose;
use super::{details, mails};
use crate::command::Command;
use crate::state::App;
use crate::store::{codes, credentials};

/// Changes the password of somebody who says the present one, and ends every session of theirs, this one included. Tries
/// count like log-ins. The owner is told by mail, in case it was somebody else.
pub async fn change_password(
    app: &App,
    command: &Command,
    user: UserId,
    (current, new): (String, &str),
    from: ClientAddress,
) -> Result<(), Problem> {
    let person = credentials::person(&app.context.db, user).await?.ok_or_else(invalid_credentials)?;
    let about = [person.username.as_str(), person.display_name.as_str(), person.email.as_deref().unwrap_or_default()];
    let new = details::password_of("new_password", new, &about)?;
    let stored = person.secret;
    if !login::prove(app, Whose::Account(user), (current, stored.clone()), from).await? {
        return Err(invalid_credentials());
    }
    let secret = app.passwords.hash(new).await?;
    let mut tx = app.context.db.begin().await?;
    // Somebody else may have changed it meanwhile: then what was proven is not true any more.
    if !replace(&mut tx, &app.context, (command, user), (&secret, stored.as_deref())).await? {
        return Err(invalid_credentials());
    }
    tx.commit().await?;
    app.context.outbox.wake();
    kill_families(&app.sessions, user).await;
    Ok(())
}

/// Ends every session of somebody who asks for it; nothing, where the session that asks has ended meanwhile.
pub async fn log_out_everywhere(app: &App, caller: &Caller) -> Result<(), Problem> {
    let user = caller.user_id;
    let mut tx = app.context.db.begin().await?;
    if credentials::lock(&mut tx, user, caller.issued_at()).await? {
        end_sessions(&mut tx, &app.context, user, (user, Action::SessionsEnded)).await?;
    }
    tx.commit().await?;
    app.context.outbox.wake();
    kill_families(&app.sessions, user).await;
    Ok(())
}

/// Within a transaction that holds the account's row: no session that began before now counts, and the log is told why.
/// Call [`kill_families`] after the commit.
pub async fn end_sessions(
    tx: &mut PgConnection,
    context: &ApiContext,
    user: UserId,
    (by, action): (UserId, Action),
) -> Result<(), OutboxError> {
    credentials::end_sessions(tx, user).await?;
    let event = Happened { user, by, action, session: None }.event(&context.clock, &context.ids);
    outbox::insert(tx, &[event]).await?;
    Ok(())
}

/// After the commit of what ended somebody's sessions: takes their refresh tokens away and tells every process at once. What
/// is not done because Redis is away follows from the row within a second.
pub async fn kill_families(sessions: &Sessions, user: UserId) {
    if let Err(error) = sessions.close_all(user).await {
        tracing::warn!(%error, %user, "failed to delete revoked refresh tokens; they stay until they expire");
    }
}

async fn replace(
    tx: &mut PgConnection,
    context: &ApiContext,
    (command, user): (&Command, UserId),
    (secret, expected): (&str, Option<&str>),
) -> Result<bool, OutboxError> {
    let now = context.clock.now();
    let Some(account) = codes::lock_user(tx, user).await?.filter(|account| account.may_use(Purpose::Reset)) else {
        return Ok(false);
    };
    if !credentials::replace(tx, user, (secret, expected), now).await? {
        return Ok(false);
    }
    end_sessions(tx, context, user, (user, Action::PasswordChanged)).await?;
    mails::password_changed(tx, command, &account.recipient, now).await?;
    Ok(true)
}
