//! What passes between the fold and its caller: the keys of the rows that a batch reads, and the rows that it changed.

use std::collections::HashSet;

use event_schema::{EventId, MessageId, RoomId, UserId};
use uuid::Uuid;

use super::state::{Change, Edit, Friend, Member, Message, Reaction, Receipt, Rejection, Room, User};

/// The keys of the rows that a batch reads.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    /// `rooms`
    pub rooms: HashSet<RoomId>,
    /// `room_members`
    pub members: HashSet<(RoomId, UserId)>,
    /// `messages`, by message id
    pub messages: HashSet<(RoomId, MessageId)>,
    /// `reactions`, by message id
    pub reactions: HashSet<(RoomId, MessageId, UserId, String)>,
    /// `users`
    pub users: HashSet<UserId>,
    /// `friends`
    pub friends: HashSet<(UserId, UserId)>,
    /// `receipts`
    pub receipts: HashSet<(RoomId, UserId)>,
    /// `seen_events`
    pub seen: HashSet<(Uuid, EventId)>,
    /// `rejections`; a superset of `seen`
    pub rejected: HashSet<(Uuid, EventId)>,
}

/// What is to be written, one list a table; rows in the order of their keys.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Upserts of `rooms`.
    pub rooms: Vec<(RoomId, Room)>,
    /// Upserts of `room_members`.
    pub members: Vec<((RoomId, UserId), Member)>,
    /// Upserts of `messages`.
    pub messages: Vec<((RoomId, MessageId), Message)>,
    /// Inserts of `message_edits`.
    pub edits: Vec<Edit>,
    /// Messages (room, seq) whose rows in `message_edits` and `reactions` go, after all inserts of this batch.
    pub wiped: Vec<(RoomId, i64)>,
    /// Inserts of `reactions`.
    pub reactions_added: Vec<(RoomId, UserId, String, Reaction)>,
    /// Deletes of `reactions`, before the inserts: (room, seq, user, emoji).
    pub reactions_removed: Vec<(RoomId, i64, UserId, String)>,
    /// Inserts of `changes`.
    pub changes: Vec<Change>,
    /// Upserts (`Some`) and deletes (`None`) of `users`.
    pub users: Vec<(UserId, Option<User>)>,
    /// Upserts (`Some`) and deletes (`None`) of `friends`.
    pub friends: Vec<((UserId, UserId), Option<Friend>)>,
    /// Upserts of `receipts`.
    pub receipts: Vec<((RoomId, UserId), Receipt)>,
    /// Inserts of `seen_events`: (key, event, rev).
    pub seen: Vec<(Uuid, EventId, i64)>,
    /// Inserts of `rejections`.
    pub rejections: Vec<Rejection>,
}
