//! The AsyncAPI 3.0 document of the topics: for catalogues, code generators and whoever reads the log from outside.
//!
//! It shows the log from a reader's side: one `receive` operation per topic. The one thing that others write, the answers
//! of outside participants of the sign-up saga, is a `send` operation.

use serde_json::{Map, Value, json};

use crate::event::{Event, EventType};
use crate::topics::{DEFAULT_PARTITIONS, KeyKind, Topic};
use crate::{record, samples, schema};

const KAFKA_BINDING: &str = "0.5.0";

const DESCRIPTION: &str = "The topics of Chatlog, as a public and versioned interface.\n\n\
    **Not yet judged**: a record in `chat.rooms` is what was asked for and acked; whether it was applied is the fold's \
    word. See `docs/events.md`.\n\n\
    Every record is a CloudEvent 1.0 in Kafka's binary mode: attributes in headers, JSON in the value. Topic names may \
    carry an installation's prefix. Records are at least once: drop an `ce_id` seen before for its key. Readers accept \
    unknown fields, unknown headers, and text objects of unknown `format`.";

/// The document. The same code gives the same bytes.
#[must_use]
pub fn document() -> Value {
    let by_topic = |make: fn(Topic) -> Value| -> Value {
        Topic::ALL.iter().map(|topic| (topic.name().to_owned(), make(*topic))).collect::<Map<_, _>>().into()
    };
    let messages: Map<_, _> = EventType::ALL.iter().map(|of| (of.name().to_owned(), message(*of))).collect();
    json!({
        "asyncapi": "3.0.0",
        "id": "urn:chatlog:log",
        "info": {
            "title": "Chatlog events",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "license": {"name": env!("CARGO_PKG_LICENSE")},
        },
        "defaultContentType": "application/json",
        "channels": by_topic(channel),
        "operations": operations(),
        "components": {"messages": messages, "schemas": schemas()},
    })
}

fn types_of(topic: Topic) -> impl Iterator<Item = EventType> {
    EventType::ALL.iter().copied().filter(move |event_type| event_type.topic() == topic)
}

fn reference(parts: &[&str]) -> Value {
    json!({"$ref": format!("#/{}", parts.join("/"))})
}

fn channel(topic: Topic) -> Value {
    let messages: Map<_, _> =
        types_of(topic).map(|of| (of.name().to_owned(), reference(&["components", "messages", of.name()]))).collect();
    let cleanup = if topic.compacted() { "compact" } else { "delete" };
    json!({
        "address": topic.name(),
        "title": topic.name(),
        "description": format!("{} Key: {}.", topic.describe(), key_of(topic)),
        "messages": messages,
        "bindings": {"kafka": {
            "topic": topic.name(),
            "partitions": topic.partitions(DEFAULT_PARTITIONS),
            "topicConfiguration": {"cleanup.policy": [cleanup], "retention.ms": -1},
            "bindingVersion": KAFKA_BINDING,
        }},
    })
}

/// What the key of a topic's records names.
pub(crate) fn key_of(topic: Topic) -> &'static str {
    match (topic, topic.key_kind()) {
        (Topic::Admin, _) => "the actor's user id; of `chat.security` events that of the account",
        (_, KeyKind::User) => "user id",
        (_, KeyKind::Room) => "room id",
        (_, KeyKind::Aggregate) => "the key of the rejected event",
        (_, KeyKind::Setting) => "the setting's name",
    }
}

fn operations() -> Value {
    let mut operations = Map::new();
    let mut add = |action: &str, topic: Topic, summary: String| {
        let messages: Vec<_> =
            types_of(topic).map(|of| reference(&["channels", topic.name(), "messages", of.name()])).collect();
        let operation = json!({
            "action": action,
            "channel": reference(&["channels", topic.name()]),
            "summary": summary,
            "messages": messages,
        });
        operations.insert(format!("{action}_{}", topic.name().replace('.', "_")), operation);
    };
    for topic in Topic::ALL {
        add("receive", topic, format!("Read `{}`. {}", topic.name(), topic.describe()));
    }
    let participant = "Take part in the sign-up saga: answer each `chat.user.registration_requested.v1`.";
    add("send", Topic::Registrations, participant.to_owned());
    operations.into()
}

fn message(event_type: EventType) -> Value {
    let key = match event_type.topic().key_kind() {
        KeyKind::Setting => json!({"type": "string"}),
        KeyKind::User | KeyKind::Room | KeyKind::Aggregate => json!({"type": "string", "format": "uuid"}),
    };
    let mut message = json!({
        "name": event_type.name(),
        "title": event_type.name(),
        "summary": schema::value(event_type)["description"],
        "contentType": "application/json",
        "headers": {
            "type": "object",
            "allOf": [reference(&["components", "schemas", "headers.v1"])],
            "properties": {"ce_type": {"const": event_type.name()}},
        },
        "payload": reference(&["components", "schemas", event_type.name()]),
        "correlationId": {"description": "The command that caused it.", "location": "$message.header#/ce_command"},
        "bindings": {"kafka": {"key": key, "bindingVersion": KAFKA_BINDING}},
    });
    if let Some(example) = samples::full(event_type).as_ref().and_then(example) {
        message["examples"] = json!([example]);
    }
    message
}

fn example(event: &Event) -> Option<Value> {
    let record = record::encode(event).ok()?;
    let headers: Map<_, _> = record.headers.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    let payload: Value = serde_json::from_slice(&record.value).ok()?;
    Some(json!({"name": "full", "headers": headers, "payload": payload}))
}

/// All schemas under one roof: what a value's schema keeps in `$defs` stands beside it here.
fn schemas() -> Value {
    let mut all = Map::new();
    let values = EventType::ALL.iter().map(|of| (of.name().to_owned(), schema::value(*of)));
    for (name, mut root) in values.chain([("headers.v1".to_owned(), schema::headers())]) {
        if let Some(Value::Object(shared)) = root.as_object_mut().and_then(|root| root.remove("$defs")) {
            all.extend(shared.into_iter().map(|(name, shared)| (name, in_components(shared))));
        }
        all.insert(name, in_components(root));
    }
    all.into()
}

/// AsyncAPI's schemas are JSON Schema draft 07, where nothing counts beside a `$ref`: it moves into an `allOf`.
fn in_components(schema: Value) -> Value {
    match schema {
        Value::Array(items) => items.into_iter().map(in_components).collect(),
        Value::Object(fields) => {
            let mut moved = Map::new();
            for (name, field) in fields {
                match (name.as_str(), field.as_str().and_then(|field| field.strip_prefix("#/$defs/"))) {
                    ("$schema" | "$id", _) => {}
                    ("$ref", Some(shared)) => {
                        moved.insert("allOf".into(), json!([reference(&["components", "schemas", shared])]));
                    }
                    _ => {
                        moved.insert(name, in_components(field));
                    }
                }
            }
            moved.into()
        }
        other => other,
    }
}
