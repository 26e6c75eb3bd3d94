//! What is asked of the owners of parked keys, looked up once for all partitions of a generation.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use event_schema::EventId;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::store::{self, Request};
use crate::batch::Partition;
use crate::shared::Shared;

/// How long an administrator may wait to be heard.
const LOOK: Duration = Duration::from_millis(500);

/// What the last look found.
#[derive(Debug, Default)]
pub(crate) struct Asked(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    requests: Vec<Request>,
    given_up: Vec<(Partition, Uuid, EventId)>,
}

impl Asked {
    /// What is asked of the owner of a partition.
    pub(crate) fn of(&self, partition: Partition) -> Vec<Request> {
        self.inner().requests.iter().filter(|request| request.partition == partition).copied().collect()
    }

    /// Events of a partition that are given up, and of which the log does not say so yet.
    pub(crate) fn given_up(&self, partition: Partition) -> Vec<(Uuid, EventId)> {
        let inner = self.inner();
        let ours = inner.given_up.iter().filter(|(at, ..)| *at == partition);
        ours.map(|(_, key, event)| (*key, *event)).collect()
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks until asked to end.
pub(crate) async fn run(shared: Arc<Shared>, soft: CancellationToken) {
    while tokio::time::timeout(LOOK, soft.cancelled()).await.is_err() {
        if let Err(error) = look(&shared).await {
            tracing::debug!(%error, "no look at what is asked of parked keys");
        }
    }
}

async fn look(shared: &Shared) -> sqlx::Result<()> {
    let requests = store::requests(&shared.pool, shared.generation).await?;
    let given_up = store::on_their_way(&shared.pool).await?;
    *shared.asked.inner() = Inner { requests, given_up };
    Ok(())
}
