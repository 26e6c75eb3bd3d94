//! The tables that follow from the log alone, their columns, and how a row of each is written.

use event_schema::{EventId, RoomId, Topic, UserId};
use fold::{Change, Edit, Friend, Member, Message, Reaction, Receipt, Rejection, Room, User};
use read_model::change_kind;
use uuid::Uuid;

use crate::copy_encoder::{CopyTuple, Kind};

/// A table of the read models. The first column of each is the key of the events that make it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Table {
    Users,
    Friends,
    Rooms,
    RoomMembers,
    Messages,
    MessageEdits,
    Reactions,
    Changes,
    Receipts,
    Rejections,
    SeenEvents,
}

type Column = (&'static str, Kind);

impl Table {
    pub(crate) const ALL: [Self; 11] = [
        Self::Users,
        Self::Friends,
        Self::Rooms,
        Self::RoomMembers,
        Self::Messages,
        Self::MessageEdits,
        Self::Reactions,
        Self::Changes,
        Self::Receipts,
        Self::Rejections,
        Self::SeenEvents,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Friends => "friends",
            Self::Rooms => "rooms",
            Self::RoomMembers => "room_members",
            Self::Messages => "messages",
            Self::MessageEdits => "message_edits",
            Self::Reactions => "reactions",
            Self::Changes => "changes",
            Self::Receipts => "receipts",
            Self::Rejections => "rejections",
            Self::SeenEvents => "seen_events",
        }
    }

    /// All columns, the primary key first.
    pub(crate) fn columns(self) -> &'static [Column] {
        match self {
            Self::Users => &USERS,
            Self::Friends => &[("user_id", Kind::Uuid), ("friend_id", Kind::Uuid), ("added_at", Kind::Time)],
            Self::Rooms => &ROOMS,
            Self::RoomMembers => &MEMBERS,
            Self::Messages => &MESSAGES,
            Self::MessageEdits => &EDITS,
            Self::Reactions => &REACTIONS,
            Self::Changes => &CHANGES,
            Self::Receipts => &[("room_id", Kind::Uuid), ("user_id", Kind::Uuid), ("read_seq", Kind::BigInt)],
            Self::Rejections => &REJECTIONS,
            Self::SeenEvents => &[("key_id", Kind::Uuid), ("event_id", Kind::Uuid), ("rev", Kind::BigInt)],
        }
    }

    /// How many columns the primary key has.
    pub(crate) fn key_columns(self) -> usize {
        match self {
            Self::Users | Self::Rooms => 1,
            Self::MessageEdits => 3,
            Self::Reactions => 4,
            _ => 2,
        }
    }

    /// The topics whose folds write it.
    pub(crate) fn topics(self) -> &'static [Topic] {
        match self {
            Self::Users | Self::Friends => &[Topic::Users],
            Self::Receipts => &[Topic::Receipts],
            Self::Rejections | Self::SeenEvents => &Topic::PROJECTED,
            _ => &[Topic::Rooms],
        }
    }

    fn column_list(self) -> String {
        self.columns().iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    }

    pub(crate) fn copy_in(self) -> String {
        self.copy_in_as(self.name())
    }

    /// Takes rows in, into another table of the same columns.
    pub(crate) fn copy_in_as(self, name: &str) -> String {
        format!("copy {name} ({}) from stdin (format binary)", self.column_list())
    }

    /// Hands all rows out, in no order.
    pub(crate) fn copy_out(self) -> String {
        format!("copy {} ({}) to stdout (format binary)", self.name(), self.column_list())
    }

    /// Hands the rows of some keys out, in the order of the primary key. Plan: Index Scan on the primary key.
    pub(crate) fn copy_out_of(self, keys: &[Uuid]) -> String {
        let columns = self.columns();
        let order: Vec<String> =
            columns[..self.key_columns()].iter().map(|(name, kind)| ordered(name, *kind)).collect();
        // COPY takes no parameters; ids hold nothing to be quoted.
        let keys: Vec<String> = keys.iter().map(|key| format!("'{key}'")).collect();
        format!(
            "copy (select {} from {} where {} in ({}) order by {}) to stdout (format binary)",
            self.column_list(),
            self.name(),
            columns[0].0,
            keys.join(", "),
            order.join(", ")
        )
    }
}

