//! The topics of the log: one table, from which they are created and documented.

use crate::ids::{RoomId, UserId};
use uuid::Uuid;

/// A topic of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// `chat.users`
    Users,
    /// `chat.rooms`
    Rooms,
    /// `chat.receipts`
    Receipts,
    /// `chat.registrations`
    Registrations,
    /// `chat.mail`
    Mail,
    /// `chat.rejections`
    Rejections,
    /// `chat.admin`
    Admin,
    /// `chat.config`
    Config,
}

/// What a topic's key names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// A user id.
    User,
    /// A room id.
    Room,
    /// The key of another event.
    Aggregate,
    /// The name of a setting.
    Setting,
}

/// Partitions of a topic when nothing else is said. Fixed for the life of a log: a key never moves.
pub const DEFAULT_PARTITIONS: i32 = 24;

impl Topic {
    /// Every topic.
    pub const ALL: [Self; 8] = [
        Self::Users,
        Self::Rooms,
        Self::Receipts,
        Self::Registrations,
        Self::Mail,
        Self::Rejections,
        Self::Admin,
        Self::Config,
    ];

    /// The topics that the read models are folded from.
    pub const PROJECTED: [Self; 3] = [Self::Users, Self::Rooms, Self::Receipts];

    /// The name in Kafka, without a prefix.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Users => "chat.users",
            Self::Rooms => "chat.rooms",
            Self::Receipts => "chat.receipts",
            Self::Registrations => "chat.registrations",
            Self::Mail => "chat.mail",
            Self::Rejections => "chat.rejections",
            Self::Admin => "chat.admin",
            Self::Config => "chat.config",
        }
    }

    /// The topic of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.name() == name)
    }

    /// What its keys name.
    #[must_use]
    pub fn key_kind(self) -> KeyKind {
        match self {
            Self::Users | Self::Registrations | Self::Mail | Self::Admin => KeyKind::User,
            Self::Rooms | Self::Receipts => KeyKind::Room,
            Self::Rejections => KeyKind::Aggregate,
            Self::Config => KeyKind::Setting,
        }
    }

    /// Whether Kafka may drop older records of a key.
    #[must_use]
    pub fn compacted(self) -> bool {
        matches!(self, Self::Config)
    }

    /// Settings are few and read whole: one partition. Everything else is spread.
    #[must_use]
    pub fn partitions(self, wanted: i32) -> i32 {
        if self == Self::Config { 1 } else { wanted }
    }

    /// What it holds, in a sentence.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::Users => "Registration, profile, friends, status, deactivation.",
            Self::Rooms => "Room life, membership, messages, reactions: what was asked for; the fold judges it.",
            Self::Receipts => "How far each member has read; the maximum wins.",
            Self::Registrations => "Answers of the participants of the sign-up saga.",
            Self::Mail => "Mails to send, mails sent, mails failed.",
            Self::Rejections => "What the fold rejected, and why.",
            Self::Admin => "Every act of an administrator.",
            Self::Config => "Settings that can change while running, and the log's own id.",
        }
    }
}

/// A record's key: decides the partition, and so what is ordered with what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A user, a room, or the aggregate of a rejected event: a UUID in its hyphenated lower-case form.
    Id(Uuid),
    /// A setting.
    Name(String),
}

impl Key {
    /// The id, where the key is one.
    #[must_use]
    pub fn id(&self) -> Option<Uuid> {
        match self {
            Self::Id(id) => Some(*id),
            Self::Name(_) => None,
        }
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl From<RoomId> for Key {
    fn from(id: RoomId) -> Self {
        Self::Id(id.0)
    }
}

impl From<UserId> for Key {
    fn from(id: UserId) -> Self {
        Self::Id(id.0)
    }
}
