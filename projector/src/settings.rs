//! The projector's settings.

use std::time::Duration;

use clap::value_parser;

use crate::parking::limits::ParkedLimits;

/// From one transaction of a partition to its next, in milliseconds. At 1,000 messages a second it costs Postgres a fifth less
/// than 10 would, and whoever writes seldom does not notice: the first event after a pause is committed at once.
const BATCH_MS: u32 = 20;

/// How the projector works; the defaults suit a laptop and a small server.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Projector")]
#[group(skip)]
pub struct Settings {
    /// Consumer group; how far the log is folded is known to Postgres, not to it. Without: the topics' prefix,
    /// chatlog-projector-g and the generation's number
    #[arg(long, env = "CHATLOG_PROJECTOR_GROUP", value_name = "NAME")]
    pub projector_group: Option<String>,
    /// Most events in one transaction
    #[arg(long, env = "CHATLOG_PROJECTOR_BATCH_EVENTS", default_value_t = 10_000, value_name = "N")]
    #[arg(value_parser = value_parser!(u32).range(1..=100_000))]
    pub projector_batch_events: u32,
    /// Milliseconds from one transaction of a partition to its next, unless a batch is full before
    #[arg(long, env = "CHATLOG_PROJECTOR_BATCH_MS", default_value_t = BATCH_MS, value_name = "MS")]
    #[arg(value_parser = value_parser!(u32).range(0..=10_000))]
    pub projector_batch_ms: u32,
    /// Rows of rooms, of members and of users that a partition keeps in memory
    #[arg(long, env = "CHATLOG_PROJECTOR_CACHED_ROWS", default_value_t = 20_000, value_name = "N")]
    pub projector_cached_rows: u32,
    /// Transactions at the same time, of all partitions; each has a connection of its own
    #[arg(long, env = "CHATLOG_PROJECTOR_COMMITS", default_value_t = 4, value_name = "N")]
    #[arg(value_parser = value_parser!(u32).range(1..=100))]
    pub projector_commits: u32,
    /// Most events that wait behind one that cannot be folded; with more, the partition is paused
    #[arg(long, env = "CHATLOG_PROJECTOR_PARKED_PER_KEY", default_value_t = 10_000, value_name = "N")]
    #[arg(value_parser = value_parser!(u32).range(1..))]
    pub projector_parked_per_key: u32,
    /// Most events that wait in one partition, of all its keys; with more, it is paused
    #[arg(long, env = "CHATLOG_PROJECTOR_PARKED_EVENTS", default_value_t = 100_000, value_name = "N")]
    #[arg(value_parser = value_parser!(u32).range(1..))]
    pub projector_parked_events: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            projector_group: None,
            projector_batch_events: 10_000,
            projector_batch_ms: BATCH_MS,
            projector_cached_rows: 20_000,
            projector_commits: 4,
            projector_parked_per_key: 10_000,
            projector_parked_events: 100_000,
        }
    }
}

impl Settings {
    pub(crate) fn batch_events(&self) -> usize {
        self.projector_batch_events as usize
    }

    pub(crate) fn linger(&self) -> Duration {
        Duration::from_millis(self.projector_batch_ms.into())
    }

    /// What may wait, in one partition.
    #[must_use]
    pub fn parked_caps(&self) -> ParkedLimits {
        ParkedLimits { key: self.projector_parked_per_key.into(), partition: self.projector_parked_events.into() }
    }

    pub(crate) fn cached_rows(&self) -> usize {
        self.projector_cached_rows as usize
    }
}
