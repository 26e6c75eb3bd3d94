//! The query API's settings.

use std::time::Duration;

use clap::value_parser;

/// How long and how many requests wait for the read models.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Query API")]
#[group(skip)]
pub struct Settings {
    /// Milliseconds that a request waits for the read models before it is told that they are behind
    #[arg(long, env = "CHATLOG_QUERY_WAIT_MS", default_value_t = 3_000, value_name = "MS")]
    #[arg(value_parser = value_parser!(u32).range(1..=10_000))]
    pub query_wait_ms: u32,
    /// Requests that may wait for the read models at a time, in the whole process
    #[arg(long, env = "CHATLOG_QUERY_WAITERS", default_value_t = 1_000, value_name = "N")]
    pub query_waiters: u32,
    /// Requests of one user that may wait at a time before they are refused something
    #[arg(long, env = "CHATLOG_QUERY_REFUSALS_PER_USER", default_value_t = 4, value_name = "N")]
    pub query_refusals_per_user: u32,
    /// Requests of one user that may wait at a time for the position they name
    #[arg(long, env = "CHATLOG_QUERY_POSITIONS_PER_USER", default_value_t = 32, value_name = "N")]
    pub query_positions_per_user: u32,
    /// Whole rooms that may be read as streams at a time, in the whole process
    #[arg(long, env = "CHATLOG_QUERY_STREAMS", default_value_t = 64, value_name = "N")]
    pub query_streams: u32,
    /// Whole rooms that one user may read as streams at a time
    #[arg(long, env = "CHATLOG_QUERY_STREAMS_PER_USER", default_value_t = 2, value_name = "N")]
    pub query_streams_per_user: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            query_wait_ms: 3_000,
            query_waiters: 1_000,
            query_refusals_per_user: 4,
            query_positions_per_user: 32,
            query_streams: 64,
            query_streams_per_user: 2,
        }
    }
}

impl Settings {
    pub(crate) fn wait(&self) -> Duration {
        Duration::from_millis(self.query_wait_ms.into())
    }

    pub(crate) fn waiters(&self) -> usize {
        self.query_waiters as usize
    }

    pub(crate) fn refusals_per_user(&self) -> usize {
        self.query_refusals_per_user as usize
    }

    pub(crate) fn streams(&self) -> usize {
        self.query_streams as usize
    }

    pub(crate) fn streams_per_user(&self) -> usize {
        self.query_streams_per_user as usize
    }

    pub(crate) fn positions_per_user(&self) -> usize {
        self.query_positions_per_user as usize
    }
}
