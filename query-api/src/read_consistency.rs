//! How recent an answer must be.
//!
//! Two rules, both of waiting for the projector, a second at most. Read your writes: a request with `at_least` is
//! answered from a state that includes this position. And a refusal is never given from stale data: before a 403 or a
//! 404 the read models have reached what was the end of the partition when the request came, so that "create a room,
//! read it at once" never fails. Connections are given out here only, so that no answer forgets to wait.

use std::time::Duration;

use api_kit::ApiContext;
use api_kit::Problem;
use api_kit::admission::{Admission, Admitted};
use event_schema::{Topic, UserId};
use read_model::Position;
use sqlx::Postgres;
use sqlx::pool::PoolConnection;
use uuid::Uuid;

use crate::{Settings, parked};

/// A connection to the read models. A request keeps it for all its statements, never while it waits: a pool that another
/// generation has replaced closes when its connections are back.
pub(crate) type Db = PoolConnection<Postgres>;

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
        let Some(position) = position else { return self.connection(None).await };
        let reached = |((topic, partition), next): (&(Topic, i32), &i64)| {
            self.context.read_model.progress.reached(*topic, *partition).is_some_and(|reached| reached >= *next)
        };
        // Leave to wait is needed only where there is something to wait for.
        let is_there = position.offsets.iter().all(reached);
        let _waiter = if is_there { None } else { Some(enter(&self.asking, user, "position")?) };
        self.connection(Some(position)).await
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
        let mut settled = Position::of(self.context.log_id, topic, partition, end);
        if let Some(position) = position {
            // It was accepted before, so it is of this log; only too many partitions could be in the way.
            settled.merge(position).map_err(|error| Problem::invalid("at_least", error.to_string()))?;
        }
        let mut db = self.connection(Some(&settled)).await?;
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

    async fn connection(&self, position: Option<&Position>) -> Result<Db, Problem> {
        loop {
            let pool = match position {
                None => self.context.read_model.pool(),
                Some(position) => self.context.read_model.progress.pool_at(position, self.patience).await?,
            };
            match pool.acquire().await {
                // Another generation replaced this one in this very moment.
                Err(sqlx::Error::PoolClosed) if !self.context.lifecycle.soft().is_cancelled() => {
                    tokio::task::yield_now().await;
                }
                acquired => return Ok(acquired?),
            }
        }
    }
}

fn enter(waiters: &Admission, user: UserId, before: &'static str) -> Result<Admitted, Problem> {
    metrics::counter!("query_api_waits_total", "before" => before).increment(1);
    Ok(waiters.enter(user)?)
}
