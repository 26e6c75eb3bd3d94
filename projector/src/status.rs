//! What is wrong with the projector, said to `/readyz`, the log and the metrics.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use platform::HealthCheck;
use read_model::Partition;

use crate::halt::Halted;

/// What may be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Concern {
    /// Without leases.
    Joining,
    /// Partitions are leased, but their checkpoints could not be taken yet.
    Taking,
    Kafka,
    /// Nobody folds a partition.
    Unheld(Partition),
    /// A partition makes no progress.
    Partition(Partition),
    /// Keys of a partition wait. The others flow: it does not make the process unready.
    Parked(Partition),
}

/// Everything that is wrong now. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct ProjectorStatus(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    generation: i32,
    /// Where it is said; only what queries read makes the process unready.
    check: Mutex<Option<HealthCheck>>,
    concerns: Mutex<BTreeMap<Concern, String>>,
}

impl ProjectorStatus {
    pub(crate) fn new(generation: i32) -> Self {
        let status = Self(Arc::new(Inner { generation, check: Mutex::default(), concerns: Mutex::default() }));
        status.raise(Concern::Joining, "taking leases of partitions");
        status
    }

    /// From now on it is said there, or nowhere.
    pub(crate) fn report_to(&self, check: Option<HealthCheck>) {
        *self.0.check.lock().unwrap_or_else(PoisonError::into_inner) = check;
        self.change(|_| {});
    }

    /// Something is wrong; said again, the new words count.
    pub(crate) fn raise(&self, concern: Concern, why: impl Into<String>) {
        self.change(|concerns| drop(concerns.insert(concern, why.into())));
    }

    /// It is right again.
    pub(crate) fn clear(&self, concern: Concern) {
        self.change(|concerns| drop(concerns.remove(&concern)));
    }

    /// A partition is paused: an alert, not a passing trouble.
    pub(crate) fn stopped(&self, stopped: &Halted) {
        let Partition { topic, number } = stopped.partition;
        tracing::error!(generation = self.0.generation, topic = topic.name(), partition = number, offset = stopped.offset, reason = %stopped.reason,
            "partition paused until an operator acts");
        crate::metrics::stopped(self.0.generation, stopped.partition, true);
        self.raise(Concern::Partition(stopped.partition), stopped.to_string());
    }

    /// Nothing is known against a partition, or it is no longer ours.
    pub(crate) fn fine(&self, partition: Partition) {
        crate::metrics::stopped(self.0.generation, partition, false);
        self.clear(Concern::Partition(partition));
    }

    /// Whether something is wrong.
    pub(crate) fn is_raised(&self, concern: Concern) -> bool {
        self.concerns().contains_key(&concern)
    }

    /// What is wrong, in words.
    pub(crate) fn reasons(&self) -> Vec<String> {
        self.concerns().values().cloned().collect()
    }

    fn concerns(&self) -> std::sync::MutexGuard<'_, BTreeMap<Concern, String>> {
        self.0.concerns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<Concern, String>)) {
        // Told while the lock is held, so that two changes reach the health check in their order.
        let mut concerns = self.concerns();
        change(&mut concerns);
        let check = self.0.check.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(check) = &*check else { return };
        let grave = concerns.iter().filter(|(concern, _)| !matches!(concern, Concern::Parked(_)));
        let words: Vec<String> = grave.map(|(_, why)| why.clone()).collect();
        if !concerns.contains_key(&Concern::Joining) {
            check.begun();
        }
        if words.is_empty() {
            check.ready();
        } else {
            check.degraded(words.join("; "));
        }
    }
}
