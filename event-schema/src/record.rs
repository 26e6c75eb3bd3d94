//! An event as a Kafka record, and back. The decoder takes any bytes and never panics.

use std::str::FromStr;

pub use crate::decode_error::DecodeError;
use crate::envelope::{self, ClientKind, Envelope, RULES, header};
use crate::event::{Event, EventType, Payload};
use crate::ids::EventId;
use crate::topics::{Key, KeyKind, Topic};
use crate::upcast;
use crate::{json, limits};

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

/// Why an event cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The value would be larger than a record may be.
    #[error("the event is {bytes} bytes; at most {} are allowed", limits::VALUE_BYTES)]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// No reader would take it.
    #[error("{place}: {problem}")]
    Invalid {
        /// The header, `key` or `value`.
        place: &'static str,
        /// What is wrong with it, without its content.
        problem: String,
    },
    /// The payload has no JSON form.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// Writes an event. What it accepts, [`decode`] reads back: a writer cannot stop the readers.
pub fn encode(event: &Event) -> Result<Record, EncodeError> {
    let event_type = event.payload.event_type();
    check_envelope(&event.envelope)?;
    let topic = event_type.topic();
    let key = event.key.to_string();
    // Through the reader's eyes, so that a name cannot stand where an id belongs.
    let read_back =
        parse_key(topic, Some(key.as_bytes())).and_then(|key| check_key(&key, &event.envelope, &event.payload));
    read_back.map_err(|error| match error {
        DecodeError::Malformed { place, problem } => EncodeError::Invalid { place, problem },
        DecodeError::Unknown { what, word } => EncodeError::Invalid { place: what, problem: word },
    })?;
    let value = event.payload.to_vec()?;
    if value.len() > limits::VALUE_BYTES {
        return Err(EncodeError::TooLarge { bytes: value.len() });
    }
    json::check(&value).map_err(|problem| EncodeError::Invalid { place: "value", problem })?;
    Ok(Record { topic, key, headers: event.envelope.to_headers(event_type.name()), value })
}

fn check_envelope(envelope: &Envelope) -> Result<(), EncodeError> {
    if !(1..=RULES).contains(&envelope.rules) {
        return Err(EncodeError::Invalid { place: header::RULES, problem: "is unknown to this version".to_owned() });
    }
    let texts = [
        (header::SOURCE, envelope.source.as_str()),
        (header::SUBJECT, envelope.subject.as_str()),
        (header::CLIENT, envelope.client.as_str()),
    ];
    for (place, text) in texts {
        if let Some(problem) = envelope::attribute_problem(text) {
            return Err(EncodeError::Invalid { place, problem: problem.to_owned() });
        }
    }
    Ok(())
}

/// Reads an event. Headers may come in any order; unknown ones are ignored, known ones occur once.
pub fn decode<'a>(
    topic: Topic,
    key: Option<&[u8]>,
    headers: impl Iterator<Item = (&'a str, Option<&'a [u8]>)>,
    value: Option<&[u8]>,
) -> Result<Event, DecodeError> {
    let headers = Headers::collect(headers)?;
    let (event_type, version) = parse_type(topic, headers.utf8(header::TYPE)?)?;
    let rules = parse_rules(headers.utf8(header::RULES)?)?;
    let envelope = parse_envelope(&headers, rules)?;
    let key = parse_key(topic, key)?;
    let value = value.ok_or_else(|| malformed("value", "is missing"))?;
    if value.len() > limits::VALUE_BYTES {
        return Err(malformed("value", "is too large"));
    }
    json::check(value).map_err(|problem| malformed("value", &problem))?;
    let payload = parse_value(event_type, version, value)?;
    check_key(&key, &envelope, &payload)?;
    Ok(Event { key, envelope, payload })
}

/// Why a record is not read as an event, and what every reader does about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnEvent {
    /// No Chatlog wrote it, or nothing tells to which key it belongs: it is set aside, and the reading goes on.
    #[error("foreign record: {0}")]
    Foreign(String),
    /// It claims to be an event and cannot be read: its key is parked.
    #[error("damaged event {}: {}", .0.id, .0.error)]
    Damaged(DamagedEvent),
    /// Written by a newer version: the reading pauses until this one is upgraded.
    #[error(transparent)]
    Unknown(DecodeError),
}

