//! Positions: how far into the log somebody has seen (pure). Clients get them as opaque tokens and give them
//! back to read their own writes; both sides merge them by maximum.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use event_schema::Topic;
use platform::kafka::{LogId, RecordMetadata};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

/// A point in the log: per partition the next offset that is not yet included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The log it belongs to.
    pub log: LogId,
    /// Next offsets; at most [`Position::MAX`].
    pub offsets: BTreeMap<(Topic, i32), i64>,
}

/// Why a token is not a position, or two positions do not fit together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PositionError {
    /// Not a token of ours, or damaged.
    #[error("not a position")]
    Malformed,
    /// A token of a later version.
    #[error("a position of a version that is not known here")]
    Version,
    /// The positions belong to different logs.
    #[error("a position of another log")]
    OtherLog,
    /// More partitions than a position may name.
    #[error("a position of more than {} partitions", Position::MAX)]
    TooLarge,
}

const VERSION: u8 = 1;

/// Numbers in tokens are for ever, whatever becomes of the names.
const TOPICS: [(u8, Topic); 8] = [
    (1, Topic::Users),
    (2, Topic::Rooms),
    (3, Topic::Receipts),
    (4, Topic::Registrations),
    (5, Topic::Mail),
    (6, Topic::Rejections),
    (7, Topic::Admin),
    (8, Topic::Config),
];

impl Position {
    /// Partitions that one position may name.
    pub const MAX: usize = 32;

    /// The position after one record: `next` is the record's offset + 1.
    #[must_use]
    pub fn of(log: LogId, topic: Topic, partition: i32, next: i64) -> Self {
        Self { log, offsets: BTreeMap::from([((topic, partition), next)]) }
    }

    /// The position after some records; `None` of none, or of more partitions than a position may name.
    #[must_use]
    pub fn after(log: LogId, records: &[RecordMetadata]) -> Option<Self> {
        let mut position = Self { log, offsets: BTreeMap::new() };
        for it in records {
            position.merge(&Self::of(log, it.topic, it.partition, it.offset + 1)).ok()?;
        }
        (!position.offsets.is_empty()).then_some(position)
    }

    /// Takes the later of both for each partition. Unchanged on error.
    pub fn merge(&mut self, other: &Self) -> Result<(), PositionError> {
        if self.log != other.log {
            return Err(PositionError::OtherLog);
        }
        let new = other.offsets.keys().filter(|place| !self.offsets.contains_key(place)).count();
        if self.offsets.len() + new > Self::MAX {
            return Err(PositionError::TooLarge);
        }
        for (place, next) in &other.offsets {
            let mine = self.offsets.entry(*place).or_insert(*next);
            *mine = (*mine).max(*next);
        }
        Ok(())
    }