/// Texts in the order of their bytes, the same on every server.
fn ordered(name: &str, kind: Kind) -> String {
    if kind == Kind::Text { format!("{name} collate \"C\"") } else { name.to_owned() }
}

const USERS: [Column; 12] = [
    ("user_id", Kind::Uuid),
    ("workspace_id", Kind::Uuid),
    ("kind", Kind::Text),
    ("username", Kind::Text),
    ("display_name", Kind::Text),
    ("locale", Kind::Text),
    ("status", Kind::Text),
    ("deactivated", Kind::Bool),
    ("pending", Kind::Bool),
    ("rev", Kind::BigInt),
    ("created_at", Kind::Time),
    ("digest", Kind::Bytes),
];
const ROOMS: [Column; 14] = [
    ("room_id", Kind::Uuid),
    ("workspace_id", Kind::Uuid),
    ("kind", Kind::Text),
    ("name", Kind::Text),
    ("join_rule", Kind::Text),
    ("history_visibility", Kind::Text),
    ("archived", Kind::Bool),
    ("creator_id", Kind::Uuid),
    ("created_at", Kind::Time),
    ("last_message_at", Kind::Time),
    ("last_seq", Kind::BigInt),
    ("rev", Kind::BigInt),
    ("member_count", Kind::Int),
    ("digest", Kind::Bytes),
];
const MEMBERS: [Column; 7] = [
    ("room_id", Kind::Uuid),
    ("user_id", Kind::Uuid),
    ("state", Kind::Text),
    ("role", Kind::Text),
    ("join_seq", Kind::BigInt),
    ("last_own_seq", Kind::BigInt),
    ("since", Kind::Time),
];
const MESSAGES: [Column; 9] = [
    ("room_id", Kind::Uuid),
    ("seq", Kind::BigInt),
    ("message_id", Kind::Uuid),
    ("author_id", Kind::Uuid),
    ("created_at", Kind::Time),
    ("deleted", Kind::Bool),
    ("reply_to", Kind::BigInt),
    ("mentions", Kind::Uuids),
    ("item", Kind::Text),
];
const EDITS: [Column; 5] = [
    ("room_id", Kind::Uuid),
    ("seq", Kind::BigInt),
    ("version", Kind::Int),
    ("content", Kind::Json),
    ("at", Kind::Time),
];
const REACTIONS: [Column; 5] = [
    ("room_id", Kind::Uuid),
    ("seq", Kind::BigInt),
    ("emoji", Kind::Text),
    ("user_id", Kind::Uuid),
    ("rev", Kind::BigInt),
];
const CHANGES: [Column; 5] = [
    ("room_id", Kind::Uuid),
    ("rev", Kind::BigInt),
    ("type", Kind::Text),
    ("subject_id", Kind::Uuid),
    ("last_seq", Kind::BigInt),
];
const REJECTIONS: [Column; 5] = [
    ("key_id", Kind::Uuid),
    ("event_id", Kind::Uuid),
    ("event_type", Kind::Text),
    ("actor_id", Kind::Uuid),
    ("reason", Kind::Text),
];

pub(super) fn user(into: &mut Vec<u8>, id: UserId, user: &User) {
    let tuple = CopyTuple::of(into, 12).uuid(id.0).uuid(user.workspace_id.0).text(user.kind.as_str());
    let tuple = tuple.text_or_null(user.username.as_deref()).text_or_null(user.display_name.as_deref());
    let tuple = tuple.text(&user.locale).text_or_null(user.status.as_deref()).bool(user.deactivated);
    let tuple = tuple.bool(user.pending);
    tuple.bigint(user.rev).time(user.created_at).bytes(&user.digest);
}

pub(super) fn friend(into: &mut Vec<u8>, (user, other): (UserId, UserId), friend: Friend) {
    CopyTuple::of(into, 3).uuid(user.0).uuid(other.0).time(friend.added_at);
}

