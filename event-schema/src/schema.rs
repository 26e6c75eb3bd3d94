//! JSON Schemas (draft 2020-12) of every value and of the headers, made from the types themselves.
//!
//! They say what is written. Limits are those of the rules; unknown fields are accepted, because a later writer may add
//! some.

use std::fmt::Write;

use schemars::Schema;
use schemars::transform::{Transform, transform_subschemas};
use serde_json::{Map, Value, json};

use crate::envelope::{self, header};
use crate::event::EventType;
use crate::limits;

/// The dialect of all schemas.
pub const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The stable name (`$id`) of the schema of an event's value, for example `urn:chatlog:schema:chat.message.posted.v1`.
#[must_use]
pub fn urn(event_type: EventType) -> String {
    format!("urn:chatlog:schema:{}", event_type.name())
}

/// The stable name of the schema of the headers.
pub const HEADERS_URN: &str = "urn:chatlog:schema:headers.v1";

/// The schema of an event's value.
#[must_use]
pub fn value(event_type: EventType) -> Value {
    let mut schema = event_type.value_schema();
    Tidy.transform(&mut schema);
    schema.insert("$id".to_owned(), urn(event_type).into());
    schema.insert("title".to_owned(), event_type.name().into());
    schema.to_value()
}

/// The schema of the headers of any event, as an object of strings.
#[must_use]
pub fn headers() -> Value {
    let mut properties = Map::new();
    let mut add = |name: &str, description: &str, form: Value| {
        let mut property = form;
        property["type"] = "string".into();
        property["description"] = description.into();
        properties.insert(name.to_owned(), property);
    };
    let id = || json!({"format": "uuid"});
    let text = || json!({"minLength": 1, "maxLength": limits::ATTRIBUTE_CHARS});
    add(header::SPEC_VERSION, "The version of CloudEvents.", json!({"const": envelope::SPEC_VERSION}));
    add(header::ID, "The event's id. A record whose id was seen before for its key is a repetition: drop it.", id());
    add(header::TYPE, "The event's type with its version.", json!({"pattern": TYPE_PATTERN}));
    add(header::SOURCE, "The part of the system that wrote it, for example `/chatlog/command-api`.", text());
    let time = "When it was asked for, in UTC to the microsecond; of an imported event the source's time.";
    add(header::TIME, time, json!({"format": "date-time"}));
    add(header::SUBJECT, "What it is about: the id of a message, a member, a room, a user; a setting's name.", text());
    add(header::RULES, "The version of the rules that judge it.", json!({"pattern": "^[1-9][0-9]*$"}));
    add(header::ACTOR, "Who asked for it; the nil UUID is the platform itself.", id());
    add(header::COMMAND, "The command that caused it; all events of one command carry the same.", id());
    let mut client = text();
    client["examples"] = json!(["api", "web", "mobile", "bot", "import", "platform"]);
    add(header::CLIENT, "The kind of client it came through, as a word. The list is open.", client);
    add(header::WORKSPACE, "The tenant.", id());
    add(header::CONTENT_TYPE, "The media type of the value.", json!({"const": envelope::CONTENT_TYPE}));
    let traceparent = json!({"pattern": "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"});
    add(header::TRACEPARENT, "W3C Trace Context of the request, where it was traced.", traceparent);
    json!({
        "$schema": DIALECT,
        "$id": HEADERS_URN,
        "title": "headers.v1",
        "description": "The headers of every record: a CloudEvent in Kafka's binary mode. Other headers may be there.",
        "type": "object",
        "properties": properties,
        "required": header::ALL.iter().filter(|name| **name != header::TRACEPARENT).collect::<Vec<_>>(),
    })
}

const TYPE_PATTERN: &str = r"^chat\.[a-z_]+\.[a-z_]+\.v[1-9][0-9]*$";

/// The fields of an event's value that hold personal text, as paths like `attachments[].name`.
#[must_use]
pub fn personal_fields(event_type: EventType) -> Vec<String> {
    fn walk(schema: &Value, root: &Value, path: &str, found: &mut Vec<String>) {
        match schema["$ref"].as_str() {
            Some("#/$defs/Text") => found.push(path.to_owned()),
            Some(reference) => walk(resolve(root, reference), root, path, found),
            None => {}
        }
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            walk(field, root, format!("{path}.{name}").trim_start_matches('.'), found);
        }
        walk_items(schema, root, path, found);
    }
    fn walk_items(schema: &Value, root: &Value, path: &str, found: &mut Vec<String>) {
        if let Some(items) = schema.get("items") {
            walk(items, root, &format!("{path}[]"), found);
        }
    }
    let schema = value(event_type);
    let mut found = Vec::new();
    walk(&schema, &schema, "", &mut found);
    found
}

/// What a reference within a schema (`#/$defs/Text`) names; null where it names nothing.
#[must_use]
pub fn resolve<'a>(root: &'a Value, reference: &str) -> &'a Value {
    reference.strip_prefix('#').and_then(|pointer| root.pointer(pointer)).unwrap_or(&Value::Null)
}

/// Takes out what only Rust understands and says the rest in the plainest keywords.
#[derive(Clone)]
struct Tidy;

impl Transform for Tidy {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        let Some(schema) = schema.as_object_mut() else { return };
        if schema.get("format").and_then(Value::as_str).is_some_and(|format| format.starts_with("uint")) {
            schema.remove("format");
        }
        if let Some(Value::String(description)) = schema.get_mut("description") {
            *description = description.replace("[`", "`").replace("`]", "`");
        }
        never_null(schema);
        one_of_words(schema);
    }
}

/// A field that is absent is left out, never written as null.
fn never_null(schema: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
        choices.retain(|choice| choice["type"] != "null");
        if let [Value::Object(only)] = choices.as_slice() {
            let only = only.clone();
            schema.remove("anyOf");
            schema.extend(only);
        }
    }
}

/// `oneOf` with a constant each becomes `enum`; what the words mean goes into the description.
fn one_of_words(schema: &mut Map<String, Value>) {
    let Some(Value::Array(choices)) = schema.get("oneOf") else { return };
    let words: Vec<_> = choices.iter().filter_map(|choice| choice["const"].as_str()).collect();
    if words.len() != choices.len() {
        return;
    }
    let mut description = schema.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
    for choice in choices {
        let (word, meaning) = (choice["const"].as_str(), choice["description"].as_str());
        let _ = write!(description, " `{}`: {}", word.unwrap_or_default(), meaning.unwrap_or_default());
    }
    let words = json!(words);
    schema.remove("oneOf");
    schema.extend([("enum", words), ("type", "string".into()), ("description", description.into())].map(owned));
}

fn owned((name, value): (&str, Value)) -> (String, Value) {
    (name.to_owned(), value)
}
