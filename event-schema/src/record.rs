//! An event as a Kafka record, and back. The decoder takes any bytes and never panics.

use std::str::FromStr;

use crate::envelope::{ClientKind, Envelope, RULES, header};
use crate::event::{Event, EventType};
use crate::limits;
use crate::topics::{Key, KeyKind, Topic};
use crate::upcast;

/// A record ready for Kafka. `key`, `headers` and `value` are what a consumer sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Where it goes.
    pub topic: Topic,
    /// The partition key, as text.
    pub key: String,
    /// CloudEvents attributes; names are unique.
    pub headers: Vec<(&'static str, String)>,
    /// JSON.
    pub value: Vec<u8>,
}

/// Why a record could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The type, its version or its rules are newer than this build: upgrade it, do not skip the record.
    #[error("{what} `{word}` is unknown to this version")]
    Unknown {
        /// `event type`, `version` or `rules version`.
        what: &'static str,
        /// The word as read.
        word: String,
    },
    /// The record is not what its type says; reading it again will not help.
    #[error("{place}: {problem}")]
    Malformed {
        /// The header, `key` or `value`.
        place: &'static str,
        /// What is wrong with it, without its content.
        problem: String,
    },
}

/// Why an event cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The value would be larger than a record may be.
    #[error("the event is {bytes} bytes; at most {} are allowed", limits::VALUE_BYTES)]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// The payload has no JSON form.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// Writes an event.
pub fn encode(event: &Event) -> Result<Record, EncodeError> {
    let event_type = event.payload.event_type();
    let value = event.payload.to_vec()?;
    if value.len() > limits::VALUE_BYTES {
        return Err(EncodeError::TooLarge { bytes: value.len() });
    }
    Ok(Record {
        topic: event_type.topic(),
        key: event.key.to_string(),
        headers: event.envelope.to_headers(event_type),
        value,
    })
}

/// Reads an event. Headers may come in any order; the first of a name counts; unknown ones are ignored.
pub fn decode<'a>(
    topic: Topic,
    key: Option<&[u8]>,
    headers: impl Iterator<Item = (&'a str, Option<&'a [u8]>)>,
    value: Option<&[u8]>,
) -> Result<Event, DecodeError> {
    let headers = Headers::collect(headers)?;
    let (event_type, version) = parse_type(topic, headers.required(header::TYPE)?)?;
    let rules = parse_rules(headers.required(header::RULES)?)?;
    let envelope = Envelope {
        id: headers.parsed(header::ID)?,
        source: headers.required(header::SOURCE)?.to_owned(),
        time: headers.parsed(header::TIME)?,
        subject: headers.required(header::SUBJECT)?.to_owned(),
        rules,
        actor: headers.parsed(header::ACTOR)?,
        command: headers.parsed(header::COMMAND)?,
        client: ClientKind::from_word(headers.required(header::CLIENT)?),
        workspace: headers.parsed(header::WORKSPACE)?,
        traceparent: headers.get(header::TRACEPARENT).map(str::to_owned),
    };
    let key = parse_key(topic, key)?;
    let value = value.ok_or_else(|| malformed("value", "is missing"))?;
    // serde's messages name fields and positions and may quote a wrong value, which can be personal: category and place only.
    let json_problem = |error: &serde_json::Error| {
        malformed("value", &format!("{:?} error at line {} column {}", error.classify(), error.line(), error.column()))
    };
    let payload = if version == event_type.version() {
        event_type.parse(value).map_err(|error| json_problem(&error))?
    } else {
        let old = serde_json::from_slice(value).map_err(|error| json_problem(&error))?;
        let current = upcast::to_current(upcast::UPCASTERS, event_type, version, old)?;
        event_type.parse_value(current).map_err(|error| json_problem(&error))?
    };
    Ok(Event { key, envelope, payload })
}

fn malformed(place: &'static str, problem: &str) -> DecodeError {
    DecodeError::Malformed { place, problem: problem.to_owned() }
}

fn parse_type(topic: Topic, name: &str) -> Result<(EventType, u32), DecodeError> {
    let unknown = |what| DecodeError::Unknown { what, word: name.chars().take(100).collect() };
    let (base, version) = name.rsplit_once(".v").ok_or_else(|| unknown("event type"))?;
    let event_type = EventType::from_base_name(base).ok_or_else(|| unknown("event type"))?;
    let version: u32 = version.parse().map_err(|_| unknown("version"))?;
    if version == 0 || version > event_type.version() {
        return Err(unknown("version"));
    }
    if event_type.topic() != topic {
        return Err(malformed(header::TYPE, "does not belong to this topic"));
    }
    Ok((event_type, version))
}

fn parse_rules(word: &str) -> Result<u32, DecodeError> {
    match word.parse() {
        Ok(version) if (1..=RULES).contains(&version) => Ok(version),
        _ => Err(DecodeError::Unknown { what: "rules version", word: word.chars().take(20).collect() }),
    }
}

fn parse_key(topic: Topic, key: Option<&[u8]>) -> Result<Key, DecodeError> {
    let key = key.ok_or_else(|| malformed("key", "is missing"))?;
    let key = std::str::from_utf8(key).map_err(|_| malformed("key", "is not UTF-8"))?;
    let id = || {
        let id = uuid::Uuid::parse_str(key).map_err(|_| malformed("key", "is not a UUID"))?;
        // Another spelling of the same id would hash to another partition.
        if id.to_string() == key { Ok(id) } else { Err(malformed("key", "is not a UUID in hyphenated lower case")) }
    };
    Ok(match topic.key_kind() {
        KeyKind::User | KeyKind::Room | KeyKind::Aggregate => Key::Id(id()?),
        KeyKind::Setting => Key::Name(key.to_owned()),
    })
}

/// The headers that matter, found by name; a record has a dozen, so a list beats a map.
struct Headers<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Headers<'a> {
    fn collect(all: impl Iterator<Item = (&'a str, Option<&'a [u8]>)>) -> Result<Self, DecodeError> {
        let mut known = Vec::with_capacity(13);
        for (name, value) in all {
            if !name.starts_with("ce_") && name != header::TRACEPARENT {
                continue;
            }
            let value = value.map(std::str::from_utf8).transpose();
            let value = value.map_err(|_| malformed("headers", "a CloudEvents attribute is not UTF-8"))?;
            known.push((name, value.unwrap_or_default()));
        }
        Ok(Self(known))
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    fn required(&self, name: &'static str) -> Result<&'a str, DecodeError> {
        self.get(name).ok_or_else(|| malformed(name, "is missing"))
    }

    fn parsed<T: FromStr>(&self, name: &'static str) -> Result<T, DecodeError> {
        self.required(name)?.parse().map_err(|_| malformed(name, "is not of its form"))
    }
}
