//! Commands that change a room or its members: decide, send one event, wait where the client wants to.

use event_schema::topics::Key;
use event_schema::{Event, EventId, RoomId, UserId};
use platform::{Position, Problem};
use uuid::Uuid;

use crate::command::{Asked, Command};
use crate::decide::{Decision, Refusal, RoomView};
use crate::refusal::rejected;
use crate::state::App;
use crate::store::outcomes::{self, Outcome};
use crate::store::rooms;

/// A command that the log has, or that there was nothing to do about.
#[derive(Clone, Debug)]
pub struct Done {
    /// The position that includes it.
    pub position: Position,
    /// The rev that it got, where the client waited for the fold.
    pub rev: Option<i64>,
    /// Whether the client's wish to wait was followed.
    pub folded: bool,
}

/// Who does what to whom.
#[derive(Clone, Copy, Debug)]
pub struct Act {
    /// Who.
    pub caller: UserId,
    /// Where.
    pub room: RoomId,
    /// To whom, where it is somebody else.
    pub other: Option<UserId>,
    /// What the event is about.
    pub subject: Uuid,
}

/// Decides and does it. `ready` is asked before an event is sent, for what the room itself cannot tell.
pub async fn act(
    app: &App,
    (asked, command): (&Asked, &Command),
    act: Act,
    decide: impl Fn(Option<&RoomView>) -> Result<Decision, Refusal>,
    ready: impl AsyncFnOnce(&Decision) -> Result<(), Problem>,
) -> Result<Done, Problem> {
    let look = async || {
        let view = rooms::view(&app.platform.read_model.pool(), act.room, act.caller, act.other).await?;
        Ok::<_, Problem>(decide(view.as_ref()))
    };
    let id = command.new_id(0);
    let mut decision = look().await?;
    if !matches!(decision, Ok(Decision::Emit(_))) {
        // Neither a refusal nor "it is so already" is given from a state that is behind.
        let position = app.fresh.room(&app.platform, act.caller, act.room).await?;
        decision = look().await?;
        if !matches!(decision, Ok(Decision::Emit(_))) {
            let rev = settled(app, command, act, id, decision).await?;
            return Ok(Done { position, rev, folded: asked.wait.is_some() });
        }
    }
    let decision = decision?;
    ready(&decision).await?;
    let Decision::Emit(payload) = decision else { return Err(Problem::internal("a decision changed its mind")) };
    let time = app.platform.clock.now();
    let event = command.event((act.room, act.subject), id, (act.caller, time), payload);
    send(app, asked, &event).await
}

/// There is nothing to send: it is so already, or it is refused, unless this very command did it before (then it has a
/// rev).
async fn settled(
    app: &App,
    command: &Command,
    act: Act,
    id: EventId,
    decision: Result<Decision, Refusal>,
) -> Result<Option<i64>, Problem> {
    if command.is_keyed() {
        let before = outcomes::of_event(&app.platform.read_model.pool(), act.room.0, id).await?;
        if let Some(Outcome::Applied(rev)) = before {
            return Ok(Some(rev));
        }
    }
    decision?;
    Ok(None)
}

/// Sends one event; waits for the fold's word where the client wants to.
pub async fn send(app: &App, asked: &Asked, event: &Event) -> Result<Done, Problem> {
    let position = app.send(std::slice::from_ref(event)).await?;
    let unfolded = Done { position, rev: None, folded: false };
    let Key::Id(key) = event.key else { return Ok(unfolded) };
    outcome(app, asked, key, event.envelope.id, unfolded).await
}

/// The fold's word about an event in the log, if the client wants to wait and it comes in time.
pub async fn outcome(app: &App, asked: &Asked, key: Uuid, id: EventId, done: Done) -> Result<Done, Problem> {
    if !app.folded(&done.position, asked.wait).await {
        return Ok(done);
    }
    match outcomes::of_event(&app.platform.read_model.pool(), key, id).await? {
        Some(Outcome::Applied(rev)) => Ok(Done { rev: Some(rev), folded: true, ..done }),
        Some(Outcome::Rejected(reason)) => Err(rejected(&reason)),
        // A duplicate of what another command did (a direct room opened again).
        None => Ok(Done { folded: true, ..done }),
    }
}
