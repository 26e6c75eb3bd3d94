//! How long to wait before a failed step is tried again. Pure: randomness is handed in.

use std::time::Duration;

/// The first wait.
const FIRST: Duration = Duration::from_millis(50);
/// No wait is longer.
const CAP: Duration = Duration::from_secs(5);

/// Counts the failures of one step.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Backoff(u32);

impl Backoff {
    /// The next wait: doubles up to the cap, half of it by chance, so that many that failed together do not come back
    /// together.
    pub(crate) fn next(&mut self, random: u64) -> Duration {
        let full = FIRST.saturating_mul(1 << self.0.min(16)).min(CAP);
        self.0 = self.0.saturating_add(1);
        let half = full / 2;
        let spread = u64::try_from(half.as_micros()).unwrap_or(u64::MAX).max(1);
        half + Duration::from_micros(random % spread)
    }

    /// How often it was asked.
    pub(crate) fn failures(self) -> u32 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_the_cap_and_never_waits_for_nothing() {
        let mut backoff = Backoff::default();
        let mut full = FIRST;
        for failure in 0..40_u64 {
            let wait = backoff.next(failure.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            assert!(wait >= full / 2 && wait <= full, "{wait:?} of {full:?}");
            full = (full * 2).min(CAP);
        }
        assert_eq!(backoff.failures(), 40);
    }
}
