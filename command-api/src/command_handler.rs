//! Commands that are one event: decide, send it, wait where the client wants to.

use api_kit::Problem;
use event_schema::rejection::Reason;
use event_schema::topics::Key;
use event_schema::{Event, EventId, MessageId, RoomId, Topic, UserId};
use read_model::outcomes::{self, OutcomeRow};
use read_model::{Position, parked};
use uuid::Uuid;

use crate::command::{Command, CommandHeaders};
use crate::decide::changes::MessageView;
use crate::decide::{Decision, Refusal, RoomView};
use crate::refusal::rejected;
use crate::state::App;
use crate::store::{messages, rooms};

/// A command that the log has, or that there was nothing to do about.
#[derive(Clone, Debug)]
pub struct CommandResult {
    /// The position that includes it.
    pub position: Position,
    /// The rev that it got, where the client waited for the fold.
    pub rev: Option<i64>,
    /// Whether the client's wish to wait was followed.
    pub folded: bool,
}

/// Who does what to whom.
#[derive(Clone, Copy, Debug)]
pub struct RoomCommand<'a> {
    pub caller: UserId,
    pub room: RoomId,
    /// To whom, where it is somebody else.
    pub other: Option<UserId>,
    /// About which message, and which emoji on it.
    pub about: Option<(MessageId, &'a str)>,
    /// The fold's reasons that mean "it is so already": somebody else was quicker with the same wish.
    pub so_already: &'static [Reason],
}

/// Decides by what the read model shows of the room (and of the message that it is about), and does it. `ready` is asked
/// before an event is sent, for what the room cannot tell.
pub async fn run(
    app: &App,
    (headers, command): (&CommandHeaders, &Command),
    act: RoomCommand<'_>,
    decide: impl Fn(Option<&RoomView>, Option<&MessageView>) -> Result<Decision, Refusal>,
    ready: impl AsyncFnOnce(&mut Decision) -> Result<(), Problem>,
) -> Result<CommandResult, Problem> {
    let id = command.new_id(0);
    let mut decision = load(app, act, &decide).await?;
    if !matches!(decision, Ok(Decision::Emit(_))) {
        // Neither a refusal nor "it is so already" is given from a state that is behind.
        let position = app.read_consistency.room(&app.context, act.caller, act.room).await?;
        decision = load(app, act, &decide).await?;
        if !matches!(decision, Ok(Decision::Emit(_))) {
            let rev = already_done(app, command, act, id, decision).await?;
            return Ok(CommandResult { position, rev, folded: headers.wait.is_some() });
        }
    }
    let mut decision = decision?;
    ready(&mut decision).await?;
    let Decision::Emit(payload) = decision else { return Err(Problem::internal("a decision changed its mind")) };
    let time = app.context.clock.now();
    let event = command.event(act.room, id, (act.caller, time), payload);
    send(app, headers, &event, act.so_already).await
}

async fn load(
    app: &App,
    act: RoomCommand<'_>,
    decide: &impl Fn(Option<&RoomView>, Option<&MessageView>) -> Result<Decision, Refusal>,
) -> Result<Result<Decision, Refusal>, sqlx::Error> {
    let pool = app.context.read_model.pool();
    // In this order: a message that is there was posted in a room that is there.
    let message = match act.about {
        Some((id, emoji)) => messages::view(&pool, act.room, id, act.caller, emoji).await?,
        None => None,
    };
    let room = rooms::view(&pool, act.room, act.caller, act.other).await?;
    Ok(decide(room.as_ref(), message.as_ref()))
}

/// There is nothing to send: it is so already, or it is refused, unless this very command did it before (then it has a
/// rev).
async fn already_done(
    app: &App,
    command: &Command,
    act: RoomCommand<'_>,
    id: EventId,
    decision: Result<Decision, Refusal>,
) -> Result<Option<i64>, Problem> {
    if command.is_keyed() {
        let before = outcomes::event_outcome(&app.context.read_model.pool(), act.room.0, id).await?;
        if let Some(OutcomeRow { rev: Some(rev), .. }) = before {
            return Ok(Some(rev));
        }
    }
    decision?;
    Ok(None)
}

/// Sends one event; waits for the fold's word where the client wants to.
pub async fn send(
    app: &App,
    headers: &CommandHeaders,
    event: &Event,
    so_already: &[Reason],
) -> Result<CommandResult, Problem> {
    let position = app.send(std::slice::from_ref(event)).await?;
    let unfolded = CommandResult { position, rev: None, folded: false };
    let Key::Id(key) = event.key else { return Ok(unfolded) };
    outcome(app, headers, (key, event.envelope.id), unfolded, so_already).await
}

/// The fold's word about an event in the log, if the client wants to wait and it comes in time.
pub async fn outcome(
    app: &App,
    headers: &CommandHeaders,
    (key, id): (Uuid, EventId),
    done: CommandResult,
    so_already: &[Reason],
) -> Result<CommandResult, Problem> {
    if !app.folded(&done.position, headers.wait).await {
        return Ok(done);
    }
    let pool = app.context.read_model.pool();
    let found = async {
        let found = outcomes::event_outcome(&pool, key, id).await?;
        // It waits behind an event that could not be processed: nobody knows yet.
        let waits = found.is_none() && parked::is_event_parked(&pool, key, id).await?;
        Ok::<_, sqlx::Error>((found, waits))
    };
    // The log has it: what cannot be read now is no error of the command.
    let (found, waits) = match found.await {
        Ok(found) => found,
        Err(error) => {
            tracing::warn!(%error, "failed to read the outcome of a command; answered as accepted");
            return Ok(done);
        }
    };
    match found {
        Some(OutcomeRow { rev: Some(rev), .. }) => Ok(CommandResult { rev: Some(rev), folded: true, ..done }),
        Some(OutcomeRow { reason: Some(reason), .. }) if !so_already.iter().any(|so| so.as_str() == reason) => {
            Err(rejected(&reason))
        }
        None if waits => Ok(done),
        // A duplicate of what another command did (a direct room opened again), or the same wish, later.
        _ => Ok(CommandResult { folded: true, ..done }),
    }
}

/// A position that includes what the read model has just shown of a room.
pub async fn seen(app: &App, topic: Topic, room: RoomId) -> Result<Position, Problem> {
    let partition = app.context.kafka.partition_for(topic, &room.to_string()).await?;
    // The start of the log is included in everything: good enough where nobody has told how far the read model is.
    let next = app.context.read_model.progress.reached(topic, partition).unwrap_or(0);
    Ok(Position::of(app.context.log_id, topic, partition, next))
}
