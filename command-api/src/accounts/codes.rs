//! Mailed codes: asking for one, and what one allows. Whether an address is anybody's is never told: every answer is the same,
//! and as much work.

use event_schema::Timestamp;
use http::StatusCode;
use platform::Problem;
use platform::codes::{self, Issued, Purpose};
use platform::outbox::OutboxError;
use sqlx::PgConnection;

use super::details::Email;
use super::mails;
use crate::command::Command;
use crate::state::App;
use crate::store::codes as store;

/// Digits that somebody brings, and the address that they were sent to.
#[derive(Debug)]
pub struct Proof {
    /// Where the mail went.
    pub email: Email,
    /// As written.
    pub digits: String,
}

/// Sends a code to an address, if it is of an account that can use it.
pub async fn send(app: &App, command: &Command, email: &Email, purpose: Purpose) -> Result<(), Problem> {
    app.platform.rates.mailbox(&email.key).await?;
    let now = app.platform.clock.now();
    let mut tx = app.platform.db.begin().await?;
    if let Some(account) = store::lock(&mut tx, &email.key).await? {
        if account.may_use(purpose) {
            mails::code(&mut tx, command, &account.recipient, purpose, now).await?;
        }
    }
    codes::weigh(&mut tx).await?;
    tx.commit().await?;
    app.platform.outbox.wake();
    Ok(())
}

/// The address is its owner's.
pub async fn verify(app: &App, proof: &Proof) -> Result<(), Problem> {
    let issued = check(app, proof, Purpose::Verify).await?;
    let mut tx = app.platform.db.begin().await?;
    let verified =
        codes::consume(&mut tx, Purpose::Verify, issued).await? && store::set_verified(&mut tx, issued.user).await?;
    tx.commit().await?;
    if verified { Ok(()) } else { Err(invalid_code()) }
}

/// Another password, and nobody stays logged in.
pub async fn reset(app: &App, command: &Command, proof: &Proof, password: String) -> Result<(), Problem> {
    let issued = check(app, proof, Purpose::Reset).await?;
    let secret = app.passwords.hash(password).await?;
    let now = app.platform.clock.now();
    let mut tx = app.platform.db.begin().await?;
    if !change(&mut tx, command, issued, &secret, now).await? {
        return Err(invalid_code());
    }
    // While nothing is committed: where sessions cannot be ended, nothing has happened, and the code is still good.
    app.sessions.close_all(issued.user).await?;
    tx.commit().await?;
    app.platform.outbox.wake();
    // Once more, for whoever logged in with the old password in between.
    if let Err(error) = app.sessions.close_all(issued.user).await {
        tracing::warn!(user = %issued.user, %error, "sessions that began during a reset may live on");
    }
    Ok(())
}

async fn change(
    tx: &mut PgConnection,
    command: &Command,
    issued: Issued,
    secret: &str,
    now: Timestamp,
) -> Result<bool, OutboxError> {
    // The account first, as everywhere: whoever asks for a code at the same time waits, or is waited for.
    let Some(account) = store::lock_user(tx, issued.user).await? else { return Ok(false) };
    if !account.may_use(Purpose::Reset) || !codes::consume(tx, Purpose::Reset, issued).await? {
        return Ok(false);
    }
    store::set_password(tx, issued.user, secret, now).await?;
    mails::password_changed(tx, command, &account.recipient, now).await?;
    Ok(true)
}

/// Spends a try, then compares; without a code that counts, with one that nobody was sent.
async fn check(app: &App, proof: &Proof, purpose: Purpose) -> Result<Issued, Problem> {
    let platform = &app.platform;
    let issued = codes::attempt(&platform.db, &proof.email.key, purpose, platform.clock.now()).await?;
    let request = issued.map_or_else(|| platform.ids.v7().into(), |issued| issued.request);
    let matches = platform.codes.code(request).await?.matches(&proof.digits);
    issued.filter(|_| matches).ok_or_else(invalid_code)
}

fn invalid_code() -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-code", "This code does not count")
        .detail("It is wrong, used, replaced by a later one, tried too often, or older than five minutes.")
}