pub(super) fn room(into: &mut Vec<u8>, id: RoomId, room: &Room) {
    let tuple = CopyTuple::of(into, 14).uuid(id.0).uuid(room.workspace_id.0).text(room.kind.as_str());
    let tuple = tuple.text_or_null(room.name.as_deref()).text(room.join_rule.as_str());
    let tuple = tuple.text(room.history_visibility.as_str()).bool(room.archived).uuid(room.creator_id.0);
    let tuple = tuple.time(room.created_at).time_or_null(room.last_message_at).bigint(room.last_seq);
    tuple.bigint(room.rev).int(room.member_count).bytes(&room.digest);
}

pub(super) fn member(into: &mut Vec<u8>, (room, user): (RoomId, UserId), member: &Member) {
    let tuple = CopyTuple::of(into, 7).uuid(room.0).uuid(user.0).text(member.state.as_str()).text(member.role.as_str());
    tuple.bigint(member.join_seq).bigint(member.last_own_seq).time(member.since);
}

pub(super) fn message(into: &mut Vec<u8>, message: &Message) -> serde_json::Result<()> {
    let item = &message.item;
    let tuple = CopyTuple::of(into, 9).uuid(item.room_id.0).bigint(message.seq).uuid(item.message_id.0);
    let tuple = tuple.uuid(item.author_id.0).time(item.created_at).bool(item.deleted);
    let tuple = tuple.bigint_or_null(message.reply_to).uuids_or_null(&item.mentions);
    tuple.text(&serde_json::to_string(item)?);
    Ok(())
}

/// The second field of a row of `messages`.
pub(crate) fn seq_of(tuple: &[u8]) -> Option<i64> {
    tuple.get(26..34)?.first_chunk().map(|bytes| i64::from_be_bytes(*bytes))
}

/// The item and what it answers, from a row of `messages`.
pub(crate) fn read_message(tuple: &[u8]) -> Option<Message> {
    let fields = crate::copy_encoder::fields(tuple)?;
    let bigint = |at: usize| Some(i64::from_be_bytes((*fields.get(at)?)?.try_into().ok()?));
    let item = serde_json::from_slice((*fields.get(8)?)?).ok()?;
    Some(Message { seq: bigint(1)?, reply_to: bigint(6), item })
}

pub(super) fn edit(into: &mut Vec<u8>, edit: &Edit) -> serde_json::Result<()> {
    let content = serde_json::to_string(&edit.content)?;
    CopyTuple::of(into, 5).uuid(edit.room_id.0).bigint(edit.seq).int(edit.version).json(&content).time(edit.at);
    Ok(())
}

pub(super) fn reaction(into: &mut Vec<u8>, room: RoomId, user: UserId, emoji: &str, reaction: &Reaction) {
    CopyTuple::of(into, 5).uuid(room.0).bigint(reaction.seq).text(emoji).uuid(user.0).bigint(reaction.rev);
}

pub(super) fn change(into: &mut Vec<u8>, change: &Change) {
    let tuple = CopyTuple::of(into, 5).uuid(change.room_id.0).bigint(change.rev).text(change_kind(change.event_type));
    tuple.uuid(change.subject_id).bigint(change.last_seq);
}

pub(super) fn receipt(into: &mut Vec<u8>, (room, user): (RoomId, UserId), receipt: Receipt) {
    CopyTuple::of(into, 3).uuid(room.0).uuid(user.0).bigint(receipt.read_seq);
}

pub(super) fn rejection(into: &mut Vec<u8>, rejection: &Rejection) {
    let tuple = CopyTuple::of(into, 5).uuid(rejection.key).uuid(rejection.event_id.0);
    tuple.text(change_kind(rejection.event_type)).uuid(rejection.actor.0).text(rejection.reason.as_str());
}

pub(super) fn seen(into: &mut Vec<u8>, key: Uuid, event: EventId, rev: i64) {
    CopyTuple::of(into, 3).uuid(key).uuid(event.0).bigint(rev);
}

/// The last field of a row, a number.
pub(super) fn last_bigint(tuple: &[u8]) -> Option<i64> {
    tuple.last_chunk::<8>().map(|bytes| i64::from_be_bytes(*bytes))
}

/// The last field of a row, a text.
pub(super) fn last_text(tuple: &[u8]) -> Option<String> {
    let fields = crate::copy_encoder::fields(tuple)?;
    String::from_utf8((*fields.last()?)?.to_vec()).ok()
}
