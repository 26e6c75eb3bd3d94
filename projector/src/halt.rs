//! Why a partition is paused until an operator acts: what trying again would not change.

use event_schema::EventId;
use event_schema::record::DecodeError;
use fold::FoldError;
use platform::LogId;
use read_model::Partition;

/// A partition that is paused.
#[derive(Debug, thiserror::Error)]
#[error("{partition} paused at offset {offset}: {reason}")]
pub(crate) struct Halted {
    pub(crate) partition: Partition,
    /// The offset that is not folded.
    pub(crate) offset: i64,
    pub(crate) reason: HaltReason,
}

/// Why it is paused.
#[derive(Debug, thiserror::Error)]
pub enum HaltReason {
    /// Written by a newer version: upgrade this one.
    #[error("{0}; upgrade the projector")]
    Unknown(DecodeError),
    /// Not what its type says.
    #[error("the record cannot be read: {0}")]
    Malformed(DecodeError),
    /// The fold has no answer.
    #[error("the event cannot be folded: {0}")]
    Fold(#[from] FoldError),
    /// The tables cannot hold what the fold says.
    #[error("the tables refuse its rows: {0}")]
    Data(sqlx::Error),
    /// The log has another event where the last folded one stood.
    #[error("the log was replaced: offset {at} should hold event {expected} and does not")]
    Replaced { at: i64, expected: EventId },
    /// The log does not reach what was folded, or no longer holds what is to be folded.
    #[error("the log was cut: it holds offsets {low} to {high} (exclusive)")]
    Truncated { low: i64, high: i64 },
    /// The tables were folded from another log.
    #[error("generation {generation} was folded from log {theirs}, this is log {ours}")]
    OtherLog { generation: i32, theirs: LogId, ours: LogId },
    /// The tables were folded by another version of the fold.
    #[error("generation {generation} is of fold version {theirs}, this program is of {ours}")]
    OtherFold { generation: i32, theirs: i32, ours: i32 },
    /// The tables are not complete yet.
    #[error("generation {generation} is still being loaded")]
    Loading { generation: i32 },
    /// The tables' generation was dropped.
    #[error("generation {generation} does not exist")]
    NoGeneration { generation: i32 },
    /// The log no longer holds a parked event.
    #[error("the log no longer holds offset {at}")]
    Gone { at: i64 },
    /// Keys wait, and the events behind them have no more room.
    #[error("{0}; let them out, or raise the cap (--projector-parked-per-key, --projector-parked-events)")]
    Full(crate::parking::limits::Full),
    /// A fault of this program.
    #[error("the projector panicked: {0}")]
    Panicked(String),
}

impl HaltReason {
    /// The reason of a record that could not be decoded.
    #[must_use]
    pub fn of_decoding(error: DecodeError) -> Self {
        match error {
            DecodeError::Unknown { .. } => Self::Unknown(error),
            DecodeError::Malformed { .. } => Self::Malformed(error),
        }
    }
}
