//! The fold: `(state, event) → (state, outcome)`, pure and the same at every replay.
//!
//! It reads the event's key, headers and value, and the state that its own partition has built; never an offset, a
//! record's timestamp, a clock or another partition (receipts know nothing of rooms, rooms nothing of accounts).
//! The caller fetches what [`needs`] names into a [`State`], folds event after event, and writes what
//! [`State::take_changes`] hands over.
#![warn(missing_docs)]

mod batch;
mod item;
mod membership;
mod message;
mod reaction;
mod receipt;
mod room;
mod state;
mod table;
#[cfg(test)]
mod tests;
mod user;

use event_schema::rejection::Reason;
use event_schema::room::RoomKind;
use event_schema::{Event, EventId, Payload, RoomId, UserId};
use uuid::Uuid;

pub use batch::{Changes, Needs};
pub use item::{Item, ReactionCount};
pub use state::{
    Change, Edit, EmojiHash, Friend, Member, MemberState, Message, Reaction, Receipt, Rejection, Room, Seen, State,
    User,
};
pub use table::{NotLoaded, Table};

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It counts.
    Applied {
        /// The aggregate's counter of applied events after it; 0 where the aggregate keeps none (receipts).
        rev: i64,
        /// The seq it gave out, for posts.
        seq: Option<i64>,
    },
    /// It was there already; the sender gets the first answer. No rev, no rejection.
    Duplicate(Seen),
    /// It does not count.
    Rejected(Reason),
}

