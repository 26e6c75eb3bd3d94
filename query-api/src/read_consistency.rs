//! How recent an answer must be.
//!
//! Two rules, both of waiting for the projector, a few seconds at most. Read your writes: a request with `at_least` is
//! answered from a state that includes this position. And a refusal is never given from stale data: before a 403 or a
//! 404 the read models have reached what was the end of the partition when the request came, so that "create a room,
//! read it at once" never fails. Connections are given out here only, so that no answer forgets to wait.
//!
//! What is known in memory of the projector's progress only tells when it is worth a look. Whether a position is included is
//! read from the checkpoints in the snapshot that the answer is read from: a push that was wrong, or another generation, can
//! make nobody take an older state for a fresh one.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use api_kit::ApiContext;
use api_kit::Problem;
use api_kit::admission::{Admission, Admitted};
use event_schema::{Topic, UserId};
use read_model::progress::WaitError;
use read_model::{Partition, Position, checkpoint};
use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, PgPool, Postgres, Transaction};
use tokio::time::Instant;
use uuid::Uuid;

use crate::{Settings, parked};

/// A connection to the read models. A request keeps it for all its statements, never while it waits: a pool that another
/// generation has replaced closes when its connections are back.
#[derive(Debug)]
pub(crate) enum Db {
    /// For whoever named no position: each statement sees what is there.
    Latest(PoolConnection<Postgres>),
    /// One snapshot for all statements, in which the position was found to be included.
    Snapshot(Transaction<'static, Postgres>),
}

impl Deref for Db {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        match self {
            Self::Latest(connection) => connection,
            Self::Snapshot(transaction) => transaction,
        }
    }
}

impl DerefMut for Db {
    fn deref_mut(&mut self) -> &mut PgConnection {
        match self {
            Self::Latest(connection) => connection,
            Self::Snapshot(transaction) => transaction,
        }
    }
}

/// What is read in it is of one moment.
const SNAPSHOT: &str = "begin isolation level repeatable read, read only";
/// Between two looks where the tables are behind what is said of them.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Gives out connections to states that are recent enough.
#[derive(Clone)]
pub struct ReadConsistency {
    context: ApiContext,
    patience: Duration,
    /// Those who named a position.
    asking: Admission,
    /// Those who are about to be refused.
    refused: Admission,
}

impl ReadConsistency {
    /// Waits by these settings.
    #[must_use]
    pub fn new(context: &ApiContext, settings: &Settings) -> Self {
        Self {
            context: context.clone(),
            patience: settings.wait(),
            asking: Admission::new(settings.positions_per_user(), settings.waiters()),
            refused: Admission::new(settings.refusals_per_user(), settings.waiters()),
        }
    }

    /// A connection to a state that includes a position, if one is named.
    pub(crate) async fn at_least(&self, user: UserId, position: Option<&Position>) -> Result<Db, Problem> {
        let Some(position) = position else { return self.connection(&[]).await };
        let reached = |((topic, partition), next): (&(Topic, i32), &i64)| {
            self.context.read_model.progress.reached(*topic, *partition).is_some_and(|reached| reached >= *next)
        };
        // Leave to wait is needed only where there is something to wait for.
        let is_there = position.offsets.iter().all(reached);
        let _waiter = if is_there { None } else { Some(enter(&self.asking, user, "position")?) };
        self.connection(&[position]).await
    }

    /// A connection to a state that includes all that a key's partition held when this was called (and the position, if
    /// one is named): what it does not show is not there.
    pub(crate) async fn wait_before_refusal(
        &self,
        user: UserId,
        position: Option<&Position>,
        topic: Topic,
        key: Uuid,
    ) -> Result<Db, Problem> {
        // Asking the brokers is a wait as well.
        let _waiter = enter(&self.refused, user, "refusal")?;
        let partition = self.context.kafka.partition_for(topic, &key.to_string()).await?;
        let end = self.context.kafka.end_offset(topic, partition).await?;
        let settled = Position::of(self.context.log_id, topic, partition, end);
        // Beside each other: together they may name more partitions than one position.
        let both: Vec<&Position> = [Some(&settled), position].into_iter().flatten().collect();
        let mut db = self.connection(&both).await?;
        // Of a parked key the tables do not show everything, however far they are.
        if parked::store::is_parked(&mut db, key, topic.name()).await? {
            return Err(parked::is_parked());
        }
        Ok(db)
    }

    /// Leave to wait for the brokers alone, counted with those who named a position.
    pub(crate) fn ask_log(&self, user: UserId) -> Result<Admitted, Problem> {
        enter(&self.asking, user, "log")
    }

    async fn connection(&self, positions: &[&Position]) -> Result<Db, Problem> {
        let deadline = Instant::now() + self.patience;
        loop {
            let mut pool = self.context.read_model.pool();
            for position in positions {
                let left = deadline.saturating_duration_since(Instant::now());
                pool = self.context.read_model.progress.pool_at(position, left).await?;
            }
            match open(&pool, positions).await {
                Ok(Some(db)) => return Ok(db),
                // The tables are not as far as was said: in a moment they may be.
                Ok(None) if Instant::now() + LOOK_AGAIN < deadline => tokio::time::sleep(LOOK_AGAIN).await,
                Ok(None) => return Err(WaitError::Behind.into()),
                // Another generation replaced this one in this very moment.
                Err(sqlx::Error::PoolClosed) if !self.context.lifecycle.soft().is_cancelled() => {
                    tokio::task::yield_now().await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// A connection that sees these positions; `None` if it does not.
async fn open(pool: &PgPool, positions: &[&Position]) -> Result<Option<Db>, sqlx::Error> {
    if positions.is_empty() {
        return Ok(Some(Db::Latest(pool.acquire().await?)));
    }
    let mut snapshot = pool.begin_with(SNAPSHOT).await?;
    // The first statement: from here on the snapshot stands.
    let reached = checkpoint::all(&mut snapshot).await?;
    let is_included = |position: &&Position| {
        position.offsets.iter().all(|((topic, number), next)| {
            // Topics that are not folded are included in everything.
            !Topic::PROJECTED.contains(topic)
                || *next == 0
                || reached
                    .get(&Partition { topic: *topic, number: *number })
                    .is_some_and(|mark| mark.next_offset >= *next)
        })
    };
    Ok(positions.iter().all(is_included).then_some(Db::Snapshot(snapshot)))
}

fn enter(waiters: &Admission, user: UserId, before: &'static str) -> Result<Admitted, Problem> {
    metrics::counter!("query_api_waits_total", "before" => before).increment(1);
    Ok(waiters.enter(user)?)
}
