//! From files to lines in the order of time: who said what, when. No membership yet, no ids, no I/O.

use std::collections::HashMap;

use chrono::{NaiveDateTime, TimeDelta};
use event_schema::Timestamp;

use super::clock::{self, Day};
use super::ids;
use super::irc::{IrcLine, Line, Reading, Skip, read_line};

/// A log file, not yet read.
#[derive(Clone, Debug)]
pub struct LogFile {
    /// Its name without its folders: part of the ids of its events.
    pub name: String,
    /// The day in its name.
    pub day: Day,
    pub bytes: Vec<u8>,
}

/// Index of a person in [`People`].
pub type Person = u32;

/// Everybody named in the lines, each nickname once, spelled as it was first.
#[derive(Clone, Debug, Default)]
pub struct People {
    nicks: Vec<String>,
    by_key: HashMap<String, Person>,
}

impl People {
    /// The person behind a nickname.
    pub fn person(&mut self, nick: &str) -> Person {
        let next = u32::try_from(self.nicks.len()).unwrap_or(Person::MAX);
        let person = *self.by_key.entry(ids::nick_key(nick)).or_insert(next);
        if person == next {
            self.nicks.push(nick.to_owned());
        }
        person
    }

    /// The nicknames, by person.
    #[must_use]
    pub fn nicks(&self) -> &[String] {
        &self.nicks
    }
}

/// What a line says about whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    Message {
        person: Person,
        text: Box<str>,
        /// Day and clock as the source has them.
        original_at: Box<str>,
    },
    Join(Person),
    Leave(Person),
    /// A change of nickname: from, to.
    Rename(Person, Person),
    /// Nothing that is imported.
    Skipped(Skip),
}

/// A line of a log, in its place in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When; a line without a time has that of the line above.
    pub time: Timestamp,
    /// Which file: index into [`Lines::files`].
    pub file: u32,
    /// Which line of it, from 1.
    pub line: u32,
    pub what: What,
}

/// All lines of one room's files.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    /// Names of the files, in the order of time.
    pub files: Vec<String>,
    /// The lines in the order of time; lines of the same time in the order of the files.
    pub entries: Vec<Entry>,
    /// Who is named in them.
    pub people: People,
    /// Lines in which bytes had to be replaced (not UTF-8) or taken out (NUL).
    pub repaired: u64,
}

/// Reads files whose clocks show UTC plus `offset`.
#[must_use]
pub fn read_files(files: Vec<LogFile>, offset: TimeDelta) -> Lines {
    let mut read: Vec<_> = files
        .into_iter()
        .map(|file| {
            let lines: Vec<Line> = lines_of(&file.bytes).map(read_line).collect();
            let times = times_of(file.day, &lines);
            (times.first().copied(), file.name, lines, times)
        })
        .collect();
    read.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));

    let mut all = Lines::default();
    for (index, (_, name, lines, times)) in (0..).zip(read) {
        all.files.push(name);
        for ((number, line), local) in (1..).zip(lines).zip(times) {
            all.repaired += u64::from(line.repaired);
            let what = what(&mut all.people, line.said, line.reading, local);
            let time = Timestamp::from(local.checked_sub_signed(offset).unwrap_or(local).and_utc());
            all.entries.push(Entry { time, file: index, line: number, what });
        }
    }
    // Files may overlap. The sort is stable, and next to free where they do not.
    all.entries.sort_by_key(|entry| entry.time);
    all
}

fn what(people: &mut People, said: IrcLine, reading: Option<Reading>, local: NaiveDateTime) -> What {
    match said {
        IrcLine::Message { nick, text } => What::Message {
            person: people.person(&nick),
            text: text.into(),
            original_at: original_at(local, reading).into(),
        },
        IrcLine::Join { nick } => What::Join(people.person(&nick)),
        IrcLine::Leave { nick } => What::Leave(people.person(&nick)),
        IrcLine::Rename { old, new } => What::Rename(people.person(&old), people.person(&new)),
        IrcLine::Skipped(reason) => What::Skipped(reason),
    }
}

