//! How many events may be parked.

use uuid::Uuid;

/// What may wait, in one partition.
#[derive(Clone, Copy, Debug)]
pub struct ParkedLimits {
    /// Events of one key.
    pub key: i64,
    /// Events of all keys.
    pub partition: i64,
}

/// Nothing more may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Full {
    #[error("{events} events of key {key} are parked, and no more may be")]
    Key { key: Uuid, events: i64 },
    /// Of the whole partition.
    #[error("{events} events are parked, and no more may be")]
    Partition { events: i64 },
}
