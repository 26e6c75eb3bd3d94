//! Whether two schemas of the same version are one interface: readers of either read what writers of either write.
//!
//! Told apart from harmless changes by name: new optional fields and annotations are harmless, because every reader skips
//! what it does not know. Everything else counts as breaking, even what only might be: then the event needs a new version.

use std::collections::BTreeSet;

use event_schema::schema::resolve;
use serde_json::{Map, Value};

/// Keywords that only describe.
const ANNOTATIONS: [&str; 8] = ["$comment", "$defs", "$id", "$schema", "default", "description", "examples", "title"];

/// What would break, one line each; empty where nothing does.
pub fn breaks(published: &Value, today: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare(&plain(published), &plain(today), "value", &mut found);
    found
}

/// A schema with its references replaced by what they name, and without annotations.
pub fn plain(schema: &Value) -> Value {
    expand(schema, schema)
}

fn expand(root: &Value, schema: &Value) -> Value {
    match schema {
        Value::Array(items) => items.iter().map(|item| expand(root, item)).collect(),
        Value::Object(fields) => {
            let mut expanded = match fields.get("$ref").and_then(Value::as_str) {
                Some(reference) => expand(root, resolve(root, reference)),
                None => Value::Object(Map::new()),
            };
            for (keyword, value) in fields {
                match keyword.as_str() {
                    "$ref" => {}
                    // Names of fields, not keywords.
                    "properties" => {
                        for (name, property) in value.as_object().into_iter().flatten() {
                            merge(&mut expanded["properties"][name], expand(root, property));
                        }
                    }
                    keyword if ANNOTATIONS.contains(&keyword) => {}
                    keyword => expanded[keyword] = expand(root, value),
                }
            }
            expanded
        }
        other => other.clone(),
    }
}

/// Adds keywords to what a reference brought.
fn merge(schema: &mut Value, more: Value) {
    match (schema, more) {
        (Value::Object(fields), Value::Object(more)) => {
            for (name, value) in more {
                merge(fields.entry(name).or_insert(Value::Null), value);
            }
        }
        (schema, more) => *schema = more,
    }
}

fn compare(published: &Value, today: &Value, path: &str, found: &mut Vec<String>) {
    let (Some(before), Some(after)) = (published.as_object(), today.as_object()) else {
        if published != today {
            found.push(format!("{path} is another schema"));
        }
        return;
    };
    compare_fields(before, after, path, found);
    compare_words(before, after, path, found);
    let other = |keyword: &&String| !["properties", "required", "enum", "items"].contains(&keyword.as_str());
    for keyword in before.keys().chain(after.keys()).filter(other).collect::<BTreeSet<_>>() {
        let (was, is) = (before.get(keyword), after.get(keyword));
        if was != is {
            let show = |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), Value::to_string);
            found.push(format!("{path}: {keyword} was {}, is {}", show(was), show(is)));
        }
    }
    match (before.get("items"), after.get("items")) {
        (Some(was), Some(is)) => compare(was, is, &format!("{path}[]"), found),
        (None, None) => {}
        _ => found.push(format!("{path}: its items are another schema")),
    }
}

fn compare_fields(before: &Map<String, Value>, after: &Map<String, Value>, path: &str, found: &mut Vec<String>) {
    let required = |schema: &Map<String, Value>| words(schema.get("required"));
    for name in required(after).difference(&required(before)) {
        found.push(format!("{path}.{name} is required now: earlier writers may have left it out"));
    }
    for name in required(before).difference(&required(after)) {
        found.push(format!("{path}.{name} is no longer required: earlier readers need it"));
    }
    let fields = |schema: &Map<String, Value>| schema.get("properties").and_then(Value::as_object).cloned();
    let after = fields(after).unwrap_or_default();
    for (name, was) in fields(before).unwrap_or_default() {
        match after.get(&name) {
            Some(is) => compare(&was, is, &format!("{path}.{name}"), found),
            None => found.push(format!("{path}.{name} is gone")),
        }
    }
}

fn compare_words(before: &Map<String, Value>, after: &Map<String, Value>, path: &str, found: &mut Vec<String>) {
    let (was, is) = (words(before.get("enum")), words(after.get("enum")));
    if before.contains_key("enum") != after.contains_key("enum") {
        found.push(format!("{path} is a closed list of words in one of them only"));
        return;
    }
    found
        .extend(is.difference(&was).map(|word| format!("{path}: the word `{word}` is new; earlier readers refuse it")));
    found.extend(was.difference(&is).map(|word| format!("{path}: the word `{word}` is gone; the log may hold it")));
}

fn words(list: Option<&Value>) -> BTreeSet<String> {
    list.and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|word| word.as_str().unwrap_or_default().to_owned())
        .collect()
}