/// An event that cannot be read, by what can be read of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DamagedEvent {
    /// Its key.
    pub key: uuid::Uuid,
    /// Its id.
    pub id: EventId,
    /// The name of its type with version; `None` where that cannot be read either.
    pub event_type: Option<&'static str>,
    /// What is wrong with it.
    pub error: DecodeError,
}

/// [`decode`] for readers of topics that others can write to: tells foreign records from damaged events.
pub fn classify(
    topic: Topic,
    key: Option<&[u8]>,
    headers: &[(&str, Option<&[u8]>)],
    value: Option<&[u8]>,
) -> Result<Event, NotAnEvent> {
    if value.is_none() {
        return Err(NotAnEvent::Foreign("it has no value".to_owned()));
    }
    if !headers.iter().any(|(name, _)| name.starts_with("ce_")) {
        return Err(NotAnEvent::Foreign("it has no CloudEvents headers".to_owned()));
    }
    let error = match decode(topic, key, headers.iter().copied(), value) {
        Ok(event) => return Ok(event),
        Err(error @ DecodeError::Unknown { .. }) => return Err(NotAnEvent::Unknown(error)),
        Err(error @ DecodeError::Malformed { .. }) => error,
    };
    let text = |wanted: &str| {
        let header = headers.iter().find(|(name, _)| *name == wanted);
        header.and_then(|(_, value)| std::str::from_utf8((*value)?).ok())
    };
    let id: Option<EventId> = text(header::ID).and_then(|id| id.parse().ok());
    let key = parse_key(topic, key).ok().and_then(|key| key.id());
    let (Some(key), Some(id)) = (key, id) else {
        return Err(NotAnEvent::Foreign(format!("it has no key or no id to be known by; {error}")));
    };
    let event_type = text(header::TYPE).and_then(|name| parse_type(topic, name).ok());
    let event_type = event_type.map(|(event_type, _)| event_type.name());
    Err(NotAnEvent::Damaged(DamagedEvent { key, id, event_type, error }))
}

fn parse_envelope(headers: &Headers<'_>, rules: u32) -> Result<Envelope, DecodeError> {
    let spec_version = headers.utf8(header::SPEC_VERSION)?;
    if spec_version != envelope::SPEC_VERSION {
        return Err(unknown("CloudEvents version", spec_version));
    }
    if headers.has(header::CONTENT_TYPE) && !envelope::is_json(headers.utf8(header::CONTENT_TYPE)?) {
        return Err(malformed(header::CONTENT_TYPE, "is not JSON's"));
    }
    Ok(Envelope {
        id: headers.parsed(header::ID)?,
        source: headers.text(header::SOURCE)?.to_owned(),
        time: headers.parsed(header::TIME)?,
        subject: headers.text(header::SUBJECT)?.to_owned(),
        rules,
        actor: headers.parsed(header::ACTOR)?,
        command: headers.parsed(header::COMMAND)?,
        client: ClientKind::from_word(headers.text(header::CLIENT)?),
        workspace: headers.parsed(header::WORKSPACE)?,
        // A broken trace says nothing about the event.
        traceparent: headers
            .text(header::TRACEPARENT)
            .ok()
            .filter(|text| envelope::is_traceparent(text))
            .map(str::to_owned),
    })
}

fn parse_value(event_type: EventType, version: u32, value: &[u8]) -> Result<Payload, DecodeError> {
    // serde's messages may quote a wrong value, which can be personal: only those about an absent field are passed on.
    let json_problem = |error: &serde_json::Error| {
        let message = error.to_string();
        if message.starts_with("missing field") {
            return malformed("value", &message);
        }
        malformed("value", &format!("is not of its type's form at line {} column {}", error.line(), error.column()))
    };
    if version == event_type.version() {
        return event_type.parse(value).map_err(|error| json_problem(&error));
    }
    let old = serde_json::from_slice(value).map_err(|error| json_problem(&error))?;
    let current = upcast::to_current(upcast::UPCASTERS, event_type, version, old)?;
    event_type.parse_value(current).map_err(|error| json_problem(&error))
}

fn malformed(place: &'static str, problem: &str) -> DecodeError {
    DecodeError::Malformed { place, problem: problem.to_owned() }
}

fn unknown(what: &'static str, word: &str) -> DecodeError {
    DecodeError::Unknown { what, word: word.chars().take(100).collect() }
}

