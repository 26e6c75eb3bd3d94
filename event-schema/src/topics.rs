//! The topics of the log: one table, from which they are created and documented.

use uuid::Uuid;

use crate::ids::{RoomId, UserId};

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
            Self::Admin => "Every act of an administrator, and what concerns the security of accounts.",
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

/// The partition of a key: murmur2 over its bytes, as Java's default partitioner and librdkafka's `murmur2_random` do it.
/// Zero where there is no partition at all.
#[must_use]
pub fn partition_of(key: &str, partitions: i32) -> i32 {
    (key_hash(key).cast_unsigned() & 0x7fff_ffff).checked_rem(partitions.unsigned_abs()).map_or(0, u32::cast_signed)
}

/// The hash by which a key is placed: murmur2 over its bytes, as Java writes it.
#[must_use]
pub fn key_hash(key: &str) -> i32 {
    murmur2(key.as_bytes()).cast_signed()
}

/// `org.apache.kafka.common.utils.Utils.murmur2`, in unsigned arithmetic.
fn murmur2(data: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    const SEED: u32 = 0x9747_b28c;
    let (words, rest) = data.as_chunks::<4>();
    // Keys are far below 4 GiB; the hash takes the length modulo 2^32.
    #[expect(clippy::cast_possible_truncation, reason = "the hash is defined over 32 bits")]
    let mut hash = SEED ^ data.len() as u32;
    for word in words {
        let mut word = u32::from_le_bytes(*word).wrapping_mul(M);
        word = (word ^ (word >> 24)).wrapping_mul(M);
        hash = hash.wrapping_mul(M) ^ word;
    }
    if !rest.is_empty() {
        for (place, byte) in rest.iter().enumerate() {
            hash ^= u32::from(*byte) << (8 * place);
        }
        hash = hash.wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    // The first six are the vectors of Kafka's own test (`UtilsTest.testMurmur2`); the others were asked of Kafka 4's jar.
    #[test]
    fn hashes_as_java_does() {
        for (key, hash) in [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
            ("abcd", -1_323_649_548),
            ("방", 1_038_611_212),
            ("log.id", -273_465_549),
        ] {
            assert_eq!(murmur2(key.as_bytes()).cast_signed(), hash, "{key}");
        }
    }

    // Published: a change here would send a key's later events to another partition than its earlier ones.
    #[test]
    fn a_key_never_moves() {
        assert_eq!(partition_of("8465638e-f5c5-8195-bceb-dc7e2f48bb56", 24), 12);
        assert_eq!(partition_of("8465638e-f5c5-8195-bceb-dc7e2f48bb56", 6), 0);
        assert_eq!(partition_of("8465638e-f5c5-8195-bceb-dc7e2f48bb56", 1), 0);
        assert_eq!(partition_of("b2d8741f-4ca9-87ef-8088-26558a3e4af7", 24), 5);
        // librdkafka chose this one.
        assert_eq!(partition_of("019b7711-1a00-7000-8000-000000000201", 24), 11);
        assert_eq!(partition_of("b2d8741f-4ca9-87ef-8088-26558a3e4af7", 0), 0);
    }
}
