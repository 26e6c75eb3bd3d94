//! The state of one partition, as far as it is in memory, and the changes to be written.

use event_schema::rejection::Reason;

pub use event_schema::room::MemberState;
use event_schema::room::{HistoryVisibility, JoinRule, Role, RoomKind};
use event_schema::rules::Standing;
use event_schema::user::AccountKind;
use event_schema::{Event, EventId, EventType, MessageId, RoomId, Text, Timestamp, UserId, WorkspaceId};
use uuid::Uuid;

use super::item::Item;
use super::table::{NotLoaded, Table};
use super::{Changes, Needs};

/// A room (table `rooms`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// The tenant.
    pub workspace_id: WorkspaceId,
    /// Direct, group or channel.
    pub kind: RoomKind,
    /// Its name, where it has a readable one.
    pub name: Option<String>,
    /// How one becomes a member.
    pub join_rule: JoinRule,
    /// What a member sees of the time before joining.
    pub history_visibility: HistoryVisibility,
    /// Closed for writing.
    pub archived: bool,
    /// Who made it.
    pub creator_id: UserId,
    /// When it was made.
    pub created_at: Timestamp,
    /// `created_at` of the newest message.
    pub last_message_at: Option<Timestamp>,
    /// The seq of the newest message; 0 before the first.
    pub last_seq: i64,
    /// Applied events so far.
    pub rev: i64,
    /// Joined members.
    pub member_count: i32,
    /// Rolling BLAKE3 over (event id, outcome).
    pub digest: [u8; 32],
}

/// Somebody's relation to a room (table `room_members`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Joined, invited, left or removed.
    pub state: MemberState,
    /// The role; of an invited person the one to come.
    pub role: Role,
    /// The room's last seq when the membership began.
    pub join_seq: i64,
    /// The seq of their newest message; 0 before the first.
    pub last_own_seq: i64,
    /// When the present state began.
    pub since: Timestamp,
}

impl Member {
    /// What rules call them.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match self.state {
            MemberState::Joined => self.role.into(),
            MemberState::Invited => Standing::Invited,
            MemberState::Left => Standing::Outsider,
            MemberState::Removed => Standing::Removed,
        }
    }
}

/// A message (table `messages`). Everything shown lies in the item; the rest is what queries filter by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its place in the room: 1, 2, 3 …
    pub seq: i64,
    /// The seq of the message that it answers.
    pub reply_to: Option<i64>,
    /// What readers see.
    pub item: Item,
}

/// A superseded content (table `message_edits`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The room.
    pub room_id: RoomId,
    /// The message's seq.
    pub seq: i64,
    /// 1 is what was first posted.
    pub version: i32,
    /// What it said.
    pub content: Text,
    /// When it began to say so.
    pub at: Timestamp,
}

/// A reaction (table `reactions`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaction {
    /// The message.
    pub message_id: MessageId,
    /// The message's seq.
    pub seq: i64,
    /// The room's rev of it.
    pub rev: i64,
}

/// A user's profile (table `users`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The tenant.
    pub workspace_id: WorkspaceId,
    /// Human, bot or imported.
    pub kind: AccountKind,
    /// Name to be mentioned by, where it is readable.
    pub username: Option<String>,
    /// Name to show, where it is readable.
    pub display_name: Option<String>,
    /// BCP 47 tag.
    pub locale: String,
    /// The status line.
    pub status: Option<String>,
    /// Whether the account is closed.
    pub deactivated: bool,
    /// Whether the sign-up is not decided yet: nobody sees the profile.
    pub pending: bool,
    /// Applied events so far.
    pub rev: i64,
    /// When it was registered.
    pub created_at: Timestamp,
    /// Rolling BLAKE3 over (event id, outcome).
    pub digest: [u8; 32],
}

/// A directed friendship (table `friends`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Friend {
    /// Since when.
    pub added_at: Timestamp,
}

/// How far somebody has read (table `receipts`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The highest seq said to be read.
    pub read_seq: i64,
}

