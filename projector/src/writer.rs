//! One batch, one transaction: checkpoint, state, fold, rows, effects, commit.

use std::sync::Arc;

use event_schema::{MessageId, RoomId};
use sqlx::PgConnection;
use tokio::time::Instant;

use crate::batch::{Batch, Partition};
use crate::checkpoint::{self, Checkpoint};
use crate::effects;
use crate::fold::{self, FoldError, Needs, Outcome, State};
use crate::push;
use crate::shared::Shared;
use crate::store::{self, Posted};

/// Events folded without letting others run.
const STRIDE: usize = 256;

/// Writes the batches of a partition for as long as it is the owner's.
pub(crate) struct Writer {
    shared: Arc<Shared>,
    partition: Partition,
    held: Checkpoint,
    /// Rows kept between batches; they are right while the epoch is ours and no transaction failed.
    state: State,
}

/// What became of a batch.
#[derive(Debug)]
pub(crate) enum Written {
    /// It is committed.
    Now(platform::push::Push),
    /// An earlier try had been committed, although its answer was lost.
    Before,
}

/// Why a batch was not committed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Somebody else has taken the partition.
    Fenced,
    /// The checkpoint is not where this owner left it: Postgres came back without its last commits.
    FellBack,
    /// The fold has no answer to this event.
    Fold { index: usize, error: FoldError },
    /// The tables cannot hold the rows.
    Data(sqlx::Error),
    /// It takes longer than a statement may.
    TooSlow(sqlx::Error),
    /// A server did not do its part; trying again may help.
    Infrastructure(sqlx::Error),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        if is_of_the_data(&error) {
            Self::Data(error)
        } else if is_code(&error, &["57014"]) {
            Self::TooSlow(error)
        } else {
            Self::Infrastructure(error)
        }
    }
}

/// Errors that the same rows would cause again: data exceptions, broken constraints, too large a row, rows that cannot be
/// read or written as what they should be. Everything else is tried again, so that no unforeseen trouble of a server
/// stops a partition.
fn is_of_the_data(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Encode(_) | sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } => true,
        _ => is_code(error, &["21", "22", "23", "54"]),
    }
}

fn is_code(error: &sqlx::Error, beginnings: &[&str]) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| beginnings.iter().any(|beginning| code.starts_with(beginning)))
}

impl Writer {
    pub(crate) fn new(shared: Arc<Shared>, partition: Partition, held: Checkpoint) -> Self {
        Self { shared, partition, held, state: State::default() }
    }

    /// The next offset to be written.
    pub(crate) fn next_offset(&self) -> i64 {
        self.held.next_offset
    }

    /// Writes a batch that begins at [`Self::next_offset`]. After a failure nothing is kept in memory.
    pub(crate) async fn write(&mut self, batch: &Batch) -> Result<Written, Failure> {
        let written = self.transaction(batch).await;
        if matches!(written, Ok(Written::Now(_))) {
            self.state.forget_cold(self.shared.settings.cached_rows());
        } else {
            self.state = State::default();
        }
        written
    }

    async fn transaction(&mut self, batch: &Batch) -> Result<Written, Failure> {
        let after = self.held.after(batch);
        let shared = Arc::clone(&self.shared);
        let _turn = shared.commits.acquire().await;
        let started = Instant::now();
        let mut tx = shared.pool.begin_with(store::BEGIN).await?;
        if !checkpoint::advance(&mut tx, self.partition, &self.held, &after).await? {
            let found = checkpoint::read(&mut tx, self.partition).await?;
            return match found {
                Some(found) if found == after => {
                    self.held = after;
                    Ok(Written::Before)
                }
                Some(found) if found.epoch == self.held.epoch => Err(Failure::FellBack),
                _ => Err(Failure::Fenced),
            };
        }
        let outcomes = self.fold(&mut tx, batch).await?;
        let changes = self.state.take_changes();
        store::write(&mut tx, &changes, &posted(batch, &outcomes)).await?;
        let effects = effects::of(self.partition, batch, &outcomes);
        let told = effects::insert(&mut tx, shared.generation, self.partition, effects).await?;
        tx.commit().await?;
        self.held = after;
        if told > 0 {
            shared.outbox.wake();
        }
        crate::metrics::committed(shared.generation, self.partition, batch.len(), started.elapsed());
        Ok(Written::Now(push::of_commit(shared.generation, self.partition, batch, &outcomes, &changes.changes)))
    }

    async fn fold(&mut self, connection: &mut PgConnection, batch: &Batch) -> Result<Vec<Outcome>, Failure> {
        let mut needs = Needs::default();
        for event in batch.events() {
            fold::needs(event, &mut needs);
        }
        store::load(connection, needs, &mut self.state).await?;
        let mut outcomes = Vec::with_capacity(batch.len());
        for (index, event) in batch.events().iter().enumerate() {
            if index % STRIDE == STRIDE - 1 {
                tokio::task::yield_now().await;
            }
            match fold::fold(&mut self.state, event) {
                Ok(outcome) => outcomes.push(outcome),
                Err(error) => return Err(Failure::Fold { index, error }),
            }
        }
        Ok(outcomes)
    }
}

/// The messages that got a seq.
fn posted(batch: &Batch, outcomes: &[Outcome]) -> Posted {
    let applied = batch.events().iter().zip(outcomes);
    applied
        .filter_map(|(event, outcome)| match outcome {
            Outcome::Applied { seq: Some(_), .. } => Some((RoomId(event.key.id()?), MessageId(event.envelope.id.0))),
            _ => None,
        })
        .collect()
}
