//! When a log's lines were written: from clock readings without a day, without am and pm, to times that never go back.
//!
//! The file's name gives a day D (`2006-06-01.log`), and may mark an hour H that lies in the file (`2004-11-15_03.log`:
//! the excerpt around 03:00; H is of a 24-hour clock, whatever the lines use). Two passes, both pure:
//!
//! 1. **Which clock.** A reading more than an hour before the one above it means that the clock *went round*; less is a
//!    clock set back, and time stands still until it has caught up. The file uses a 12-hour clock if no reading is
//!    13:00 or later, the clock went round, not both 00:xx and 12:xx occur, and on a 12-hour dial each silence before
//!    going round is at most six hours (12:59 is followed by 01:00, or 11:59 by 00:00). Otherwise it is a 24-hour clock.
//! 2. **Which day.** Readings are unrolled: each time the clock goes round adds 12 or 24 hours. The first line falls on
//!    D; on a 12-hour clock in the morning of D. If H is marked and that leaves D H:00–H:59 outside the file, the first
//!    of these that brings it inside is taken instead: twelve hours later, twelve hours earlier, 24 hours earlier
//!    (steps of twelve hours only where no reading is 13:00 or later). If none does, the mark is ignored.
//!
//! What stays unknown: a file of a 12-hour clock that neither goes round nor marks an hour is read as morning. The
//! reading itself is kept verbatim in each message's `original_at`.

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};

const HOUR: i64 = 3600;
const HALF_DAY: i64 = 12 * HOUR;
const DAY: i64 = 24 * HOUR;
/// A step back of more than this means that the clock went round.
const SET_BACK_AT_MOST: i64 = HOUR;
/// The longest silence over which a 12-hour dial is believed to have gone round once.
const SILENCE_AT_MOST: i64 = 6 * HOUR;

/// A log's day, from its file's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day {
    pub date: NaiveDate,
    /// The hour marked in the name.
    pub hour: Option<u8>,
}

impl Day {
    /// The day in a file's name: `YYYY-MM-DD.…` or `YYYY-MM-DD_HH.…`; `None` for any other name.
    #[must_use]
    pub fn of_file_name(name: &str) -> Option<Self> {
        let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
        let (date, hour) = match stem.split_once('_') {
            Some((date, hour)) if hour.len() == 2 => (date, Some(hour.parse().ok().filter(|hour| *hour < 24)?)),
            Some(_) => return None,
            None => (stem, None),
        };
        let well_formed = date.len() == 10 && date.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        let date = if well_formed { NaiveDate::parse_from_str(date, "%Y-%m-%d").ok()? } else { return None };
        Some(Self { date, hour })
    }
}

/// The time of each reading (seconds since the clock's 00:00), never going back.
#[must_use]
pub fn times(day: Day, readings: &[i64]) -> Vec<NaiveDateTime> {
    let midnight = day.date.and_time(chrono::NaiveTime::MIN);
    let seconds = seconds_from_midnight(day, readings);
    // A date at the very end of the calendar cannot move on; it stands still there.
    seconds.into_iter().map(|s| midnight.checked_add_signed(TimeDelta::seconds(s)).unwrap_or(midnight)).collect()
}

fn seconds_from_midnight(day: Day, readings: &[i64]) -> Vec<i64> {
    let (Some(&max), period) = (readings.iter().max(), if is_twelve_hour(readings) { HALF_DAY } else { DAY }) else {
        return Vec::new();
    };
    let first_guess = unroll(readings, period);
    let Some(hour) = day.hour else { return first_guess };
    let marked = i64::from(hour) * HOUR;
    let holds = |times: &[i64]| {
        times.first().is_some_and(|first| *first < marked + HOUR) && times.last().is_some_and(|last| *last >= marked)
    };
    if holds(&first_guess) {
        return first_guess;
    }
    let mut candidates = Vec::new();
    if max < 13 * HOUR {
        let half = unroll(readings, HALF_DAY);
        candidates.extend([HALF_DAY, -HALF_DAY].map(|by| shifted(&half, by)));
    }
    candidates.push(shifted(&first_guess, -DAY));
    candidates.into_iter().find(|times| holds(times)).unwrap_or(first_guess)
}

fn shifted(times: &[i64], by: i64) -> Vec<i64> {
    times.iter().map(|time| time + by).collect()
}

fn is_twelve_hour(readings: &[i64]) -> bool {
    let within = |from: i64, to: i64| readings.iter().any(|reading| (from * HOUR..to * HOUR).contains(reading));
    if within(13, 24) || (within(0, 1) && within(12, 13)) {
        return false;
    }
    let mut rounds = readings.windows(2).filter(|pair| pair[0] - pair[1] > SET_BACK_AT_MOST).peekable();
    rounds.peek().is_some() && rounds.all(|pair| (pair[1] - pair[0]).rem_euclid(HALF_DAY) <= SILENCE_AT_MOST)
}