/// Why an event cannot be judged; reading it again will not help.
#[derive(Debug, thiserror::Error)]
pub enum FoldError {
    /// The caller did not fetch what [`needs`] named.
    #[error(transparent)]
    NotLoaded(#[from] NotLoaded),
    /// The event does not belong to a projected topic, or its key is not an id.
    #[error("{0} is not an event of a projected topic with an id for its key")]
    Foreign(&'static str),
}

/// How an event's own rules end: counted, or refused for a reason.
type Judged = Result<Applied, Stop>;

/// The numbers that an applied event got.
#[derive(Clone, Copy, Debug)]
struct Applied {
    rev: i64,
    seq: Option<i64>,
}

/// Why judging an event ended early.
enum Stop {
    Reject(Reason),
    Duplicate(Seen),
    Error(NotLoaded),
}

impl From<Reason> for Stop {
    fn from(reason: Reason) -> Self {
        Self::Reject(reason)
    }
}

impl From<NotLoaded> for Stop {
    fn from(error: NotLoaded) -> Self {
        Self::Error(error)
    }
}

/// Adds the rows that judging this event reads.
pub fn needs(event: &Event, needs: &mut Needs) {
    let Some(key) = event.key.id() else { return };
    let actor = event.envelope.actor;
    needs.rejected.insert((key, event.envelope.id));
    if !matches!(event.payload, Payload::MessagePosted(_) | Payload::ReadUpTo(_)) {
        needs.seen.insert((key, event.envelope.id));
    }
    let room = RoomId(key);
    match &event.payload {
        Payload::ReadUpTo(_) => {
            needs.receipts.insert((room, actor));
            return;
        }
        Payload::FriendAdded(friend) => {
            needs.friends.insert((UserId(key), friend.friend_id));
        }
        Payload::FriendRemoved(friend) => {
            needs.friends.insert((UserId(key), friend.friend_id));
        }
        payload => room::needs(room, event, payload, needs),
    }
    if event.payload.event_type().topic() == event_schema::Topic::Users {
        needs.users.insert(UserId(key));
    } else {
        needs.rooms.insert(room);
        needs.members.insert((room, actor));
    }
}

/// Judges one event and changes the state accordingly. On an error the state is as it was.
pub fn fold(state: &mut State, event: &Event) -> Result<Outcome, FoldError> {
    let key = event.key.id().ok_or(FoldError::Foreign(event.payload.event_type().name()))?;
    let judged = match seen_before(state, key, event)? {
        Some(first) => Err(Stop::Duplicate(first)),
        None => judge(state, key, event)?,
    };
    match judged {
        Ok(Applied { rev, seq }) => {
            if !matches!(event.payload, Payload::MessagePosted(_) | Payload::ReadUpTo(_)) {
                state.seen.put((key, event.envelope.id), Seen::Applied { rev });
            }
            state.advance_digest(key, event, None);
            Ok(Outcome::Applied { rev, seq })
        }
        Err(Stop::Reject(reason)) => {
            state.seen.put((key, event.envelope.id), Seen::Rejected(reason));
            state.rejections.push(Rejection {
                key,
                event_id: event.envelope.id,
                event_type: event.payload.event_type(),
                actor: event.envelope.actor,
                reason,
            });
            state.advance_digest(key, event, Some(reason));
            Ok(Outcome::Rejected(reason))
        }
        Err(Stop::Duplicate(first)) => Ok(Outcome::Duplicate(first)),
        Err(Stop::Error(error)) => Err(error.into()),
    }
}

/// The first answer to an event id that this key has had before, rejections included.
///
/// Of a post, `seen_events` knows nothing: its message does. Whatever else that table holds in memory must not count, or
/// the answer would depend on what happens to be in the same batch.
fn seen_before(state: &State, key: Uuid, event: &Event) -> Result<Option<Seen>, NotLoaded> {
    let id: EventId = event.envelope.id;
    let seen = state.seen.get(&(key, id))?.copied();
    if !matches!(event.payload, Payload::MessagePosted(_)) {
        return Ok(seen);
    }
    let first = state.messages.get(&(RoomId(key), id.into()))?;
    let applied = first.map(|message| Seen::Applied { rev: message.item.posted_rev() });
    Ok(applied.or(seen.filter(|seen| matches!(seen, Seen::Rejected(_)))))
}

fn judge(state: &mut State, key: Uuid, event: &Event) -> Result<Judged, FoldError> {
    let (room, user) = (RoomId(key), UserId(key));
    Ok(match &event.payload {
        Payload::RegistrationRequested(payload) => user::registration_requested(state, user, event, payload),
        Payload::RegistrationRejected(_) => user::registration_rejected(state, user),
        Payload::Registered(payload) => user::registered(state, user, event, payload),
        Payload::ProfileChanged(payload) => user::profile_changed(state, user, event, payload),
        Payload::StatusChanged(payload) => user::status_changed(state, user, event, payload),
        Payload::FriendAdded(payload) => user::friend_added(state, user, event, payload.friend_id),
        Payload::FriendRemoved(payload) => user::friend_removed(state, user, event, payload.friend_id),
        Payload::Deactivated(_) => user::deactivated(state, user, event),
        Payload::RoomCreated(payload) => room::created(state, room, event, payload),
        Payload::RoomRenamed(payload) => room::renamed(state, room, event, payload),
        Payload::RoomArchived(_) => room::archived(state, room, event),
        Payload::EventDropped(payload) => room::event_dropped(state, room, event, payload),
        Payload::MemberJoined(payload) => membership::joined(state, room, event, payload.user_id),
        Payload::MemberInvited(payload) => membership::invited(state, room, event, payload),
        Payload::MemberLeft(payload) => membership::left(state, room, event, payload.user_id),
        Payload::MemberRemoved(payload) => membership::removed(state, room, event, payload.user_id),
        Payload::MemberRoleChanged(payload) => membership::role_changed(state, room, event, payload),
        Payload::MessagePosted(payload) => message::posted(state, room, event, payload),
        Payload::MessageEdited(payload) => message::edited(state, room, event, payload),
        Payload::MessageDeleted(payload) => message::deleted(state, room, event, payload.message_id),
        Payload::ReactionAdded(payload) => reaction::added(state, room, event, payload.message_id, &payload.emoji),
        Payload::ReactionRemoved(payload) => reaction::removed(state, room, event, payload.message_id, &payload.emoji),
        Payload::ReadUpTo(payload) => receipt::read_up_to(state, room, event, payload),
        Payload::StepCompleted(_)
        | Payload::StepFailed(_)
        | Payload::StepCompensated(_)
        | Payload::MailRequested(_)
        | Payload::MailSent(_)
        | Payload::MailFailed(_)
        | Payload::Rejected(_)
        | Payload::AdminActionTaken(_)
        | Payload::SecurityRecorded(_)
        | Payload::SettingChanged(_) => return Err(FoldError::Foreign(event.payload.event_type().name())),
    })
}

/// Direct rooms are one a pair: opening one again is no fault.
fn is_direct(kind: RoomKind) -> bool {
    kind == RoomKind::Direct
}