    /// Whether everything up to `other` is included here.
    #[must_use]
    pub fn includes(&self, other: &Self) -> bool {
        self.log == other.log
            && other.offsets.iter().all(|(place, next)| self.offsets.get(place).is_some_and(|mine| mine >= next))
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = Vec::with_capacity(18 + 8 * self.offsets.len());
        bytes.push(VERSION);
        bytes.extend_from_slice(self.log.0.as_bytes());
        for ((topic, partition), next) in &self.offsets {
            bytes.extend(TOPICS.iter().find(|(_, known)| known == topic).map(|(number, _)| *number));
            write_number(&mut bytes, u64::try_from(*partition).unwrap_or_default());
            write_number(&mut bytes, u64::try_from(*next).unwrap_or_default());
        }
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for Position {
    type Err = PositionError;

    fn from_str(token: &str) -> Result<Self, PositionError> {
        // Far above what 32 entries need; keeps a long query from being decoded.
        if token.len() > 1024 {
            return Err(PositionError::Malformed);
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| PositionError::Malformed)?;
        let (version, rest) = bytes.split_first().ok_or(PositionError::Malformed)?;
        if *version != VERSION {
            return Err(PositionError::Version);
        }
        let (log, mut rest) = rest.split_first_chunk::<16>().ok_or(PositionError::Malformed)?;
        let mut position = Self { log: LogId(Uuid::from_bytes(*log)), offsets: BTreeMap::new() };
        while !rest.is_empty() {
            let (place, next) = read_entry(&mut rest).ok_or(PositionError::Malformed)?;
            // One form per position: entries in order, none twice.
            if position.offsets.last_key_value().is_some_and(|(last, _)| *last >= place) {
                return Err(PositionError::Malformed);
            }
            position.offsets.insert(place, next);
        }
        if position.offsets.len() > Self::MAX {
            return Err(PositionError::TooLarge);
        }
        Ok(position)
    }
}

fn read_entry(bytes: &mut &[u8]) -> Option<((Topic, i32), i64)> {
    let (number, rest) = bytes.split_first()?;
    *bytes = rest;
    let (_, topic) = TOPICS.iter().find(|(known, _)| known == number)?;
    let partition = read_number(bytes)?.try_into().ok()?;
    let next = read_number(bytes)?.try_into().ok()?;
    Some(((*topic, partition), next))
}

/// LEB128.
fn write_number(bytes: &mut Vec<u8>, mut number: u64) {
    while let (low @ 0x80.., high) = ((number & 0x7f) as u8 | if number > 0x7f { 0x80 } else { 0 }, number >> 7) {
        bytes.push(low);
        number = high;
    }
    bytes.push((number & 0x7f) as u8);
}

/// LEB128, shortest form only, so that a position has one token.
fn read_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let part = u64::from(byte & 0x7f);
        if part << shift >> shift != part {
            return None;
        }
        number |= part << shift;
        if byte & 0x80 == 0 {
            return (*byte != 0 || shift == 0).then_some(number);
        }
    }
    None
}

impl Serialize for Position {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Position {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let token = std::borrow::Cow::<str>::deserialize(deserializer)?;
        token.parse().map_err(de::Error::custom)
    }
}

impl utoipa::PartialSchema for Position {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some("How far into the log: opaque; hand it to `at_least` to read your own writes."))
            .into()
    }
}

impl utoipa::ToSchema for Position {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LOG: LogId = LogId(Uuid::from_u128(0xc4a7));

    fn any_position() -> impl Strategy<Value = Position> {
        let place = (prop::sample::select(Topic::ALL.to_vec()), 0..i32::MAX);
        prop::collection::btree_map(place, 0..i64::MAX, 0..=Position::MAX)
            .prop_map(|offsets| Position { log: LOG, offsets })
    }

    proptest! {
        #[test]
        fn written_and_read_back(position in any_position()) {
            prop_assert_eq!(position.to_string().parse(), Ok(position));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[A-Za-z0-9_-]{0,60}") {
            if let Ok(position) = text.parse::<Position>() {
                prop_assert_eq!(position.to_string(), text);
            }
        }

        #[test]
        fn merging_includes_both(one in any_position(), other in any_position()) {
            let mut merged = one.clone();
            match merged.merge(&other) {
                Ok(()) => {
                    prop_assert!(merged.includes(&one) && merged.includes(&other));
                    let mut turned = other.clone();
                    prop_assert_eq!(turned.merge(&one), Ok(()));
                    prop_assert_eq!(turned, merged);
                }
                Err(error) => {
                    prop_assert_eq!(error, PositionError::TooLarge);
                    prop_assert_eq!(merged, one);
                }
            }
        }
    }

    // Clients keep tokens: what was given out must be read for ever.
    #[test]
    fn a_published_token_is_still_read() {
        let position = Position::of(LOG, Topic::Rooms, 5, 300);
        assert_eq!(position.to_string(), "AQAAAAAAAAAAAAAAAAAAxKcCBawC");
        assert_eq!("AQAAAAAAAAAAAAAAAAAAxKcCBawC".parse(), Ok(position));
    }

    #[test]
    fn another_log_or_version_is_told_apart() {
        let mut position = Position::of(LOG, Topic::Rooms, 0, 1);
        let other = Position::of(LogId(Uuid::nil()), Topic::Rooms, 0, 1);
        assert_eq!(position.merge(&other), Err(PositionError::OtherLog));
        assert!(!position.includes(&other));
        assert_eq!("Ag".parse::<Position>(), Err(PositionError::Version));
        assert_eq!("".parse::<Position>(), Err(PositionError::Malformed));
    }
}