/// The first answer to an event id (tables `seen_events`, `rejections`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It was applied.
    Applied {
        /// With this rev.
        rev: i64,
    },
    /// It was rejected.
    Rejected(Reason),
}

/// A rejected event (table `rejections`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// Its key.
    pub key: Uuid,
    /// Its id.
    pub event_id: EventId,
    /// Its type.
    pub event_type: EventType,
    /// Who asked for it.
    pub actor: UserId,
    /// Why not.
    pub reason: Reason,
}

/// An applied event that is not a post (table `changes`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The room.
    pub room_id: RoomId,
    /// The room's rev of it.
    pub rev: i64,
    /// What happened.
    pub event_type: EventType,
    /// What it is about: a message, a member, the room.
    pub subject_id: Uuid,
    /// The room's last seq when it happened.
    pub last_seq: i64,
}

/// A user's emoji on a message.
pub type ReactionKey = (RoomId, MessageId, UserId, EmojiHash);

/// An emoji as a key of fixed size: BLAKE3, cut to 128 bits. The emoji itself stands in [`Needs`] and [`Changes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmojiHash(u128);

impl EmojiHash {
    /// The key of an emoji.
    #[must_use]
    pub fn of(emoji: &str) -> Self {
        let hash = blake3::hash(emoji.as_bytes());
        let mut cut = [0; 16];
        cut.copy_from_slice(&hash.as_bytes()[..16]);
        Self(u128::from_be_bytes(cut))
    }
}

/// The rows in memory.
#[derive(Clone, Debug)]
pub struct State {
    /// `rooms`
    pub rooms: Table<RoomId, Room>,
    /// `room_members`
    pub members: Table<(RoomId, UserId), Member>,
    /// `messages`
    pub messages: Table<(RoomId, MessageId), Message>,
    /// `reactions`
    pub reactions: Table<ReactionKey, Reaction>,
    /// `users`
    pub users: Table<UserId, User>,
    /// `friends`
    pub friends: Table<(UserId, UserId), Friend>,
    /// `receipts`
    pub receipts: Table<(RoomId, UserId), Receipt>,
    /// `seen_events` and `rejections`
    pub seen: Table<(Uuid, EventId), Seen>,
    pub(super) edits: Vec<Edit>,
    pub(super) wiped: Vec<(RoomId, i64)>,
    pub(super) emoji: std::collections::HashMap<EmojiHash, String>,
    pub(super) removed_reactions: std::collections::HashMap<ReactionKey, i64>,
    pub(super) changes: Vec<Change>,
    pub(super) rejections: Vec<Rejection>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            rooms: Table::new("rooms"),
            members: Table::new("room_members"),
            messages: Table::new("messages"),
            reactions: Table::new("reactions"),
            users: Table::new("users"),
            friends: Table::new("friends"),
            receipts: Table::new("receipts"),
            seen: Table::new("seen_events"),
            edits: Vec::new(),
            wiped: Vec::new(),
            emoji: std::collections::HashMap::new(),
            removed_reactions: std::collections::HashMap::new(),
            changes: Vec::new(),
            rejections: Vec::new(),
        }
    }
}

impl State {
    /// What of `needs` is not in memory yet. Load every key of the answer, with `None` where there is no row.
    #[must_use]
    pub fn missing(&self, mut needs: Needs) -> Needs {
        needs.rooms.retain(|key| !self.rooms.is_loaded(key));
        needs.members.retain(|key| !self.members.is_loaded(key));
        needs.messages.retain(|key| !self.messages.is_loaded(key));
        needs.reactions.retain(|(room, message, user, emoji)| {
            !self.reactions.is_loaded(&(*room, *message, *user, EmojiHash::of(emoji)))
        });
        needs.users.retain(|key| !self.users.is_loaded(key));
        needs.friends.retain(|key| !self.friends.is_loaded(key));
        needs.receipts.retain(|key| !self.receipts.is_loaded(key));
        needs.seen.retain(|key| !self.seen.is_loaded(key));
        needs.rejected.retain(|key| !self.seen.is_loaded(key));
        needs
    }

