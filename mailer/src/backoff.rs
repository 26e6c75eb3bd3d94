//! How long to wait before something that failed is tried again. Pure: randomness is handed in.

use std::time::Duration;

/// No wait is longer.
pub(crate) const CAP: Duration = Duration::from_mins(15);

/// The wait after so many failures in a row, the first of which waits for `first`: doubles up to the cap, half of it by
/// chance, so that many that failed together do not come back together.
pub(crate) fn wait(first: Duration, cap: Duration, failures: u32, random: u64) -> Duration {
    let full = first.saturating_mul(1 << failures.saturating_sub(1).min(24)).min(cap);
    let half = full / 2;
    let spread = u64::try_from(half.as_micros()).unwrap_or(u64::MAX).max(1);
    half + Duration::from_micros(random % spread)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_the_cap_and_never_waits_for_nothing() {
        let first = Duration::from_secs(2);
        let mut full = first;
        for failures in 1..60 {
            let random = u64::from(failures).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let wait = wait(first, CAP, failures, random);
            assert!(wait >= full / 2 && wait <= full, "{wait:?} of {full:?}");
            full = (full * 2).min(CAP);
        }
    }

    #[test]
    fn a_hundred_attempts_take_about_a_day() {
        let longest: Duration = (1..100).map(|failures| wait(Duration::from_secs(2), CAP, failures, u64::MAX)).sum();
        let shortest: Duration = (1..100).map(|failures| wait(Duration::from_secs(2), CAP, failures, 0)).sum();
        assert!(shortest > Duration::from_hours(11) && longest < Duration::from_hours(24), "{shortest:?} {longest:?}");
    }
}
