//! What people do to their own accounts: the account's row, locked, orders it; its events go through the outbox in the same
//! transaction.
//!
//! All events of a person come this way, also those without a row of their own beside them (friends, status): so they stand
//! behind what the outbox still holds of the same person, the registration for one.

use api_kit::Problem;
use event_schema::rejection::Reason;
use event_schema::topics::Key;
use event_schema::{Event, EventId, Payload, Topic, UserId};
use http::StatusCode;
use platform::outbox::{self, Queued};
use read_model::Position;
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::CommandAnswer;
use crate::command::{Command, CommandHeaders};
use crate::command_handler;
use crate::state::App;
use crate::store::people::{self, Account};

/// Events put into the outbox by one statement.
const AT_ONCE: usize = 1_000;

/// What became of a command about oneself.
#[derive(Clone, Debug)]
pub struct AccountCommandResult {
    /// The position that includes it, if it reached the log while the answer waited.
    pub position: Option<Position>,
    /// The person's rev that it got, where the client waited for the fold.
    pub rev: Option<i64>,
    /// Whether the client's wish to wait was followed.
    pub folded: bool,
}

/// A command about a person.
#[derive(Serialize, ToSchema)]
pub struct PersonAccepted {
    /// Whom it is about.
    user_id: Uuid,
    /// The position that includes it, if it reached the log while the answer waited.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    position: Option<Position>,
    /// The rev of the caller that it got, if the answer waited for the fold.
    #[serde(skip_serializing_if = "Option::is_none")]
    rev: Option<i64>,
}

impl AccountCommandResult {
    /// The answer: about this person.
    pub fn answer(self, about: UserId) -> Result<CommandAnswer, Problem> {
        let body = PersonAccepted { user_id: about.0, position: self.position, rev: self.rev.filter(|_| self.folded) };
        if self.folded { CommandAnswer::applied(StatusCode::OK, &body) } else { CommandAnswer::accepted(&body) }
    }
}

/// Does what `decide` says to do about the caller's account, once for a command, however often it comes. Nothing to tell is
/// nothing to do.
pub async fn run(
    app: &App,
    (headers, command): (&CommandHeaders, &Command),
    caller: UserId,
    so_already: &[Reason],
    decide: impl AsyncFnOnce(&mut PgConnection, &Account) -> Result<Vec<(Key, Payload)>, Problem>,
) -> Result<AccountCommandResult, Problem> {
    let mut tx = app.context.db.begin().await?;
    let account = people::lock(&mut tx, caller).await?.filter(Account::is_usable).ok_or_else(Problem::unauthorized)?;
    let first = command.new_id(0);
    if command.is_keyed() && !people::is_first(&mut tx, caller, first).await? {
        tx.rollback().await?;
        return already_done(app, headers, caller, Some((first, so_already))).await;
    }
    let payloads = decide(&mut tx, &account).await?;
    let time = app.context.clock.now();
    let event = |(n, (key, payload)): (usize, (Key, Payload))| {
        let id = if n == 0 { first } else { command.new_id(u32::try_from(n).unwrap_or(u32::MAX)) };
        command.event(key, id, (caller, time), payload)
    };
    let events: Vec<Event> = payloads.into_iter().enumerate().map(event).collect();
    let mut queued = Vec::with_capacity(events.len());
    for events in events.chunks(AT_ONCE) {
        queued.extend(outbox::insert(&mut tx, events).await?);
    }
    tx.commit().await?;
    if events.is_empty() {
        return already_done(app, headers, caller, None).await;
    }
    // Of the caller's own key only: the rooms of somebody who closes their account are more than a position holds. The last
    // of them is what the command is about.
    let key = caller.to_string();
    let about = events.iter().rfind(|event| event.key == caller.into()).map(|event| event.envelope.id);
    let own: Vec<Queued> = queued.into_iter().filter(|row| row.key == key).collect();
    let position = app.published(&own).await;
    outcome(app, headers, caller, position, about.map(|id| (id, so_already))).await
}

/// It is done: a position that includes it, where everything of the person is in the log.
pub async fn already_done(
    app: &App,
    headers: &CommandHeaders,
    caller: UserId,
    event: Option<(EventId, &[Reason])>,
) -> Result<AccountCommandResult, Problem> {
    let queued = people::queued(&app.context.db, caller).await?;
    let position = if queued.is_empty() {
        let kafka = &app.context.kafka;
        let partition = kafka.partition_for(Topic::Users, &caller.to_string()).await?;
        let end = kafka.end_offset(Topic::Users, partition).await?;
        Some(Position::of(app.context.log_id, Topic::Users, partition, end))
    } else {
        app.published(&queued).await
    };
    outcome(app, headers, caller, position, event).await
}

/// The fold's word, if the client wants to wait and it comes in time.
async fn outcome(
    app: &App,
    headers: &CommandHeaders,
    caller: UserId,
    position: Option<Position>,
    event: Option<(EventId, &[Reason])>,
) -> Result<AccountCommandResult, Problem> {
    let Some(position) = position else { return Ok(AccountCommandResult { position: None, rev: None, folded: false }) };
    let Some((id, so_already)) = event else {
        let folded = app.folded(&position, headers.wait).await;
        return Ok(AccountCommandResult { position: Some(position), rev: None, folded });
    };
    let done = command_handler::CommandResult { position, rev: None, folded: false };
    let done = command_handler::outcome(app, headers, (caller.0, id), done, so_already).await?;
    Ok(AccountCommandResult { position: Some(done.position), rev: done.rev, folded: done.folded })
}
