//! The arithmetic of a bucket (pure): a rate, and how much of it is used up.
//!
//! A bucket is one number, the time that its used tokens take to come back (GCRA): it drains by itself, so that nothing
//! has to run, and what has drained need not be remembered.

use std::fmt;
use std::str::FromStr;

/// So many in a window; all of them at once, if need be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub count: u32,
    /// In how many microseconds.
    pub window_micros: i64,
}

const SECOND: i64 = 1_000_000;
const UNITS: [(&str, i64, &str); 3] =
    [("s", SECOND, "second"), ("m", 60 * SECOND, "minute"), ("h", 3600 * SECOND, "hour")];
/// A token takes at least a microsecond to come back.
const MOST_A_SECOND: i64 = SECOND;

impl Rate {
    /// The time that one token takes to come back.
    #[must_use]
    pub fn step_micros(self) -> i64 {
        (self.window_micros / i64::from(self.count.max(1))).max(1)
    }

    /// The time that all of them take.
    #[must_use]
    pub fn full_micros(self) -> i64 {
        self.step_micros() * i64::from(self.count)
    }

    /// So many times as much in the same time.
    #[must_use]
    pub(super) fn scaled(self, times: u32) -> Self {
        Self { count: self.count.saturating_mul(times), ..self }
    }

    /// For people: `a minute`.
    pub(super) fn in_words(self) -> String {
        match UNITS.iter().find(|(_, unit, _)| *unit == self.window_micros) {
            Some((_, _, word)) => format!("{} {word}", if *word == "hour" { "an" } else { "a" }),
            None => format!("in {} s", self.window_micros / SECOND),
        }
    }
}

/// A limit as it is set: `600/m`, `10/s`, `5/30s`, or `off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting(pub Option<Rate>);

/// A limit that is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`off`, or how many in what time is expected: `600/m`, `10/s`, `5/30s`, `20/h`; at most a million a second")]
pub struct RateError;

impl FromStr for Setting {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        if matches!(text, "off" | "0") {
            return Ok(Self(None));
        }
        let (count, window) = text.split_once('/').ok_or(RateError)?;
        let count: u32 = count.trim().parse().map_err(|_| RateError)?;
        let window = window.trim();
        let (digits, unit) = window.split_at(window.len() - window.chars().next_back().map_or(0, char::len_utf8));
        let (_, unit, _) = UNITS.iter().find(|(name, ..)| *name == unit).ok_or(RateError)?;
        let times: u16 = if digits.is_empty() { 1 } else { digits.parse().map_err(|_| RateError)? };
        let window_micros = unit * i64::from(times);
        let most = window_micros.saturating_mul(MOST_A_SECOND) / SECOND;
        if count == 0 {
            return Ok(Self(None));
        }
        if times == 0 || i64::from(count) > most {
            return Err(RateError);
        }
        Ok(Self(Some(Rate { count, window_micros })))
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(Rate { count, window_micros }) = self.0 else { return f.write_str("off") };
        let fits = |(_, unit, _): &&(&str, i64, &str)| window_micros % unit == 0;
        let (name, unit, _) = UNITS.iter().rev().find(fits).unwrap_or(&UNITS[0]);
        match window_micros / unit {
            1 => write!(f, "{count}/{name}"),
            times => write!(f, "{count}/{times}{name}"),
        }
    }
}

/// How much of a rate is used up: the time until all of it has come back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    pub used_micros: i64,
}

impl Level {
    /// The level of a bucket that will have drained at a time. A time that cannot be (a clock was set back, a limit made
    /// smaller) counts as full: nobody is locked out for longer than a window.
    #[must_use]
    pub fn until(drained_at: i64, now: i64, rate: Rate) -> Self {
        Self { used_micros: (drained_at - now).clamp(0, rate.full_micros()) }
    }

    /// Tokens that are there.
    #[must_use]
    pub fn free(self, rate: Rate) -> u32 {
        u32::try_from((rate.full_micros() - self.used_micros).max(0) / rate.step_micros()).unwrap_or(0)
    }

    /// The time until there is a token.
    #[must_use]
    pub fn wait_micros(self, rate: Rate) -> i64 {
        (self.used_micros + rate.step_micros() - rate.full_micros()).max(0)
    }

    /// Takes up to `want` tokens: how many there were, and the level then. The script in Redis does the same.
    #[must_use]
    pub fn take(self, rate: Rate, want: u32) -> (u32, Self) {
        let granted = want.min(self.free(rate));
        (granted, Self { used_micros: self.used_micros + i64::from(granted) * rate.step_micros() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: Rate = Rate { count: 60, window_micros: 60 * SECOND };

    #[test]
    fn a_rate_is_written_as_it_is_said() {
        for text in ["600/m", "10/s", "5/30s", "20/h", "1/24h", "off"] {
            assert_eq!(text.parse::<Setting>().map(|setting| setting.to_string()), Ok(text.to_owned()));
        }
        assert_eq!("90/60s".parse::<Setting>().map(|setting| setting.to_string()), Ok("90/m".to_owned()));
        for off in ["0", "0/m"] {
            assert_eq!(off.parse(), Ok(Setting(None)));
        }
        for bad in ["", "5", "5/", "/s", "-1/s", "5/x", "5/0s", "5/m/s", "x/s", "1000001/s", "5/é"] {
            assert_eq!(bad.parse::<Setting>(), Err(RateError), "{bad}");
        }
    }

    #[test]
    fn all_at_once_then_one_by_one() {
        let (granted, full) = Level::default().take(MINUTE, 100);
        assert_eq!((granted, full.free(MINUTE), full.wait_micros(MINUTE)), (60, 0, SECOND));
        let later = Level::until(full.used_micros, SECOND, MINUTE);
        assert_eq!((later.free(MINUTE), later.wait_micros(MINUTE)), (1, 0));
        assert_eq!(later.take(MINUTE, 5).0, 1);
    }

    #[test]
    fn a_clock_that_was_set_back_locks_nobody_out() {
        let level = Level::until(1_000 * SECOND, 0, MINUTE);
        assert_eq!(level.wait_micros(MINUTE), SECOND);
    }

    proptest! {
        // Whatever happens, nobody gets more than a full bucket and what comes back in the time.
        #[test]
        fn never_more_than_the_rate(
            count in 1..1000_u32, window in 1..100_i64, asks in prop::collection::vec((0..5 * SECOND, 1..50_u32), 1..200),
        ) {
            let rate = Rate { count, window_micros: window * SECOND };
            let (mut now, mut drained_at, mut total) = (0, 0, 0_i64);
            for (pause, want) in asks {
                now += pause;
                let (granted, level) = Level::until(drained_at, now, rate).take(rate, want);
                drained_at = now + level.used_micros;
                total += i64::from(granted);
                prop_assert!(total <= i64::from(count) + now / rate.step_micros());
                prop_assert!(level.used_micros <= rate.full_micros());
            }
        }
    }
}