    /// Hands over what changed since the last call.
    pub fn take_changes(&mut self) -> Changes {
        fn kept<K, V>(rows: Vec<(K, Option<V>)>) -> Vec<(K, V)> {
            rows.into_iter().filter_map(|(key, row)| Some((key, row?))).collect()
        }
        let mut changes = Changes {
            rooms: kept(self.rooms.take_dirty()),
            members: kept(self.members.take_dirty()),
            messages: kept(self.messages.take_dirty()),
            edits: std::mem::take(&mut self.edits),
            wiped: std::mem::take(&mut self.wiped),
            changes: std::mem::take(&mut self.changes),
            users: self.users.take_dirty(),
            friends: self.friends.take_dirty(),
            receipts: kept(self.receipts.take_dirty()),
            rejections: std::mem::take(&mut self.rejections),
            ..Changes::default()
        };
        for ((key, event_id), seen) in self.seen.take_dirty() {
            if let Some(Seen::Applied { rev }) = seen {
                changes.seen.push((key, event_id, rev));
            }
        }
        self.take_reactions(&mut changes);
        changes
    }

    fn take_reactions(&mut self, changes: &mut Changes) {
        for (key, reaction) in self.reactions.take_dirty() {
            let (room, _, user, hash) = key;
            let emoji = self.emoji.get(&hash).cloned().unwrap_or_default();
            // A reaction taken back and put on again within a batch has another rev: the old row goes first.
            if let Some(seq) = self.removed_reactions.remove(&key) {
                changes.reactions_removed.push((room, seq, user, emoji.clone()));
            }
            if let Some(reaction) = reaction {
                changes.reactions_added.push((room, user, emoji, reaction));
            }
        }
        self.emoji.clear();
    }

    /// Frees memory between batches, after [`Self::take_changes`]: keeps rooms, members and users (they are asked for
    /// again at once) up to `limit` rows each, and nothing else.
    pub fn forget_cold(&mut self, limit: usize) {
        self.messages.forget();
        self.reactions.forget();
        self.friends.forget();
        self.receipts.forget();
        self.seen.forget();
        if self.rooms.len() > limit {
            self.rooms.forget();
        }
        if self.members.len() > limit {
            self.members.forget();
        }
        if self.users.len() > limit {
            self.users.forget();
        }
    }

    /// Frees what grows with every event, after [`Self::take_changes`]: messages, reactions, what is known of events.
    pub fn forget_bulk(&mut self) {
        self.messages.forget();
        self.reactions.forget();
        self.seen.forget();
    }

    /// What somebody is to a room.
    pub(super) fn standing(&self, room: RoomId, user: UserId) -> Result<Standing, NotLoaded> {
        if user == UserId::PLATFORM {
            return Ok(Standing::Platform);
        }
        Ok(self.members.get(&(room, user))?.map_or(Standing::Outsider, Member::standing))
    }

    /// Rolls the aggregate's digest forward; an aggregate that does not exist has none.
    pub(super) fn advance_digest(&mut self, key: Uuid, event: &Event, rejected: Option<Reason>) {
        let digest = match event.payload.event_type().topic() {
            event_schema::Topic::Users => self.users.get_mut(&UserId(key)).ok().flatten().map(|user| &mut user.digest),
            event_schema::Topic::Rooms => self.rooms.get_mut(&RoomId(key)).ok().flatten().map(|room| &mut room.digest),
            _ => None,
        };
        let Some(digest) = digest else { return };
        let mut hasher = blake3::Hasher::new();
        hasher.update(digest.as_slice());
        hasher.update(event.envelope.id.0.as_bytes());
        hasher.update(rejected.map_or("applied", Reason::as_str).as_bytes());
        *digest = *hasher.finalize().as_bytes();
    }
}
