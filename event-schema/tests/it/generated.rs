//! The documents in `docs/generated` are those that today's code makes.

use event_schema::event::EventType;
use event_schema::{asyncapi, samples, schema};
use serde_json::Value;

use crate::support::{self, GENERATE};

#[test]
fn the_documents_are_up_to_date() {
    let kept = support::read_all(&support::docs()).expect("the folder can be read");
    for (path, text) in support::generated_docs() {
        assert_eq!(kept.get(&path), Some(&text), "docs/generated/{path} is out of date: {GENERATE}");
    }
}

#[test]
fn nothing_else_lies_among_the_schemas() {
    let made = support::generated_docs();
    for path in support::read_all(&support::docs()).expect("the folder can be read").keys() {
        let stray = path.starts_with("schemas/") && !made.contains_key(path);
        assert!(!stray, "docs/generated/{path} belongs to no event: {GENERATE}");
    }
}

#[test]
fn every_reference_in_the_documents_leads_somewhere() {
    fn walk(root: &Value, value: &Value) {
        match value {
            Value::Object(fields) => {
                if let Some(Value::String(reference)) = fields.get("$ref") {
                    assert!(!schema::resolve(root, reference).is_null(), "{reference}");
                }
                fields.values().for_each(|field| walk(root, field));
            }
            Value::Array(items) => items.iter().for_each(|item| walk(root, item)),
            _ => {}
        }
    }
    let values = EventType::ALL.iter().map(|of| schema::value(*of));
    for document in values.chain([schema::headers(), asyncapi::document()]) {
        walk(&document, &document);
    }
}

// The AsyncAPI document keeps shared definitions once: the same name must mean the same everywhere.
#[test]
fn a_shared_definition_is_the_same_in_every_schema() {
    let mut known = serde_json::Map::new();
    for event_type in EventType::ALL {
        let schema = schema::value(*event_type);
        for (name, definition) in schema["$defs"].as_object().into_iter().flatten() {
            let before = known.insert(name.clone(), definition.clone());
            assert!(before.is_none_or(|before| before == *definition), "{name} in {}", event_type.name());
        }
    }
}

#[test]
fn every_event_is_shown_with_an_example() {
    let document = asyncapi::document();
    for event_type in EventType::ALL {
        assert!(samples::full(*event_type).is_some(), "{} needs a sample `full`", event_type.name());
        assert!(document["components"]["messages"][event_type.name()]["examples"].is_array());
    }
}

// Personal text is what erasure and encryption will have to find: this list is a promise.
#[test]
fn personal_text_is_where_it_is_listed() {
    let listed = EventType::ALL
        .iter()
        .flat_map(|of| schema::personal_fields(*of).into_iter().map(|field| format!("{} {field}", of.base_name())));
    let expected = [
        "chat.user.registration_requested display_name",
        "chat.user.registration_requested username",
        "chat.user.registered display_name",
        "chat.user.registered username",
        "chat.user.profile_changed display_name",
        "chat.user.status_changed status",
        "chat.room.created name",
        "chat.room.renamed name",
        "chat.message.posted attachments[].name",
        "chat.message.posted attachments[].url",
        "chat.message.posted content",
        "chat.message.edited content",
    ];
    assert_eq!(listed.collect::<Vec<_>>(), expected);
}
