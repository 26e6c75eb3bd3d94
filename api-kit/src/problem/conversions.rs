//! What the failures of servers and libraries are to a client.

use platform::kafka::{KafkaError, SendError};
use platform::log_explorer::ExploreError;
use platform::outbox::OutboxError;
use platform::postgres;
use read_model::progress::WaitError;

use super::Problem;

/// Undefined table or schema.
const MISSING: [&str; 2] = ["42P01", "3F000"];

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        if postgres::is_transient(&error) {
            tracing::warn!(%error, "Postgres unavailable; request answered with 503");
            Self::unavailable()
        } else if postgres::is_code(&error, &MISSING) {
            tracing::warn!(%error, "read model tables missing; request answered with 503");
            Self::tables_missing()
        } else {
            Self::internal(error)
        }
    }
}

impl From<SendError> for Problem {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Unknown(_) => {
                tracing::warn!(%error, "Kafka did not confirm a record in time; request answered with 503 unknown-outcome");
                Self::unknown_outcome()
            }
            SendError::Unavailable(_) => {
                tracing::warn!(%error, "Kafka unavailable; request answered with 503");
                Self::unavailable()
            }
            SendError::TooLarge { .. } => Self::payload_too_large(event_schema::limits::VALUE_BYTES as u64),
            SendError::Encode(_) => Self::internal(error),
        }
    }
}

impl From<KafkaError> for Problem {
    fn from(error: KafkaError) -> Self {
        match error {
            KafkaError::Client(_) => {
                tracing::warn!(%error, "Kafka unavailable; request answered with 503");
                Self::unavailable()
            }
            other => Self::internal(other),
        }
    }
}

impl From<ExploreError> for Problem {
    fn from(error: ExploreError) -> Self {
        match error {
            ExploreError::Kafka(error) => error.into(),
            ExploreError::Invalid { field, why } => Self::invalid(field, why),
            ExploreError::Cursor => Self::invalid("after", format!("`after` {error}")),
            ExploreError::Silent | ExploreError::Interrupted => Self::unavailable().detail(error.to_string()),
        }
    }
}

impl From<OutboxError> for Problem {
    fn from(error: OutboxError) -> Self {
        match error {
            OutboxError::Event(error) => error.into(),
            OutboxError::Database(error) => error.into(),
        }
    }
}

impl From<WaitError> for Problem {
    fn from(error: WaitError) -> Self {
        match error {
            WaitError::Behind => Self::behind(),
            WaitError::OtherLog => Self::other_log(),
            WaitError::BeyondEnd => Self::beyond_end(),
            WaitError::Unavailable => Self::unavailable(),
            WaitError::Busy => Self::unavailable().detail("Too many requests are waiting"),
        }
    }
}

impl From<redis::RedisError> for Problem {
    fn from(error: redis::RedisError) -> Self {
        tracing::warn!(%error, "Redis unavailable; request answered with 503");
        Self::unavailable()
    }
}

/// Turns the violation of a constraint into an answer, by the constraint's name.
pub trait OnConstraint<T> {
    /// When `constraint` was violated, the problem of `then`; any other error as usual.
    fn on_constraint(self, constraint: &str, then: impl FnOnce() -> Problem) -> Result<T, Problem>;
}

impl<T> OnConstraint<T> for Result<T, sqlx::Error> {
    fn on_constraint(self, constraint: &str, then: impl FnOnce() -> Problem) -> Result<T, Problem> {
        self.map_err(|error| match &error {
            sqlx::Error::Database(database) if database.constraint() == Some(constraint) => then(),
            _ => error.into(),
        })
    }
}
