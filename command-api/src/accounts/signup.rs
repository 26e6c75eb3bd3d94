//! Sign-up: the account, which nobody can use yet, and what starts the saga, in one transaction.

use api_kit::Problem;
use event_schema::user::RegistrationRequested;
use event_schema::{Event, EventId, MailRequestId, RegistrationId, Text, UserId};
use http::StatusCode;
use platform::codes::{self, Purpose};
use platform::outbox::{self, OutboxError, Queued};
use read_model::Position;
use sqlx::PgConnection;

use super::details::Email;
use super::username::Username;
use crate::command::Command;
use crate::idempotency;
use crate::registration::saga::{Registration, SagaDecision};
use crate::registration::{self, store as registrations};
use crate::state::App;
use crate::store::accounts::{self, NewAccount};
use crate::store::credentials;

/// A newcomer's wishes, checked.
#[derive(Clone, Debug)]
pub struct Newcomer {
    /// Name to log in with.
    pub username: Username,
    pub email: Email,
    /// In the form in which it is hashed.
    pub password: String,
    pub display_name: String,
    pub locale: String,
}

/// The ids of a sign-up, found again when it is repeated under its key.
#[derive(Clone, Copy, Debug)]
pub struct Ids {
    pub event: EventId,
    pub user: UserId,
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

/// Reserves name and address and asks the participants; the position is known when that reached the log while the answer
/// waited.
pub async fn sign_up(app: &App, command: &Command, ids: Ids, newcomer: Newcomer) -> Result<Option<Position>, Problem> {
    let secret = app.passwords.hash(newcomer.password.clone()).await?;
    let account = NewAccount {
        user_id: ids.user,
        username: newcomer.username,
        email: newcomer.email,
        display_name: newcomer.display_name,
        locale: newcomer.locale,
        secret,
        created_at: app.context.clock.now(),
    };
    let mut tx = app.context.db.begin().await?;
    match write(&mut tx, app, (command, ids), &account).await {
        Ok(queued) => {
            // It is a mail to somebody who may not have asked for it. Only what is sent is counted, not names in vain.
            app.context.rates.mailbox(&account.email.key).await?;
            tx.commit().await?;
            Ok(app.published(&queued).await)
        }
        Err(OutboxError::Database(error)) => {
            drop(tx);
            let problem = taken(&error).ok_or(error)?;
            // A repetition meets its own account: the name is taken by the same command, and nobody else.
            if command.is_keyed() && repeats(app, ids, newcomer.password).await? { Ok(None) } else { Err(problem) }
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether this same command was given before, with this same password. Without the password, a key would be a way to learn
/// of somebody else's account. Where a rejection has taken the account away there is no password any more, and nothing to
/// learn: the ids follow from what the caller knows.
pub async fn repeats(app: &App, ids: Ids, password: String) -> Result<bool, Problem> {
    let Some(stored) = credentials::secret_of(&app.context.db, ids.user).await? else {
        return Ok(registrations::exists(&app.context.db, ids.registration).await?);
    };
    if app.passwords.verify(password, Some(stored)).await? { Ok(true) } else { Err(idempotency::reused()) }
}

async fn write(
    tx: &mut PgConnection,
    app: &App,
    (command, ids): (&Command, Ids),
    account: &NewAccount,
) -> Result<Vec<Queued>, OutboxError> {
    let now = account.created_at;
    let deadline = now.plus(app.registrations.deadline);
    let mut registration = Registration::begun(ids.registration, ids.user, command.id(), &app.registrations.steps);
    // The new row is locked by its own insertion: the account's outbox rows come after it.
    accounts::insert(tx, account).await?;
    registrations::insert(tx, &registration, deadline, now).await?;
    // The mailer sends it: it takes the sign-up's id for the mail's.
    codes::issue(tx, ids.user, Purpose::Verify, MailRequestId(ids.registration.0), now).await?;
    let mut queued = outbox::insert(tx, &[requested(command, ids, account)]).await?;
    // Where nobody has to answer, it is decided.
    let follows = registration.settle();
    if follows != SagaDecision::Nothing {
        let settled = registration::settle(tx, vec![registration], &[(ids.registration, follows)], now).await?;
        queued.extend(settled.queued);
    }
    Ok(queued)
}

fn requested(command: &Command, ids: Ids, account: &NewAccount) -> Event {
    let payload = RegistrationRequested {
        registration_id: ids.registration,
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
        "accounts_email_taken" => conflict("email-taken", "E-mail address taken", "email"),
        "accounts_username_taken" | "accounts_skeleton_taken" | "accounts_pkey" | "registrations_pkey" => {
            conflict("username-taken", "Username taken", "username")
        }
        _ => None,
    }
}
