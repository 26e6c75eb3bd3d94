//! Sign-up, direct for now: account, credential and the `registered` event in one transaction.

use std::time::Duration;

use event_schema::user::{AccountKind, Registered};
use event_schema::{Event, EventId, MailRequestId, RegistrationId, Text, UserId};
use http::StatusCode;
use platform::codes::{self, Purpose};
use platform::outbox::{self, OutboxError, Queued};
use platform::{Position, Problem};

use super::details::Email;
use super::mails::{self, Recipient};
use super::username::Username;
use crate::command::Command;
use crate::idempotency;
use crate::state::App;
use crate::store::accounts::{self, NewAccount};
use crate::store::credentials;

/// How long an answer waits for the relay before it goes without a position.
const PUBLISHED_WITHIN: Duration = Duration::from_secs(1);

/// A newcomer's wishes, checked.
#[derive(Clone, Debug)]
pub struct Newcomer {
    /// Name to log in with.
    pub username: Username,
    /// Where mails go.
    pub email: Email,
    /// In the form in which it is hashed.
    pub password: String,
    /// Name to show.
    pub display_name: String,
    /// Language.
    pub locale: String,
}

/// The ids of a sign-up, found again when it is repeated under its key.
#[derive(Clone, Copy, Debug)]
pub struct Ids {
    /// The event.
    pub event: EventId,
    /// The account.
    pub user: UserId,
    /// The saga's run.
    pub registration: RegistrationId,
}

impl Ids {
    /// The ids that a command gives.
    #[must_use]
    pub fn of(command: &Command) -> Self {
        Self {
            event: command.new_id(0),
            user: UserId(command.new_id(1).0),
            registration: RegistrationId(command.new_id(2).0),
        }
    }
}

/// Makes the account; the position is known when the event reached the log within a second.
pub async fn sign_up(app: &App, command: &Command, ids: Ids, newcomer: Newcomer) -> Result<Option<Position>, Problem> {
    let secret = app.passwords.hash(newcomer.password.clone()).await?;
    let account = NewAccount {
        user_id: ids.user,
        username: newcomer.username,
        email: newcomer.email,
        display_name: newcomer.display_name,
        locale: newcomer.locale,
        secret,
        created_at: app.platform.clock.now(),
    };
    let event = registered(command, ids, &account);
    match write(app, command, ids, &account, &event).await {
        Ok(queued) => Ok(app.platform.outbox.published(&queued, PUBLISHED_WITHIN).await),
        Err(OutboxError::Database(error)) => {
            let problem = taken(&error).ok_or(error)?;
            // A repetition meets its own account: the name is taken by the same command, and nobody else.
            if command.is_keyed() && repeats(app, ids.user, newcomer.password).await? { Ok(None) } else { Err(problem) }
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether an account was made by this same command with this same password. Without the password, a key would be a way to
/// learn of somebody else's sign-up.
pub async fn repeats(app: &App, user: UserId, password: String) -> Result<bool, Problem> {
    let Some(stored) = credentials::secret_of(&app.platform.db, user).await? else { return Ok(false) };
    if app.passwords.verify(password, Some(stored)).await? { Ok(true) } else { Err(idempotency::reused()) }
}

async fn write(
    app: &App,
    command: &Command,
    ids: Ids,
    account: &NewAccount,
    event: &Event,
) -> Result<Vec<Queued>, OutboxError> {
    let mut tx = app.platform.db.begin().await?;
    // The new row is locked by its own insertion: the account's outbox rows come after it.
    accounts::insert(&mut tx, account).await?;
    let queued = outbox::insert(&mut tx, std::slice::from_ref(event)).await?;
    let (recipient, request) =
        (Recipient { user: ids.user, locale: account.locale.clone() }, MailRequestId(ids.registration.0));
    codes::issue(&mut tx, ids.user, Purpose::Verify, request, account.created_at).await?;
    mails::verify(&mut tx, command, &recipient, request, account.created_at).await?;
    tx.commit().await?;
    Ok(queued)
}

fn registered(command: &Command, ids: Ids, account: &NewAccount) -> Event {
    let payload = Registered {
        kind: AccountKind::Human,
        username: Text::Plain(account.username.shown.clone()),
        display_name: Text::Plain(account.display_name.clone()),
        locale: account.locale.clone(),
    };
    command.event(ids.user, ids.event, (ids.user, account.created_at), payload)
}

fn taken(error: &sqlx::Error) -> Option<Problem> {
    let sqlx::Error::Database(error) = error else { return None };
    let conflict = |slug, title, field: &str| Some(Problem::new(StatusCode::CONFLICT, slug, title).field(field));
    match error.constraint()? {
        "accounts_email_taken" => conflict("email-taken", "The e-mail address is taken", "email"),
        "accounts_username_taken" | "accounts_skeleton_taken" | "accounts_pkey" => {
            conflict("username-taken", "The username is taken", "username")
        }
        _ => None,
    }
}
