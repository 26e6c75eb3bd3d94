//! What was once written is read for ever: golden records of every version of every event.

use std::collections::BTreeMap;

use event_schema::event::EventType;
use event_schema::{record, samples, schema};
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::support::{self, GENERATE, Golden};

/// Every golden record with its path (`chat.message.posted.v1/full.json`).
fn golden() -> BTreeMap<String, Golden> {
    let files = support::read_all(&support::frozen().join("golden")).expect("the folder can be read");
    let read = |(path, text): (String, String)| {
        let golden = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
        (path, golden)
    };
    files.into_iter().map(read).collect()
}

fn validator(schema: &Value) -> Validator {
    jsonschema::options().should_validate_formats(true).build(schema).expect("a valid schema")
}

fn assert_valid(validator: &Validator, value: &Value, what: &str) {
    let errors: Vec<_> = validator.iter_errors(value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{what}: {errors:?}");
}

fn value_of(golden: &Golden) -> Value {
    serde_json::from_str(golden.value.get()).expect("JSON")
}

#[test]
fn frozen_files_never_change() {
    let files = support::read_frozen().expect("the folders can be read");
    assert_eq!(
        support::manifest(&files),
        support::read_manifest().expect("the list can be read"),
        "a file in tests/golden or tests/published was changed, added or removed. What lies in people's logs cannot be changed either: \
         put it back, and write a new version of the event or a new sample; new files: {GENERATE}"
    );
}

#[test]
fn every_version_of_every_event_has_a_golden_record() {
    let golden = golden();
    for event_type in EventType::ALL {
        for version in 1..=event_type.version() {
            let folder = format!("{}.v{version}/", event_type.base_name());
            assert!(golden.keys().any(|path| path.starts_with(&folder)), "none in {folder}: {GENERATE}");
        }
    }
}

#[test]
fn every_golden_record_is_read_and_today_s_are_written_the_same() {
    for (path, golden) in golden() {
        let event = golden.decode().unwrap_or_else(|error| panic!("{path}: {error}"));
        if path.starts_with(event.payload.event_type().name()) {
            let again = Golden::of(&record::encode(&event).expect("can be written"));
            assert_eq!(again.to_text(), golden.to_text(), "{path}");
        }
    }
}

#[test]
fn every_sample_is_what_its_golden_record_says() {
    let golden = golden();
    for sample in samples::all() {
        let path = support::golden_path(&sample);
        let golden = golden.get(path.trim_start_matches("golden/")).unwrap_or_else(|| panic!("no {path}: {GENERATE}"));
        assert_eq!(golden.decode().as_ref(), Ok(&sample.event), "{path}");
    }
}

#[test]
fn every_golden_record_fits_its_schemas() {
    let published = support::read_all(&support::frozen().join("published")).expect("the folder can be read");
    let headers = validator(&schema::headers());
    for (path, golden) in golden() {
        let (name, _) = path.split_once('/').expect("a folder per version");
        let written_by = support::newest_published(&published, name).unwrap_or_else(|| panic!("{name}: {GENERATE}"));
        assert_valid(&validator(&serde_json::from_str(&written_by).expect("JSON")), &value_of(&golden), &path);
        assert_valid(&headers, &json!(golden.headers), &path);
        if let Some(today) = EventType::ALL.iter().find(|event_type| event_type.name() == name) {
            assert_valid(&validator(&schema::value(*today)), &value_of(&golden), &path);
        }
    }
}

#[test]
fn a_schema_accepts_what_a_later_writer_adds_and_refuses_what_none_writes() {
    let validator = validator(&schema::value(EventType::MessagePosted));
    let text = |text: &str| json!({"format": "markdown", "text": text});
    assert!(validator.is_valid(&json!({"content": text("hello"), "later": {"a": [1]}})));
    assert!(validator.is_valid(&json!({"content": {"format": "erased"}})));
    assert!(validator.is_valid(&json!({"content": {"format": "sealed", "text": [1]}})));
    assert!(!validator.is_valid(&json!({})));
    assert!(!validator.is_valid(&json!({"content": "hello"})));
    assert!(!validator.is_valid(&json!({"content": {"format": "plain"}})));
    assert!(!validator.is_valid(&json!({"content": text(&"x".repeat(8193))})));
    assert!(!validator.is_valid(&json!({"content": text("x"), "reply_to": "7"})));
}
