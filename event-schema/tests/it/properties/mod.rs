//! What holds for every event and for any bytes at all.

mod arbitrary;

use event_schema::envelope::header;
use event_schema::event::EventType;
use event_schema::record::{DecodeError, Record, decode, encode};
use event_schema::{Event, Topic, schema};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

type Header = (String, Option<Vec<u8>>);

/// A record as bytes that a test may change.
#[derive(Clone, Debug)]
struct Raw {
    topic: Topic,
    key: Option<Vec<u8>>,
    headers: Vec<Header>,
    value: Option<Vec<u8>>,
}

impl Raw {
    fn of(event: &Event) -> Self {
        let Record { topic, key, headers, value } = encode(event).expect("can be written");
        let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), Some(value.into_bytes()))).collect();
        Self { topic, key: Some(key.into_bytes()), headers, value: Some(value) }
    }

    fn decode(&self) -> Result<Event, DecodeError> {
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_deref()));
        decode(self.topic, self.key.as_deref(), headers, self.value.as_deref())
    }

    fn set(&mut self, name: &str, value: &str) {
        let header = self.headers.iter_mut().find(|(known, _)| known == name).expect("was there");
        header.1 = Some(value.as_bytes().to_vec());
    }
}

fn is_unknown(result: &Result<Event, DecodeError>) -> bool {
    matches!(result, Err(DecodeError::Unknown { .. }))
}

fn is_malformed(result: &Result<Event, DecodeError>) -> bool {
    matches!(result, Err(DecodeError::Malformed { .. }))
}

/// Bytes of any kind, near misses among them.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..200),
        "\\PC{0,60}".prop_map(String::into_bytes),
        r#"[\[\]{}",:0-9a-z.\\u-]{0,80}"#.prop_map(String::into_bytes),
    ]
}

fn foreign_header() -> impl Strategy<Value = Header> {
    let name = prop_oneof!["[a-z]{1,12}", "ce_x[a-z]{1,8}", "\\PC{0,12}"];
    let name = name.prop_filter("a known name", |name| !header::ALL.contains(&name.as_str()));
    (name, proptest::option::of(bytes()))
}

