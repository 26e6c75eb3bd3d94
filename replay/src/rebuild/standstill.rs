//! When a catching-up that makes no progress is given up.

use std::time::{Duration, Instant};

/// A catching up that makes no progress for so long is given up; longer than a group takes to notice that a member is gone.
const PATIENCE: Duration = Duration::from_mins(1);

/// Events to be folded; with none of them, parked ones to be tried.
pub(super) type Amount = (u64, u64);

/// Since when less has not been left than ever before (no clock).
pub(super) struct Standstill {
    least: Amount,
    since: Instant,
}

impl Standstill {
    pub(super) fn new(now: Instant) -> Self {
        Self { least: (u64::MAX, u64::MAX), since: now }
    }

    /// So much is left now; whether it is to be given up.
    pub(super) fn lasts(&mut self, left: Amount, now: Instant) -> bool {
        if left < self.least {
            *self = Self { least: left, since: now };
        }
        now.saturating_duration_since(self.since) >= PATIENCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_catching_up_that_makes_no_progress_is_given_up_and_a_slow_one_is_not() {
        let began = Instant::now();
        let after = |seconds| began + Duration::from_secs(seconds);
        let mut standstill = Standstill::new(began);
        // An event each half minute, then parked ones.
        for n in 0..20 {
            assert!(!standstill.lasts((20 - n, 0), after(30 * n)));
        }
        assert!(!standstill.lasts((0, 50), after(600)));
        assert!(!standstill.lasts((0, 49), after(630)));
        assert!(!standstill.lasts((0, 49), after(689)));
        // Back and forth is no progress.
        assert!(!standstill.lasts((3, 0), after(689)));
        assert!(standstill.lasts((0, 49), after(690)));
        assert!(!standstill.lasts((0, 48), after(691)));
    }
}
