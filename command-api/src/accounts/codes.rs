//! Mailed codes: asking for one, and what one allows. Whether an address is anybody's is never told: every answer is the same,
//! and as much work.

use api_kit::ApiContext;
use api_kit::Problem;
use api_kit::rate::ClientAddress;
use event_schema::security::Action;
use http::StatusCode;
use platform::codes::{self, Issued, Purpose};
use platform::outbox::OutboxError;
use sqlx::PgConnection;

use super::details::Email;
use super::{change, mails};
use crate::command::Command;
use crate::state::App;
use crate::store::codes as store;

/// Digits that somebody brings, and the address that they were sent to.
#[derive(Debug)]
pub struct Proof {
    /// Where the mail went.
    pub email: Email,
    pub digits: String,
}

/// Sends a code to an address, if it is of an account that can use it.
pub async fn send(app: &App, command: &Command, email: &Email, purpose: Purpose) -> Result<(), Problem> {
    app.context.rates.mailbox(&email.key).await?;
    let now = app.context.clock.now();
    let mut tx = app.context.db.begin().await?;
    if let Some(account) = store::lock(&mut tx, &email.key).await?.filter(|account| account.may_use(purpose)) {
        mails::code(&mut tx, command, &account.recipient, purpose, now).await?;
    }
    codes::weigh(&mut tx).await?;
    tx.commit().await?;
    app.context.outbox.wake();
    Ok(())
}

/// The address is its owner's.
pub async fn verify(app: &App, proof: &Proof) -> Result<(), Problem> {
    let issued = check(app, proof, Purpose::Verify).await?;
    let mut tx = app.context.db.begin().await?;
    // The account first, as everywhere. A code is spent only on what it does.
    let account = store::lock_user(&mut tx, issued.user).await?;
    let verified = account.is_some_and(|account| account.may_use(Purpose::Verify))
        && codes::consume(&mut tx, Purpose::Verify, issued).await?
        && store::set_verified(&mut tx, issued.user).await?;
    if !verified {
        return Err(invalid_code());
    }
    tx.commit().await?;
    Ok(())
}

/// Another password; nobody stays logged in, and the owner may log in from where they are, whatever others have tried.
pub async fn reset(
    app: &App,
    command: &Command,
    proof: &Proof,
    password: String,
    from: ClientAddress,
) -> Result<(), Problem> {
    let issued = check(app, proof, Purpose::Reset).await?;
    let secret = app.passwords.hash(password).await?;
    let mut tx = app.context.db.begin().await?;
    let Some(account) = set_password(&mut tx, &app.context, command, issued, &secret).await? else {
        return Err(invalid_code());
    };
    tx.commit().await?;
    app.context.outbox.wake();
    change::kill_families(&app.sessions, issued.user).await;
    app.throttle.is_owner(&[&account.username_key, &proof.email.key], from).await;
    Ok(())
}

async fn set_password(
    tx: &mut PgConnection,
    context: &ApiContext,
    command: &Command,
    issued: Issued,
    secret: &str,
) -> Result<Option<store::CodeAccount>, OutboxError> {
    let now = context.clock.now();
    // The account first, as everywhere: whoever asks for a code at the same time waits, or is waited for.
    let account = store::lock_user(tx, issued.user).await?.filter(|account| account.may_use(Purpose::Reset));
    let Some(account) = account else { return Ok(None) };
    if !codes::consume(tx, Purpose::Reset, issued).await? {
        return Ok(None);
    }
    store::set_password(tx, issued.user, secret, now).await?;
    change::end_sessions(tx, context, issued.user, (issued.user, Action::PasswordReset)).await?;
    mails::password_changed(tx, command, &account.recipient, now).await?;
    Ok(Some(account))
}

/// Spends a try, then compares; without a code that counts, with one that nobody was sent.
async fn check(app: &App, proof: &Proof, purpose: Purpose) -> Result<Issued, Problem> {
    let context = &app.context;
    let issued = codes::attempt(&context.db, &proof.email.key, purpose, context.clock.now()).await?;
    let request = issued.map_or_else(|| context.ids.v7().into(), |issued| issued.request);
    let matches = context.codes.code(request).await?.matches(&proof.digits);
    issued.filter(|_| matches).ok_or_else(invalid_code)
}

fn invalid_code() -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-code", "Invalid code")
        .detail("It is wrong, used, replaced by a later one, tried too often, or older than five minutes.")
}
