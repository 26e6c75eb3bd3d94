//! What all partitions of a projector share.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use platform::settings::PostgresSettings;
use platform::{Clock, Kafka, Outbox};
use read_model::Partition;
use read_model::generations::Fold;
use sqlx::PgPool;
use tokio::sync::Semaphore;

use crate::parking::owner_requests::OwnerRequests;
use crate::push::Pushes;
use crate::settings::Settings;
use crate::status::ProjectorStatus;

/// Between two tries of a step that failed, before its jitter.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Clients, settings, and what is known of the partitions held here.
pub(crate) struct ProjectorContext {
    pub(crate) kafka: Kafka,
    /// What is folded, and by which fold.
    pub(crate) fold: Fold,
    /// Which tables are written, and connections that see them.
    pub(crate) generation: i32,
    pub(crate) pool: PgPool,
    pub(crate) outbox: Outbox,
    pub(crate) settings: Settings,
    pub(crate) default_group: String,
    pub(crate) status: ProjectorStatus,
    pub(crate) pushes: Pushes,
    /// Commits at the same time, of all partitions.
    pub(crate) commits: Semaphore,
    pub(crate) clock: Clock,
    /// What is asked of the owners of parked keys.
    pub(crate) owner_requests: OwnerRequests,
    /// How far the partitions held here are committed.
    pub(crate) reached: Mutex<BTreeMap<Partition, i64>>,
    /// Where the log was last seen to end.
    pub(crate) ends: Mutex<BTreeMap<Partition, i64>>,
    /// Where leases are.
    pub(crate) postgres: PostgresSettings,
}

impl ProjectorContext {
    pub(crate) fn group(&self) -> String {
        self.settings.projector_group.clone().unwrap_or_else(|| self.default_group.clone())
    }

    /// What processes that fold this generation share, as the leases name it.
    pub(crate) fn leased_work(&self) -> String {
        format!("projector/g{}", self.generation)
    }

    pub(crate) fn set_reached(&self, partition: Partition, offset: i64) {
        self.reached.lock().unwrap_or_else(PoisonError::into_inner).insert(partition, offset);
    }

    pub(crate) fn forget_reached(&self, partition: Partition) {
        self.reached.lock().unwrap_or_else(PoisonError::into_inner).remove(&partition);
    }

    pub(crate) fn reached_of(&self, partition: Partition) -> Option<i64> {
        self.reached.lock().unwrap_or_else(PoisonError::into_inner).get(&partition).copied()
    }

    /// Where the log was last seen to end, which may be a few seconds ago.
    pub(crate) fn end_of(&self, partition: Partition) -> Option<i64> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner).get(&partition).copied()
    }

    pub(crate) fn set_end(&self, partition: Partition, end: i64) {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner).insert(partition, end);
    }

    pub(crate) fn all_reached(&self) -> Vec<(Partition, i64)> {
        let reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        reached.iter().map(|(partition, offset)| (*partition, *offset)).collect()
    }
}
