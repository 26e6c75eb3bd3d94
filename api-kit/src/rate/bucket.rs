//! What a process knows of one bucket (pure): the tokens it was given ahead of need, since when there are none left, and
//! what it let through by itself.

use super::level::{Level, Rate};

/// Tokens that are not used in this time are forgotten: they have come back in Redis meanwhile.
const KEPT_MICROS: i64 = 1_000_000;
/// The most tokens of one block, and the share of the whole that it may be.
const BLOCK: u32 = 64;
const SHARE: u32 = 20;

/// One bucket, seen from this process.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    held: u32,
    /// How many the last block had.
    block: u32,
    given_at: i64,
    /// When Redis's bucket will have drained, as it said last.
    drained_at: i64,
    /// Until when there surely is none: only time brings tokens back.
    empty_until: i64,
    /// When a bucket of this process alone would have drained.
    own_drained_at: i64,
}

/// What to do about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Granted(Level),
    Refused(Level),
    /// Ask Redis for so many tokens.
    Ask(u32),
}

impl Bucket {
    pub(super) fn held(&self) -> u32 {
        self.held
    }

    /// Takes a token, if this process can tell.
    pub(super) fn take(&mut self, rate: Rate, now: i64) -> Step {
        let fresh = (self.given_at..self.given_at + KEPT_MICROS).contains(&now);
        if !fresh {
            self.held = 0;
        }
        let level = Level::until(self.drained_at, now, rate);
        if self.held > 0 {
            self.held -= 1;
            self.let_through(rate, now);
            return Step::Granted(level);
        }
        // A clock that was set back must not close the bucket for longer than a token takes.
        if (now..=now + rate.step_micros()).contains(&self.empty_until) && now < self.empty_until {
            return Step::Refused(level);
        }
        // Whoever uses a block up gets a larger one; whoever asks now and then, a single token.
        let most = (rate.count / SHARE).clamp(1, BLOCK);
        Step::Ask(if fresh { self.block.saturating_mul(2).clamp(1, most) } else { 1 })
    }

    /// Redis gave tokens, or none.
    pub(super) fn given(&mut self, rate: Rate, now: i64, granted: u32, level: Level) {
        (self.held, self.block, self.given_at) = (granted, granted, now);
        self.drained_at = now + level.used_micros;
        self.empty_until = if granted == 0 { now + level.wait_micros(rate).max(1) } else { 0 };
    }

    /// Takes a token while nobody else can be asked: as many as the rate, of this process alone.
    pub(super) fn take_alone(&mut self, rate: Rate, now: i64) -> (Level, bool) {
        let level = Level::until(self.own_drained_at, now, rate);
        if level.free(rate) == 0 {
            return (level, false);
        }
        self.let_through(rate, now);
        (Level::until(self.own_drained_at, now, rate), true)
    }

    fn let_through(&mut self, rate: Rate, now: i64) {
        let (_, level) = Level::until(self.own_drained_at, now, rate).take(rate, 1);
        self.own_drained_at = now + level.used_micros;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { count: 200, window_micros: 20_000_000 };
    const T0: i64 = 1_000_000_000;

    fn given(bucket: &mut Bucket, now: i64, granted: u32, used: u32) {
        bucket.given(RATE, now, granted, Level { used_micros: i64::from(used) * RATE.step_micros() });
    }

    #[test]
    fn who_asks_now_and_then_takes_one_at_a_time() {
        let mut bucket = Bucket::default();
        for n in 0..5 {
            let now = T0 + n * 2 * KEPT_MICROS;
            assert_eq!(bucket.take(RATE, now), Step::Ask(1));
            given(&mut bucket, now, 1, 1);
            assert!(matches!(bucket.take(RATE, now), Step::Granted(_)));
        }
    }

    #[test]
    fn who_asks_often_takes_blocks_up_to_a_share() {
        let (mut bucket, mut asked) = (Bucket::default(), Vec::new());
        for _ in 0..40 {
            if let Step::Ask(want) = bucket.take(RATE, T0) {
                asked.push(want);
                given(&mut bucket, T0, want, 1);
            }
        }
        assert_eq!(asked, [1, 2, 4, 8, 10, 10]);
    }

    #[test]
    fn tokens_in_hand_lapse() {
        let mut bucket = Bucket::default();
        given(&mut bucket, T0, 10, 10);
        assert!(matches!(bucket.take(RATE, T0 + 1), Step::Granted(_)));
        assert_eq!(bucket.take(RATE, T0 + KEPT_MICROS), Step::Ask(1));
    }

    #[test]
    fn an_empty_bucket_is_not_asked_again_before_time() {
        let mut bucket = Bucket::default();
        given(&mut bucket, T0, 0, 200);
        assert!(matches!(bucket.take(RATE, T0 + RATE.step_micros() - 1), Step::Refused(_)));
        assert!(matches!(bucket.take(RATE, T0 + RATE.step_micros()), Step::Ask(_)));
    }

    #[test]
    fn alone_the_rate_holds_and_counts_what_was_let_through_before() {
        let mut bucket = Bucket::default();
        given(&mut bucket, T0, 64, 64);
        for _ in 0..64 {
            assert!(matches!(bucket.take(RATE, T0), Step::Granted(_)));
        }
        let granted = (0..1_000).filter(|_| bucket.take_alone(RATE, T0).1).count();
        assert_eq!(granted, 200 - 64);
        assert!(bucket.take_alone(RATE, T0 + RATE.step_micros()).1, "never closed");
        assert!(!bucket.take_alone(RATE, T0 + RATE.step_micros()).1, "never open");
    }
}
