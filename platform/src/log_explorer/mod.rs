//! Looking at the log as it is: pages in either direction ([`Reader`]), and what is written from now on ([`Tail`]). For the
//! admin API and the program's tools alike.
//!
//! Nothing is decoded beyond what is shown, so that records of any version, and damaged ones, can be looked at; nothing is
//! committed, and no consumer group is joined. Records of one partition come in the log's order, or in its reverse.
//! Partitions have no order among each other: pages mix them by the records' own time, which Kafka notes when a record is
//! written. That is not the event's time (`ce_time`): imported events say there when they happened in their source.

mod cursor;
mod fetch;
mod log_record;
mod page;
mod places;
mod tail;

use std::str::FromStr;

use event_schema::envelope::header;
use event_schema::{Timestamp, Topic, UserId};
use tokio_util::sync::CancellationToken;

use crate::kafka::{Kafka, KafkaError};

pub use fetch::Reader;
pub use log_record::LogRecord;
pub use page::{Ask, Bounds, Page};
pub use places::Place;
pub use tail::{Start, Tail};

/// Which records are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of these topics; none: of all.
    pub topics: Vec<Topic>,
    pub partition: Option<i32>,
    /// At these offsets, of one partition.
    pub offsets: Option<Offsets>,
    /// Written then or later.
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    /// With this key: a room, a user, a setting's name.
    pub key: Option<String>,
    /// Of one of these types, see [`LogRecord::is_of_type`]; none: of all.
    pub types: Vec<String>,
    /// Caused by this person.
    pub actor: Option<UserId>,
}

/// A stretch of offsets: `1200` is that one, `1200..1300` ends before 1300, `1200..` and `..1300` have one end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offsets {
    pub first: i64,
    /// The one after the last.
    pub end: Option<i64>,
}

/// Text that is no stretch of offsets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no stretch of offsets: write 1200, 1200..1300 (without the last one), 1200.. or ..1300")]
pub struct InvalidOffsets;

/// The direction of a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The latest records first.
    #[default]
    Newest,
    /// The earliest records first.
    Oldest,
}

/// Why nothing can be shown.
#[derive(Debug, thiserror::Error)]
pub enum ExploreError {
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    /// What was asked for does not make sense for this log.
    #[error("{why}")]
    Invalid {
        /// Which part of it.
        field: &'static str,
        why: String,
    },
    /// Not a cursor of this list.
    #[error("is not a cursor of this list: pass it on as it came, with the same filters")]
    Cursor,
    /// The brokers do not answer in time.
    #[error("Kafka is silent")]
    Silent,
    #[error("interrupted")]
    Interrupted,
}

impl FromStr for Offsets {
    type Err = InvalidOffsets;

    fn from_str(text: &str) -> Result<Self, InvalidOffsets> {
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|_| digits).ok_or(InvalidOffsets)
        };
        let Some((first, end)) = text.split_once("..") else {
            let only: i64 = number(text)?;
            return Ok(Self { first: only, end: Some(only.checked_add(1).ok_or(InvalidOffsets)?) });
        };
        if first.is_empty() && end.is_empty() {
            return Err(InvalidOffsets);
        }
        let first = if first.is_empty() { 0 } else { number(first)? };
        let end = if end.is_empty() { None } else { Some(number(end)?) };
        if end.is_some_and(|end| end <= first) { Err(InvalidOffsets) } else { Ok(Self { first, end }) }
    }
}

impl Order {
    /// The order of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "newest" => Some(Self::Newest),
            "oldest" => Some(Self::Oldest),
            _ => None,
        }
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Oldest => "oldest",
        }
    }
}

impl Filter {
    /// Whether a record of the right partition is meant. A record without a time of its own is of any time.
    fn wants(&self, shown: &LogRecord) -> bool {
        let of_key = self.key.as_ref().is_none_or(|key| shown.key.as_ref() == Some(key));
        let of_actor = self.actor.is_none_or(|actor| shown.header(header::ACTOR) == Some(&*actor.to_string()));
        let in_time = shown.recorded_at.is_none_or(|at| {
            self.from.is_none_or(|from| at >= to_the_millisecond(from))
                && self.to.is_none_or(|to| at < to_the_millisecond(to))
        });
        of_key && of_actor && in_time && shown.is_of_type(&self.types)
    }
}

/// The first millisecond that is not before a time: Kafka's clock is coarser than ours.
fn to_the_millisecond(time: Timestamp) -> Timestamp {
    Timestamp::from_micros(millis(time).saturating_mul(1_000)).unwrap_or(time)
}

fn millis(time: Timestamp) -> i64 {
    let (millis, rest) = (time.as_micros().div_euclid(1_000), time.as_micros().rem_euclid(1_000));
    millis + i64::from(rest > 0)
}

/// Calls off what reads the log in a thread of its own, when it is asked to or when nobody waits any more.
#[must_use]
pub fn while_wanted(stop: &CancellationToken) -> (CancellationToken, tokio_util::sync::DropGuard) {
    let wanted = stop.child_token();
    (wanted.clone(), wanted.drop_guard())
}

/// The topic that somebody means, with or without the log's prefix.
pub fn topic(kafka: &Kafka, name: &str) -> Result<Topic, ExploreError> {
    Topic::from_name(name).or_else(|| kafka.topic_of(name)).ok_or_else(|| {
        let names: Vec<_> = Topic::ALL.iter().map(|topic| topic.name()).collect();
        let name: String = name.chars().take(100).collect();
        ExploreError::Invalid {
            field: "topic",
            why: format!("there is no topic {name}; the topics are {}", names.join(", ")),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_of_offsets_are_read() {
        let stretch = |first, end| Ok(Offsets { first, end });
        assert_eq!("1200".parse(), stretch(1200, Some(1201)));
        assert_eq!("1200..1300".parse(), stretch(1200, Some(1300)));
        assert_eq!("1200..".parse(), stretch(1200, None));
        assert_eq!("..1300".parse(), stretch(0, Some(1300)));
        for wrong in ["", "..", "-1", "+1", "1..1", "5..4", "a", "1...2", "1..2..3", "9223372036854775807", " 1"] {
            assert_eq!(wrong.parse::<Offsets>(), Err(InvalidOffsets), "{wrong}");
        }
    }

    #[test]
    fn times_are_those_of_kafkas_clock() {
        let time = |text: &str| text.parse::<Timestamp>().expect("a time");
        let cut = |text| to_the_millisecond(time(text)).to_string();
        assert_eq!(cut("2026-01-01T00:00:00.001Z"), "2026-01-01T00:00:00.001000Z");
        assert_eq!(cut("2026-01-01T00:00:00.001001Z"), "2026-01-01T00:00:00.002000Z");
        assert_eq!(cut("1969-12-31T23:59:59.9995Z"), "1970-01-01T00:00:00.000000Z");
    }
}
