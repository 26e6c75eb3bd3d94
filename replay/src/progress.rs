//! How far a long piece of work is, for whoever shows it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A phase and its counter. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct PhaseProgress(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    phase: Mutex<&'static str>,
    done: AtomicU64,
    total: AtomicU64,
}

impl PhaseProgress {
    /// Another phase begins, of so many things.
    pub(crate) fn begin(&self, phase: &'static str, total: u64) {
        let mut current = self.0.phase.lock().unwrap_or_else(PoisonError::into_inner);
        *current = phase;
        self.0.done.store(0, Ordering::Relaxed);
        self.0.total.store(total, Ordering::Relaxed);
    }

    /// There is more to do than was thought.
    pub(crate) fn expect(&self, more: u64) {
        self.0.total.fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn add(&self, more: u64) {
        self.0.done.fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn set(&self, done: u64) {
        self.0.done.store(done, Ordering::Relaxed);
    }

    /// The phase, what is done of it, and of how much; a total of 0 is not known.
    #[must_use]
    pub fn now(&self) -> (&'static str, u64, u64) {
        let phase = self.0.phase.lock().unwrap_or_else(PoisonError::into_inner);
        (*phase, self.0.done.load(Ordering::Relaxed), self.0.total.load(Ordering::Relaxed))
    }
}
