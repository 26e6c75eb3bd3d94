//! Pauses between tries of a step that failed: doubling, with jitter, so that many that failed together do not come back
//! together.

use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};

/// The first pause, without its jitter.
const FIRST: Duration = Duration::from_millis(50);

/// Counts the failures of one step. A pause takes at most twice its length by jitter.
#[derive(Debug)]
pub struct Backoff {
    pauses: ExponentialBackoff,
    longest: Duration,
    failures: u32,
}

impl Backoff {
    /// No pause is longer than this before its jitter.
    #[must_use]
    pub fn up_to(longest: Duration) -> Self {
        let policy = ExponentialBuilder::new().with_min_delay(FIRST).with_max_delay(longest).with_jitter();
        Self { pauses: policy.without_max_times().build(), longest, failures: 0 }
    }

    /// The step failed once more: the pause before its next try.
    pub fn next_pause(&mut self) -> Duration {
        self.failures = self.failures.saturating_add(1);
        self.pauses.next().unwrap_or(self.longest)
    }

    /// How often it failed.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_the_longest_and_never_waits_for_nothing() {
        let longest = Duration::from_secs(5);
        let (mut backoff, mut full) = (Backoff::up_to(longest), FIRST);
        for _ in 0..40 {
            let pause = backoff.next_pause();
            assert!(pause >= full && pause <= full * 2, "{pause:?} of {full:?}");
            full = (full * 2).min(longest);
        }
        assert_eq!(backoff.failures(), 40);
    }
}