/// Pass two: readings on a dial of `period` (12:xx of a 12-hour dial is its 00:xx), each round added, never going back.
fn unroll(readings: &[i64], period: i64) -> Vec<i64> {
    let mut rounds = 0;
    let mut previous = None;
    let mut latest = i64::MIN;
    let mut times = Vec::with_capacity(readings.len());
    for reading in readings {
        let on_dial = reading % period;
        if previous.is_some_and(|previous| previous - on_dial > SET_BACK_AT_MOST) {
            rounds += period;
        }
        previous = Some(on_dial);
        latest = latest.max(rounds + on_dial);
        times.push(latest);
    }
    times
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn readings(words: &[&str]) -> Vec<i64> {
        let number = |word: &str| word.parse::<i64>().expect("a number");
        words.iter().map(|word| number(&word[..2]) * HOUR + number(&word[3..]) * 60).collect()
    }

    /// Days and times of readings in a file of that name, as `DD HH:MM`.
    fn resolved(name: &str, words: &[&str]) -> Vec<String> {
        let day = Day::of_file_name(name).expect("a day");
        times(day, &readings(words)).iter().map(|time| time.format("%d %H:%M").to_string()).collect()
    }

    #[test]
    fn names_of_files_are_days() {
        let date = NaiveDate::from_ymd_opt(2006, 6, 1).expect("a date");
        assert_eq!(Day::of_file_name("2006-06-01.log"), Some(Day { date, hour: None }));
        assert_eq!(Day::of_file_name("2006-06-01_17.log"), Some(Day { date, hour: Some(17) }));
        for other in ["README.md", "2006-06-31.log", "2006-06-01_24.log", "2006-06-01_a.log", "2006-6-1.log", ""] {
            assert_eq!(Day::of_file_name(other), None, "{other}");
        }
    }

    #[test]
    fn a_24_hour_clock_runs_past_midnight() {
        assert_eq!(
            resolved("2010-02-13.log", &["21:57", "23:59", "00:00", "01:59"]),
            ["13 21:57", "13 23:59", "14 00:00", "14 01:59"]
        );
    }

    #[test]
    fn a_12_hour_clock_goes_round_at_one_or_at_twelve() {
        assert_eq!(resolved("2010-02-13.log", &["11:54", "12:59", "01:00"]), ["13 11:54", "13 12:59", "13 13:00"]);
        assert_eq!(resolved("2010-02-13.log", &["09:14", "11:55", "00:05"]), ["13 09:14", "13 11:55", "13 12:05"]);
    }

    #[test]
    fn a_quiet_24_hour_log_is_not_taken_for_a_12_hour_one() {
        // On a 12-hour dial that silence would be eight hours.
        assert_eq!(resolved("2010-02-13.log", &["12:30", "08:30"]), ["13 12:30", "14 08:30"]);
        assert_eq!(resolved("2010-02-13.log", &["00:10", "12:30", "01:30"]), ["13 00:10", "13 12:30", "14 01:30"]);
    }

    #[test]
    fn the_marked_hour_tells_the_half_of_the_day() {
        assert_eq!(resolved("2010-02-13_03.log", &["12:18", "12:59", "01:00", "04:51"])[0], "13 00:18");
        assert_eq!(resolved("2010-02-13_14.log", &["11:11", "12:59", "01:00", "03:35"])[3], "13 15:35");
        assert_eq!(
            resolved("2010-02-13_01.log", &["11:29", "12:59", "01:00", "01:23"]),
            ["12 23:29", "13 00:59", "13 01:00", "13 01:23"]
        );
        assert_eq!(resolved("2010-02-13_15.log", &["02:10", "04:00"]), ["13 14:10", "13 16:00"]);
        assert_eq!(resolved("2010-02-13_13.log", &["12:10", "01:20"]), ["13 12:10", "13 13:20"]);
    }

    #[test]
    fn the_marked_hour_tells_the_day() {
        assert_eq!(resolved("2010-02-13_02.log", &["21:29", "23:59", "00:00", "03:26"])[0], "12 21:29");
        // A mark that fits nothing is ignored.
        assert_eq!(resolved("2010-02-13_09.log", &["21:29", "22:00"])[0], "13 21:29");
    }

    #[test]
    fn a_clock_set_back_stands_still() {
        assert_eq!(resolved("2010-02-13.log", &["13:30", "13:10", "13:40"]), ["13 13:30", "13 13:30", "13 13:40"]);
    }

    proptest! {
        #[test]
        fn times_never_go_back_and_keep_the_dial(
            readings in prop::collection::vec(0..DAY, 0..40),
            hour in prop::option::of(0..24_u8),
        ) {
            let date = NaiveDate::from_ymd_opt(2010, 2, 13).expect("a date");
            let day = Day { date, hour };
            let seconds = seconds_from_midnight(day, &readings);
            prop_assert_eq!(seconds.len(), readings.len());
            prop_assert!(seconds.is_sorted());
            prop_assert_eq!(times(day, &readings).len(), readings.len());
            if let (Some(first), Some(reading)) = (seconds.first(), readings.first()) {
                prop_assert_eq!(first.rem_euclid(HALF_DAY), reading % HALF_DAY);
                prop_assert!((-DAY..DAY).contains(first));
            }
        }
    }
}
