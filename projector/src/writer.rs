//! One batch, one transaction: checkpoint, state, fold, rows, effects, commit.

use std::sync::Arc;

use event_schema::{Event, MessageId, RoomId};
use fold::{self, Change, FoldError, Needs, Outcome, State};
use platform::{foreign_records, postgres};
use read_model::checkpoint::{self, Checkpoint};
use read_model::{Partition, effect_marks};
use sqlx::PgConnection;
use tokio::time::Instant;

use crate::batch::Batch;
use crate::context::ProjectorContext;
use crate::effects;
use crate::parking::{Full, ParkedCache};
use crate::push;
use crate::store::{self, Posted};

/// Events folded without letting others run.
const STRIDE: usize = 256;

/// Writes the batches of a partition for as long as it is the owner's.
pub(crate) struct Writer {
    pub(crate) shared: Arc<ProjectorContext>,
    pub(crate) partition: Partition,
    pub(crate) held: Checkpoint,
    /// Rows kept between batches; they are right while the epoch is ours and no transaction failed.
    state: State,
    /// The keys that wait.
    pub(crate) parked: ParkedCache,
}

/// What became of a batch.
#[derive(Debug)]
pub(crate) enum Written {
    Now(read_model::push::Push),
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
    /// Nothing more may be parked; before this event of the batch, all is well.
    Full { index: usize, full: Full },
}

/// What follows from events that were folded and written.
pub(crate) struct Folded {
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) changes: Vec<Change>,
    /// Effects put into the outbox.
    pub(crate) told: usize,
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        if postgres::is_data_error(&error) {
            Self::Data(error)
        } else if postgres::is_code(&error, &["57014"]) {
            Self::TooSlow(error)
        } else {
            Self::Infrastructure(error)
        }
    }
}

impl Writer {
    pub(crate) fn new(shared: Arc<ProjectorContext>, partition: Partition, held: Checkpoint) -> Self {
        Self { shared, partition, held, state: State::default(), parked: ParkedCache::new(partition) }
    }

    /// The next offset to be written.
    pub(crate) fn next_offset(&self) -> i64 {
        self.held.next_offset
    }

    /// Writes a batch that begins at [`Self::next_offset`]. After a failure nothing is kept in memory.
    pub(crate) async fn write(&mut self, batch: &Batch) -> Result<Written, Failure> {
        let written = self.transaction(batch).await;
        self.forget_unless(matches!(written, Ok(Written::Now(_))));
        written
    }

    /// After a failure nothing in memory is believed.
    pub(crate) fn forget_unless(&mut self, done: bool) {
        if done {
            self.state.forget_cold(self.shared.settings.cached_rows());
        } else {
            self.state = State::default();
            self.parked.clear();
        }
    }

    async fn transaction(&mut self, batch: &Batch) -> Result<Written, Failure> {
        let after = self.held.after(batch.to(), batch.last_event());
        let shared = Arc::clone(&self.shared);
        let _turn = shared.commits.acquire().await;
        let started = Instant::now();
        let mut tx = shared.pool.begin_with(store::BEGIN).await?;
        if let Some(before) = self.advance(&mut tx, &after).await? {
            return Ok(before);
        }
        let sorted = self.parked.load(&mut tx).await?.sort(batch, shared.settings.parked_caps());
        let sorted = sorted.map_err(|(index, full)| Failure::Full { index, full })?;
        let folded = self.fold_into(&mut tx, &sorted.flow).await.map_err(|failure| match failure {
            Failure::Fold { index, error } => Failure::Fold { index: sorted.place(index, batch), error },
            other => other,
        })?;
        if folded.told > 0 {
            effect_marks::advance(&mut tx, shared.generation, self.partition, after.next_offset).await?;
        }
        read_model::parked::store::park(&mut tx, self.partition, &sorted.queue, None).await?;
        read_model::parked::store::remember_all(&mut tx, self.partition, &sorted.drops).await?;
        let mut released = Vec::new();
        for drop in sorted.drops.iter().filter(|drop| drop.of_parked) {
            released.push((drop.key, read_model::parked::store::of_key(&mut tx, self.partition, drop.key).await?));
        }
        foreign_records::set_aside(&mut tx, shared.fold.log_id, batch.foreign()).await?;
        tx.commit().await?;
        self.held = after;
        if let Some(parked) = self.parked.known_mut() {
            parked.settle(&sorted, released);
        }
        if folded.told > 0 {
            shared.outbox.wake();
        }
        crate::metrics::committed(shared.generation, self.partition, batch.len(), started.elapsed());
        let span =
            push::Span { generation: shared.generation, partition: self.partition, from: batch.from(), to: batch.to() };
        Ok(Written::Now(span.of(&sorted.flow, &folded.outcomes, &folded.changes)))
    }

    /// Moves the checkpoint. `Some` if an earlier try has done all of it.
    pub(crate) async fn advance(
        &mut self,
        connection: &mut PgConnection,
        after: &Checkpoint,
    ) -> Result<Option<Written>, Failure> {
        if checkpoint::advance(&mut *connection, self.partition, &self.held, after).await? {
            return Ok(None);
        }
        let found = checkpoint::read(connection, self.partition).await?;
        match found {
            Some(found) if found == *after => {
                self.held = *after;
                Ok(Some(Written::Before))
            }
            Some(found) if found.epoch == self.held.epoch => Err(Failure::FellBack),
            _ => Err(Failure::Fenced),
        }
    }

    /// Folds events and writes what follows from them, in the caller's transaction.
    pub(crate) async fn fold_into(
        &mut self,
        connection: &mut PgConnection,
        events: &[(i64, &Event)],
    ) -> Result<Folded, Failure> {
        let outcomes = self.fold(&mut *connection, events).await?;
        let changes = self.state.take_changes();
        store::write(&mut *connection, &changes, &posted(events, &outcomes)).await?;
        let effects = effects::of(self.partition, events, &outcomes);
        let told = effects::insert(connection, self.shared.generation, self.partition, effects).await?;
        Ok(Folded { outcomes, changes: changes.changes, told })
    }

    async fn fold(&mut self, connection: &mut PgConnection, events: &[(i64, &Event)]) -> Result<Vec<Outcome>, Failure> {
        let mut needs = Needs::default();
        for (_, event) in events {
            fold::needs(event, &mut needs);
        }
        store::load(connection, needs, &mut self.state).await?;
        let mut outcomes = Vec::with_capacity(events.len());
        for (index, (_, event)) in events.iter().enumerate() {
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
fn posted(events: &[(i64, &Event)], outcomes: &[Outcome]) -> Posted {
    let applied = events.iter().zip(outcomes);
    applied
        .filter_map(|((_, event), outcome)| match outcome {
            Outcome::Applied { seq: Some(_), .. } => Some((RoomId(event.key.id()?), MessageId(event.envelope.id.0))),
            _ => None,
        })
        .collect()
}