/// A counter as this crate writes it: `01` and `+1` are not `1`.
fn parse_number(word: &str) -> Option<u32> {
    if word.starts_with(['0', '+']) { None } else { word.parse().ok() }
}

fn parse_type(topic: Topic, name: &str) -> Result<(EventType, u32), DecodeError> {
    let (base, version) = name.rsplit_once(".v").ok_or_else(|| unknown("event type", name))?;
    let event_type = EventType::from_base_name(base).ok_or_else(|| unknown("event type", name))?;
    let version = parse_number(version).filter(|version| (1..=event_type.version()).contains(version));
    let version = version.ok_or_else(|| unknown("version", name))?;
    if event_type.topic() != topic {
        return Err(malformed(header::TYPE, "does not belong to this topic"));
    }
    Ok((event_type, version))
}

fn parse_rules(word: &str) -> Result<u32, DecodeError> {
    parse_number(word).filter(|version| (1..=RULES).contains(version)).ok_or_else(|| unknown("rules version", word))
}

fn parse_key(topic: Topic, key: Option<&[u8]>) -> Result<Key, DecodeError> {
    let key = key.ok_or_else(|| malformed("key", "is missing"))?;
    let key = std::str::from_utf8(key).map_err(|_| malformed("key", "is not UTF-8"))?;
    if topic.key_kind() == KeyKind::Setting {
        return match envelope::attribute_problem(key) {
            Some(problem) => Err(malformed("key", problem)),
            None => Ok(Key::Name(key.to_owned())),
        };
    }
    let id = uuid::Uuid::try_parse(key).map_err(|_| malformed("key", "is not a UUID"))?;
    // Another spelling of the same id would hash to another partition.
    if id.hyphenated().encode_lower(&mut uuid::Uuid::encode_buffer()) == key {
        Ok(Key::Id(id))
    } else {
        Err(malformed("key", "is not a UUID in hyphenated lower case"))
    }
}

/// Where the event itself says what its key is, it says the same.
fn check_key(key: &Key, envelope: &Envelope, payload: &Payload) -> Result<(), DecodeError> {
    match payload {
        Payload::SettingChanged(setting) if *key != Key::Name(setting.name.clone()) => {
            Err(malformed("key", "is not the setting's name"))
        }
        Payload::AdminActionTaken(_) if *key != Key::from(envelope.actor) => Err(malformed("key", "is not the actor")),
        _ => Ok(()),
    }
}

/// The headers that this version knows, each at its place in [`header::ALL`].
struct Headers<'a>([Option<&'a [u8]>; header::ALL.len()]);

impl<'a> Headers<'a> {
    /// Kafka allows a name to occur twice, and clients differ in which one they take: then there is no right one.
    fn collect(all: impl Iterator<Item = (&'a str, Option<&'a [u8]>)>) -> Result<Self, DecodeError> {
        let mut found = [None; header::ALL.len()];
        for (name, value) in all {
            let Some(place) = header::ALL.iter().position(|known| *known == name) else { continue };
            let before = found[place].replace(value.unwrap_or_default());
            match before {
                None => {}
                // Tools that trace add theirs without looking.
                Some(_) if name == header::TRACEPARENT => found[place] = Some(&[]),
                Some(_) => return Err(malformed(header::ALL[place], "occurs twice")),
            }
        }
        Ok(Self(found))
    }

    fn get(&self, name: &str) -> Option<&'a [u8]> {
        header::ALL.iter().position(|known| *known == name).and_then(|place| self.0[place])
    }

    fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    fn utf8(&self, name: &'static str) -> Result<&'a str, DecodeError> {
        let value = self.get(name).ok_or_else(|| malformed(name, "is missing"))?;
        std::str::from_utf8(value).map_err(|_| malformed(name, "is not UTF-8"))
    }

    fn text(&self, name: &'static str) -> Result<&'a str, DecodeError> {
        let text = self.utf8(name)?;
        match envelope::attribute_problem(text) {
            Some(problem) => Err(malformed(name, problem)),
            None => Ok(text),
        }
    }

    fn parsed<T: FromStr>(&self, name: &'static str) -> Result<T, DecodeError> {
        self.utf8(name)?.parse().map_err(|_| malformed(name, "is not of its form"))
    }
}
