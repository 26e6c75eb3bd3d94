//! What the projector tells everybody after each commit, over Redis (pure).
//!
//! Pushes may get lost: a reader whose last `to` is not the next `from`, or who hears nothing for three seconds, reads
//! from Postgres what it keeps in memory.

use event_schema::Topic;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Partition;

/// The Redis channel, without its prefix.
pub const CHANNEL: &str = "push";

/// One commit of one partition; an empty one each second says that nothing was missed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Push {
    /// The generation that was written.
    pub generation: i32,
    /// The topic folded.
    #[serde(with = "topic_name")]
    pub topic: Topic,
    /// Its partition.
    pub partition: i32,
    /// The checkpoint before the commit.
    pub from: i64,
    /// The checkpoint after it.
    pub to: i64,
    /// The newest rev of every room that changed.
    #[serde(default)]
    pub heads: Vec<(Uuid, i64)>,
    /// What changed, in the log's order.
    #[serde(default)]
    pub changes: Vec<PushedChange>,
}

/// One applied event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushedChange {
    /// Where.
    pub room_id: Uuid,
    /// Its place among the room's applied events.
    pub rev: i64,
    /// What happened: the event's type without `chat.` and version, as `changes.type` has it.
    pub kind: String,
    /// The message or person it is about.
    pub subject_id: Uuid,
    /// The message's place, where it is about one.
    pub seq: Option<i64>,
}

impl Push {
    /// Says that a partition is where it was.
    #[must_use]
    pub fn heartbeat(generation: i32, partition: Partition, at: i64) -> Self {
        let Partition { topic, number } = partition;
        Self { generation, topic, partition: number, from: at, to: at, heads: Vec::new(), changes: Vec::new() }
    }

    /// Says that something happened and not what, so that readers look for themselves.
    #[must_use]
    pub fn gap(generation: i32, partition: Partition, at: i64) -> Self {
        Self { from: at - 1, ..Self::heartbeat(generation, partition, at) }
    }

    /// For the channel.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// From the channel.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }
}

/// Topics are written by their name.
mod topic_name {
    use event_schema::Topic;
    use serde::{Deserialize, Deserializer, Serializer, de};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
    pub fn serialize<S: Serializer>(topic: &Topic, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(topic.name())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Topic, D::Error> {
        let name = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Topic::from_name(&name).ok_or_else(|| de::Error::custom(format!("no such topic: {name}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_and_read_back() {
        let push = Push {
            generation: 3,
            topic: Topic::Rooms,
            partition: 7,
            from: 10,
            to: 12,
            heads: vec![(Uuid::from_u128(1), 9)],
            changes: vec![PushedChange {
                room_id: Uuid::from_u128(1),
                rev: 9,
                kind: "message.posted".to_owned(),
                subject_id: Uuid::from_u128(2),
                seq: Some(8),
            }],
        };
        assert_eq!(Push::from_bytes(&push.to_bytes()).expect("read back"), push);
    }

    #[test]
    fn a_later_field_does_not_disturb() {
        let text = r#"{"generation":1,"topic":"chat.rooms","partition":0,"from":1,"to":1,"later":true}"#;
        assert!(Push::from_bytes(text.as_bytes()).is_ok());
        assert!(Push::from_bytes(b"{}").is_err());
    }
}
