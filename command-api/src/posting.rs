//! Posting: check, send in one go, wait where the client wants to.

use api_kit::Problem;
use event_schema::message::Posted;
use event_schema::{MessageId, RoomId, Topic, UserId};
use read_model::{Position, outcomes, parked};

use crate::command::{Command, CommandHeaders};
use crate::decide::{self, Refusal};
use crate::mentions;
use crate::state::App;
use crate::store::rooms;

/// Messages that the log has.
#[derive(Clone, Debug)]
pub struct Posting {
    /// Their ids, in the order of the request.
    pub ids: Vec<MessageId>,
    /// The position that includes them all.
    pub position: Position,
    /// Whether the read model includes it, as far as the client waited.
    pub folded: bool,
}

/// Posts messages to a room: all of them, one after another, or (before anything is sent) none.
pub async fn post(
    app: &App,
    caller: UserId,
    (headers, command): (&CommandHeaders, &Command),
    room: RoomId,
    mut messages: Vec<Posted>,
) -> Result<Posting, Problem> {
    let ids: Vec<MessageId> = (0_u32..).zip(&messages).map(|(n, _)| command.new_id(n).into()).collect();
    match check(app, caller, command, room, &ids, &messages).await {
        Ok(None) => {}
        Ok(Some(position)) => return Ok(Posting { ids, position, folded: headers.wait.is_some() }),
        // The check is a fast first answer, the fold's word counts: the log takes messages while the tables are lost.
        Err(problem) if problem.is_tables_missing() => {}
        Err(problem) => return Err(problem),
    }
    mentions::of_posts(app, &mut messages).await?;
    let time = app.context.clock.now();
    let events: Vec<_> = ids
        .iter()
        .zip(messages)
        .map(|(id, message)| command.event(room, (*id).into(), (caller, time), message))
        .collect();
    let position = app.send(&events).await?;
    let folded = app.folded(&position, headers.wait).await;
    // What waits behind an event that could not be processed is not folded, however far the fold is.
    let pool = app.context.read_model.pool();
    // After the log has it, nothing that cannot be read makes it an error.
    let parked = parked::is_any_key_parked(&pool, Topic::Rooms.name(), &[room.0]).await;
    let folded = folded && matches!(parked, Ok(false));
    Ok(Posting { ids, position, folded })
}

/// The fast first answer. Before it is no, the read model catches up with the room; and if the messages turn out to be
/// there already, this is a repetition that is not to be judged again: then it gives the position that includes them.
async fn check(
    app: &App,
    caller: UserId,
    command: &Command,
    room: RoomId,
    ids: &[MessageId],
    messages: &[Posted],
) -> Result<Option<Position>, Problem> {
    if load(app, caller, room, messages).await?.is_ok() {
        return Ok(None);
    }
    let position = app.read_consistency.room(&app.context, caller, room).await?;
    let Err(refusal) = load(app, caller, room, messages).await? else { return Ok(None) };
    let pool = app.context.read_model.pool();
    if command.is_keyed() && outcomes::message_outcomes(&pool, room, ids).await?.len() == ids.len() {
        return Ok(Some(position));
    }
    Err(refusal.into())
}

async fn load(
    app: &App,
    caller: UserId,
    room: RoomId,
    messages: &[Posted],
) -> Result<Result<(), Refusal>, sqlx::Error> {
    let pool = app.context.read_model.pool();
    let view = rooms::view(&pool, room, caller, None).await?;
    let replies: Vec<MessageId> = messages.iter().filter_map(|message| message.reply_to).collect();
    let found = replies.is_empty() || rooms::has_messages(&pool, room, caller, &replies).await?;
    Ok(decide::messages::post(view.as_ref(), found))
}