/// The source's own time: the day it falls on, and the clock as written, 12 or 24 hours.
fn original_at(local: NaiveDateTime, reading: Option<Reading>) -> String {
    let day = local.format("%Y-%m-%d");
    let Some(Reading { seconds, width }) = reading else { return day.to_string() };
    let clock = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{day} {}", clock.get(..width).unwrap_or(&clock))
}

/// The lines of a file, without their ends; the last one needs none.
fn lines_of(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let lines = (!bytes.is_empty()).then(|| bytes.split(|byte| *byte == b'\n'));
    lines.into_iter().flatten().map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}

/// One time a line: those without a clock have the time of the last that has one, or of the first.
fn times_of(day: Day, lines: &[Line]) -> Vec<NaiveDateTime> {
    let readings: Vec<i64> = lines.iter().filter_map(|line| line.reading.map(|reading| reading.seconds)).collect();
    let mut times = clock::times(day, &readings).into_iter();
    let mut current = times.as_slice().first().copied();
    let start = day.date.and_time(chrono::NaiveTime::MIN);
    let step = |line: &Line| {
        if line.reading.is_some() {
            current = times.next().or(current);
        }
        current.unwrap_or(start)
    };
    lines.iter().map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> LogFile {
        let day = Day::of_file_name(name).expect("a day");
        LogFile { name: name.to_owned(), day, bytes: text.as_bytes().to_vec() }
    }

    fn order(lines: &Lines) -> Vec<(String, u32, String)> {
        let entry = |e: &Entry| (lines.files[e.file as usize].clone(), e.line, e.time.to_string());
        lines.entries.iter().map(entry).collect()
    }

    #[test]
    fn lines_of_all_files_stand_in_the_order_of_time() {
        let lines = read_files(
            vec![
                file("2006-06-02.log", "[00:10] <owner> d\n"),
                file(
                    "2006-06-01.log",
                    "=== owner has joined #x\n[23:50] <owner> a\n[23:50] <reader> b\n[00:20] <owner> e\n",
                ),
                file("2006-06-02_01.log", "[00:30] <owner> f\r\n[01:00] <owner> g"),
            ],
            TimeDelta::zero(),
        );
        let expected = [
            ("2006-06-01.log", 1, "2006-06-01T23:50:00.000000Z"),
            ("2006-06-01.log", 2, "2006-06-01T23:50:00.000000Z"),
            ("2006-06-01.log", 3, "2006-06-01T23:50:00.000000Z"),
            ("2006-06-02.log", 1, "2006-06-02T00:10:00.000000Z"),
            ("2006-06-01.log", 4, "2006-06-02T00:20:00.000000Z"),
            ("2006-06-02_01.log", 1, "2006-06-02T00:30:00.000000Z"),
            ("2006-06-02_01.log", 2, "2006-06-02T01:00:00.000000Z"),
        ];
        assert_eq!(order(&lines), expected.map(|(name, line, time)| (name.to_owned(), line, time.to_owned())));
        assert_eq!(lines.people.nicks(), ["owner", "reader"]);
    }

    #[test]
    fn the_clock_is_kept_as_written_with_the_day_it_fell_on() {
        let log = "[11:59] <owner> a\n[12:59:07] <Owner> b\n[01:00] <owner> c\n";
        let lines = read_files(vec![file("2006-06-01_01.log", log)], TimeDelta::hours(2));
        let originals: Vec<_> = lines
            .entries
            .iter()
            .map(|entry| match &entry.what {
                What::Message { person: 0, original_at, .. } => (entry.time.to_string(), original_at.to_string()),
                other => panic!("{other:?}"),
            })
            .collect();
        let expected = [
            ("2006-05-31T21:59:00.000000Z", "2006-05-31 11:59"),
            ("2006-05-31T22:59:07.000000Z", "2006-06-01 12:59:07"),
            ("2006-05-31T23:00:00.000000Z", "2006-06-01 01:00"),
        ];
        assert_eq!(originals, expected.map(|(time, original)| (time.to_owned(), original.to_owned())));
    }

    #[test]
    fn ends_of_lines_and_files_are_no_lines() {
        for (text, lines) in [("", 0), ("\n", 0), ("a", 1), ("a\n", 1), ("a\n\nb", 3), ("a\r\n\n", 2)] {
            assert_eq!(lines_of(text.as_bytes()).count(), lines, "{text:?}");
        }
    }
}