/// A valid record with one change at any place.
fn damaged() -> impl Strategy<Value = Raw> {
    (arbitrary::event(), any::<Index>(), any::<Index>(), bytes(), 0..8_u8).prop_map(|(event, place, at, bytes, how)| {
        let mut raw = Raw::of(&event);
        let header = place.index(raw.headers.len());
        let splice = |target: &mut Vec<u8>| {
            let from = at.index(target.len() + 1);
            let to = (from + bytes.len() % 7).min(target.len());
            target.splice(from..to, bytes.iter().copied());
        };
        match how {
            0 => raw.key = Some(bytes.clone()),
            1 => raw.value = Some(bytes.clone()),
            2 => raw.headers[header].1 = Some(bytes.clone()),
            3 => drop(raw.headers.remove(header)),
            4 => splice(raw.headers[header].1.get_or_insert_default()),
            5 => raw.headers[header].1 = None,
            6 => raw.value.as_mut().into_iter().for_each(|value| value.truncate(at.index(value.len() + 1))),
            _ => raw.value.as_mut().into_iter().for_each(splice),
        }
        raw
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_back(event in arbitrary::event()) {
        let raw = Raw::of(&event);
        prop_assert_eq!(raw.topic, event.payload.event_type().topic());
        let read = raw.decode();
        prop_assert_eq!(read.as_ref(), Ok(&event));
    }

    #[test]
    fn order_of_headers_and_foreign_ones_do_not_matter(
        event in arbitrary::event(),
        foreign in vec(foreign_header(), 0..5),
        order in vec(any::<u64>(), 20),
    ) {
        let mut raw = Raw::of(&event);
        raw.headers.extend(foreign);
        let mut shuffled: Vec<_> = order.into_iter().zip(raw.headers).collect();
        shuffled.sort_by_key(|(place, _)| *place);
        raw.headers = shuffled.into_iter().map(|(_, header)| header).collect();
        prop_assert_eq!(raw.decode(), Ok(event));
    }

    #[test]
    fn any_bytes_are_survived(
        topic in select(&Topic::ALL[..]),
        key in proptest::option::of(bytes()),
        headers in vec((select(&header::ALL[..]).prop_map(str::to_owned), proptest::option::of(bytes())), 0..14),
        value in proptest::option::of(bytes()),
    ) {
        let raw = Raw { topic, key, headers, value };
        let first = raw.decode();
        prop_assert!(first.is_err());
        prop_assert_eq!(first, raw.decode());
    }

    // What a reader accepts, a writer may write: nothing gets into the log that could not have been put there properly.
    #[test]
    fn a_damaged_record_is_refused_or_an_event_like_any_other(raw in damaged()) {
        let first = raw.decode();
        prop_assert_eq!(&first, &raw.decode());
        if let Ok(event) = first {
            prop_assert_eq!(Raw::of(&event).decode(), Ok(event));
        }
    }

    #[test]
    fn an_unknown_type_is_unknown(event in arbitrary::event(), name in "chat\\.[a-z_]{1,12}(\\.[a-z_]{1,12})?(\\.v[1-9])?") {
        prop_assume!(EventType::ALL.iter().all(|known| !name.starts_with(known.base_name())));
        let mut raw = Raw::of(&event);
        raw.set(header::TYPE, &name);
        prop_assert!(is_unknown(&raw.decode()));
    }

    #[test]
    fn a_later_version_is_unknown_whatever_its_value(event in arbitrary::event(), later in 1..1000_u32, value in bytes()) {
        let mut raw = Raw::of(&event);
        let of = event.payload.event_type();
        raw.set(header::TYPE, &format!("{}.v{}", of.base_name(), of.version() + later));
        raw.value = Some(value);
        prop_assert!(is_unknown(&raw.decode()));
    }

    #[test]
    fn later_rules_are_unknown_whatever_the_value(event in arbitrary::event(), rules in 2..u64::MAX, value in bytes()) {
        let mut raw = Raw::of(&event);
        raw.set(header::RULES, &rules.to_string());
        raw.value = Some(value);
        prop_assert!(is_unknown(&raw.decode()));
    }

    #[test]
    fn a_missing_part_is_malformed(event in arbitrary::event(), part in 0..14_usize) {
        let mut raw = Raw::of(&event);
        match header::ALL.get(part) {
            Some(name) => raw.headers.retain(|(known, _)| known != name),
            None => raw.value = None,
        }
        let may_lack = [header::CONTENT_TYPE, header::TRACEPARENT];
        if header::ALL.get(part).is_none_or(|name| !may_lack.contains(name)) {
            prop_assert!(is_malformed(&raw.decode()));
        } else {
            prop_assert!(raw.decode().is_ok());
        }
    }

    #[test]
    fn a_value_that_is_no_object_is_malformed(event in arbitrary::event(), value in bytes()) {
        let mut raw = Raw::of(&event);
        prop_assume!(!value.trim_ascii().starts_with(b"{"));
        raw.value = Some(value);
        prop_assert!(is_malformed(&raw.decode()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    // Limits aside (the fold judges those), every value fits its schema.
    #[test]
    fn every_value_has_the_form_that_its_schema_says(event in arbitrary::event()) {
        let record = encode(&event).expect("can be written");
        let mut schema = schema::value(event.payload.event_type());
        without_limits(&mut schema);
        let validator = jsonschema::options().should_validate_formats(true).build(&schema).expect("a schema");
        let value = serde_json::from_slice(&record.value).expect("JSON");
        prop_assert!(validator.is_valid(&value), "{}", String::from_utf8_lossy(&record.value));
    }
}

fn without_limits(schema: &mut serde_json::Value) {
    match schema {
        serde_json::Value::Object(fields) => {
            fields.retain(|keyword, value| {
                !(keyword.starts_with("max") || keyword.starts_with("min")) || value.is_object()
            });
            fields.values_mut().for_each(without_limits);
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(without_limits),
        _ => {}
    }
}
