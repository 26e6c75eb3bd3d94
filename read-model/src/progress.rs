//! How far the read models are, and waiting for them : pushes tell; where they are silent while somebody waits,
//! one shared look at the checkpoints every 20 ms does.

mod board;
mod feed;

use std::sync::Arc;
use std::time::Duration;

use event_schema::Topic;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use platform::LogId;
use platform::kafka::Kafka;
use platform::lifecycle::Lifecycle;
use platform::redis::Redis;
use sqlx::PgPool;
use tokio::sync::Notify;

use crate::ActiveGeneration;
use crate::position::Position;
use board::{Board, PositionCheck};

/// Why a position is not reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WaitError {
    /// Not in the time given.
    #[error("the read models are behind")]
    Behind,
    /// It belongs to a log that is no more.
    #[error("the position belongs to another log")]
    OtherLog,
    /// The log itself is not there yet.
    #[error("the position is beyond the end of the log")]
    BeyondEnd,
    /// Neither pushes nor checkpoints can be read.
    #[error("the read models' progress cannot be read")]
    Unavailable,
    /// As many wait as may.
    #[error("too many wait already")]
    Busy,
}

/// How far the read models are. Cheap to clone.
#[derive(Clone)]
pub struct Progress(Arc<Inner>);

struct Inner {
    board: Board,
    /// Wakes the poller when somebody begins to wait.
    waiting: Notify,
    kafka: Kafka,
    active: ActiveGeneration,
    log_id: LogId,
}

impl Progress {
    /// Who may wait at a time, in this process.
    pub const WAITERS: usize = 1_000;

    /// Starts to listen.
    #[must_use]
    pub fn start(kafka: Kafka, active: ActiveGeneration, redis: &Redis, log_id: LogId, lifecycle: &Lifecycle) -> Self {
        let inner = Inner { board: Board::default(), waiting: Notify::new(), kafka, active, log_id };
        let progress = Self(Arc::new(inner));
        lifecycle.spawn("progress", feed::listen(progress.clone(), redis.clone(), lifecycle.soft()));
        lifecycle.spawn("checkpoints", feed::poll(progress.clone(), lifecycle.soft()));
        progress
    }

    /// The next offset that the active generation will fold, as far as this process knows; never too high.
    #[must_use]
    pub fn reached(&self, topic: Topic, partition: i32) -> Option<i64> {
        self.0.board.reached(self.0.active.generation(), topic, partition)
    }

    /// Moves with every commit of a topic that this process hears of, and with every switch of generations: what was read at
    /// one stamp may be different at another.
    #[must_use]
    pub fn stamp(&self, topic: Topic) -> (i32, i64) {
        let generation = self.0.active.generation();
        (generation, self.0.board.sum(generation, topic))
    }

    /// Waits until the read models include the position.
    pub async fn wait(&self, position: &Position, within: Duration) -> Result<(), WaitError> {
        self.pool_at(position, within).await.map(drop)
    }

    /// Waits until the read models include the position, and gives connections that are sure to see it, even when another
    /// generation becomes active at the same moment.
    pub async fn pool_at(&self, position: &Position, within: Duration) -> Result<PgPool, WaitError> {
        if position.log != self.0.log_id {
            return Err(WaitError::OtherLog);
        }
        let deadline = tokio::time::Instant::now() + within;
        loop {
            let (generation, pool) = self.0.active.snapshot();
            let claim = self.0.board.claim(generation, position)?;
            let PositionCheck::Waiting(mut waiter) = claim else { return Ok(pool) };
            self.0.waiting.notify_one();
            let reached = async {
                tokio::select! {
                    reached = waiter.reached() => Ok(reached),
                    Err(error) = self.check_end(position, generation) => Err(error),
                }
            };
            match tokio::time::timeout_at(deadline, reached).await {
                // Another generation became active meanwhile: ask again, of that one.
                Ok(Ok(false)) => {}
                Ok(Ok(true)) => return Ok(pool),
                Ok(Err(error)) => return Err(error),
                Err(_) if self.0.board.unreadable() => return Err(WaitError::Unavailable),
                Err(_) => return Err(WaitError::Behind),
            }
        }
    }

    /// Fails when the position is beyond the log's end; where the brokers do not answer, the wait decides. Never succeeds,
    /// so that it can run beside the wait.
    async fn check_end(&self, position: &Position, generation: i32) -> Result<(), WaitError> {
        let missing = position.offsets.iter().filter(|((topic, partition), next)| {
            Topic::PROJECTED.contains(topic)
                && self.0.board.reached(generation, *topic, *partition).is_none_or(|reached| reached < **next)
        });
        let mut checks: FuturesUnordered<_> =
            missing.map(|((topic, partition), next)| self.is_beyond(*topic, *partition, *next)).collect();
        while let Some(beyond) = checks.next().await {
            if beyond {
                return Err(WaitError::BeyondEnd);
            }
        }
        std::future::pending().await
    }

    async fn is_beyond(&self, topic: Topic, partition: i32, next: i64) -> bool {
        let kafka = &self.0.kafka;
        // Without the count, a number that a client made up must not reach the brokers.
        let Ok(partitions) = kafka.partitions(topic).await else { return false };
        if !(0..partitions).contains(&partition) {
            return true;
        }
        kafka.end_offset(topic, partition).await.is_ok_and(|end| next > end)
    }
}
