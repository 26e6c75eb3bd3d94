//! A published version of an event is one interface for ever: older readers read today's records, today's readers older ones.

use event_schema::event::EventType;
use event_schema::schema;
use serde_json::{Value, json};

use crate::support::compare::{breaks, plain};
use crate::support::{self, Files, GENERATE};

fn published() -> Files {
    support::read_all(&support::frozen().join("published")).expect("the folder can be read")
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn every_published_schema_still_holds() {
    for (file, text) in published() {
        let name = support::published_name(&file);
        let (base, version) = name.rsplit_once(".v").expect("a name with a version");
        let version: u32 = version.parse().expect("a version");
        let (today, today_version) = if base == "headers" {
            (schema::headers(), 1)
        } else {
            let event_type = EventType::from_base_name(base).unwrap_or_else(|| panic!("{base}: logs still hold it"));
            (schema::value(event_type), event_type.version())
        };
        assert!(version <= today_version, "{name} was published and is not known any more");
        if version == today_version {
            assert_eq!(breaks(&parse(&text), &today), [""; 0], "{name} needs a new version and an upcaster");
        }
    }
}

#[test]
fn every_schema_of_today_is_published() {
    let published = published();
    for (name, today) in support::today() {
        let newest = support::newest_published(&published, &name);
        let newest = newest.unwrap_or_else(|| panic!("{name} is not published: {GENERATE}"));
        assert_eq!(plain(&parse(&newest)), plain(&today), "{name} has new optional fields: {GENERATE}");
    }
}

// What follows tests the comparison itself.

fn base() -> Value {
    json!({
        "$id": "urn:a",
        "type": "object",
        "properties": {
            "id": {"$ref": "#/$defs/Id", "description": "which"},
            "name": {"$ref": "#/$defs/Text", "properties": {"text": {"maxLength": 80}}},
            "role": {"type": "string", "enum": ["member", "owner"]},
            "people": {"type": "array", "maxItems": 5, "items": {"$ref": "#/$defs/Person"}},
            "note": {"type": "string"}
        },
        "required": ["id", "role"],
        "$defs": {
            "Id": {"type": "string", "format": "uuid"},
            "Text": {"type": "object", "properties": {"format": {"type": "string"}}, "required": ["format"]},
            "Person": {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}
        }
    })
}

/// The base after a change.
fn changed(change: impl FnOnce(&mut Value)) -> Value {
    let mut schema = base();
    change(&mut schema);
    schema
}

fn remove(schema: &mut Value, pointer: &str, name: &str) {
    schema
        .pointer_mut(pointer)
        .and_then(Value::as_object_mut)
        .and_then(|object| object.remove(name))
        .expect("was there");
}

#[test]
fn harmless_changes_are_accepted() {
    let harmless: [(&str, Value); 6] = [
        ("nothing", base()),
        ("a new optional field", changed(|s| s["properties"]["later"] = json!({"type": "string"}))),
        ("in a list too", changed(|s| s["$defs"]["Person"]["properties"]["later"] = json!({"type": "string"}))),
        ("a description", changed(|s| s["properties"]["id"]["description"] = json!("which one"))),
        (
            "title, examples, name",
            changed(|s| {
                s["title"] = json!("new");
                s["$id"] = json!("urn:b");
                s["properties"]["note"]["examples"] = json!(["x"]);
            }),
        ),
        (
            "a definition moved into its place",
            changed(|s| s["properties"]["id"] = json!({"type": "string", "format": "uuid"})),
        ),
    ];
    for (what, schema) in harmless {
        assert_eq!(breaks(&base(), &schema), [""; 0], "{what}");
    }
}

#[test]
fn breaking_changes_are_caught() {
    let breaking: [(&str, Value); 19] = [
        ("a field removed", changed(|s| remove(s, "/properties", "note"))),
        (
            "a field renamed",
            changed(|s| {
                remove(s, "/properties", "note");
                s["properties"]["remark"] = json!({"type": "string"});
            }),
        ),
        ("a field retyped", changed(|s| s["properties"]["note"]["type"] = json!("integer"))),
        ("a type made wider", changed(|s| s["properties"]["note"]["type"] = json!(["string", "null"]))),
        (
            "a new required field",
            changed(|s| {
                s["properties"]["later"] = json!({"type": "string"});
                s["required"] = json!(["id", "role", "later"]);
            }),
        ),
        ("optional to required", changed(|s| s["required"] = json!(["id", "role", "note"]))),
        ("required to optional", changed(|s| s["required"] = json!(["id"]))),
        ("a word added", changed(|s| s["properties"]["role"]["enum"] = json!(["member", "owner", "guest"]))),
        ("a word removed", changed(|s| s["properties"]["role"]["enum"] = json!(["member"]))),
        ("a list of words closed", changed(|s| s["properties"]["note"]["enum"] = json!(["a"]))),
        ("a list of words opened", changed(|s| remove(s, "/properties/role", "enum"))),
        ("another format", changed(|s| s["$defs"]["Id"]["format"] = json!("date-time"))),
        ("no format", changed(|s| remove(s, "/$defs/Id", "format"))),
        ("a limit raised", changed(|s| s["properties"]["name"]["properties"]["text"]["maxLength"] = json!(81))),
        ("a limit dropped", changed(|s| remove(s, "/properties/people", "maxItems"))),
        ("another definition", changed(|s| s["properties"]["id"]["$ref"] = json!("#/$defs/Person"))),
        ("in the objects of a list", changed(|s| s["$defs"]["Person"]["required"] = json!([]))),
        ("extra fields refused", changed(|s| s["additionalProperties"] = json!(false))),
        ("anything at all", json!(true)),
    ];
    for (what, schema) in breaking {
        assert_ne!(breaks(&base(), &schema), [""; 0], "{what}");
    }
}

#[test]
fn a_break_is_told_in_words() {
    let schema = changed(|s| s["$defs"]["Person"]["properties"]["age"]["type"] = json!("string"));
    assert_eq!(breaks(&base(), &schema), [r#"value.people[].age: type was "integer", is "string""#]);
}
