//! JSON Schemas as HTML: a type in a few words, an object as a table of its fields.

use serde_json::Value;

use super::{escape, prose, text};

/// How deep fields of fields are shown before only their type is named.
const DEPTH: usize = 3;

/// A schema in full.
pub(super) fn render(schema: &Value) -> String {
    render_to(schema, DEPTH)
}

fn render_to(schema: &Value, depth: usize) -> String {
    let about = prose(&schema["description"]);
    if let Some(variants) = variants(schema) {
        let items: Vec<String> = variants.iter().map(|variant| render_to(variant, depth)).collect();
        return format!("{about}<ul><li>{}</li></ul>", items.join("</li><li>"));
    }
    let fields = fields(schema, depth);
    if fields.is_empty() {
        return format!("{about}<p>{}</p>", type_of(schema));
    }
    format!("{about}<table>{fields}</table>")
}

fn fields(schema: &Value, depth: usize) -> String {
    let required = |name: &str| schema["required"].as_array().is_some_and(|names| names.iter().any(|n| n == name));
    let row = |(name, field): (&String, &Value)| {
        let must = if required(name) { " <em>required</em>" } else { "" };
        let nested = if depth > 0 && field["properties"].is_object() {
            render_to(field, depth - 1)
        } else {
            prose(&field["description"])
        };
        format!("<tr><td><code>{}</code>{must}</td><td>{}</td><td>{nested}</td></tr>", escape(name), type_of(field))
    };
    schema["properties"].as_object().into_iter().flatten().map(row).collect()
}

fn variants(schema: &Value) -> Option<&Vec<Value>> {
    ["oneOf", "anyOf", "allOf"].iter().find_map(|word| schema[word].as_array())
}

/// A schema in a few words, with links to named ones.
pub(super) fn type_of(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = escape(reference.rsplit('/').next().unwrap_or(reference));
        return format!("<a href=\"#schema-{name}\">{name}</a>");
    }
    if let Some(variants) = variants(schema) {
        return variants.iter().map(type_of).collect::<Vec<_>>().join(" or ");
    }
    if let Some(values) = schema["enum"].as_array() {
        let words: Vec<String> =
            values.iter().map(|value| format!("<code>{}</code>", escape(&value.to_string()))).collect();
        return words.join(" or ");
    }
    let name = match &schema["type"] {
        Value::String(name) => escape(name),
        Value::Array(names) => names.iter().map(text).collect::<Vec<_>>().join(" or "),
        _ => "anything".to_owned(),
    };
    let name = match name.as_str() {
        "array" => format!("array of {}", type_of(&schema["items"])),
        "object" if schema["additionalProperties"].is_object() => {
            format!("object of {}", type_of(&schema["additionalProperties"]))
        }
        _ => name,
    };
    let limits = limits(schema);
    if limits.is_empty() { name } else { format!("{name} <small>{}</small>", limits.join(", ")) }
}

fn limits(schema: &Value) -> Vec<String> {
    let words = [
        ("format", "", ""),
        ("minLength", "at least ", " characters"),
        ("maxLength", "at most ", " characters"),
        ("minimum", "at least ", ""),
        ("maximum", "at most ", ""),
        ("minItems", "at least ", " items"),
        ("maxItems", "at most ", " items"),
        ("pattern", "matches ", ""),
        ("default", "default ", ""),
    ];
    let word = |(key, before, after): (&str, &str, &str)| match &schema[key] {
        Value::Null => None,
        Value::String(value) => Some(format!("{before}{}{after}", escape(value))),
        value => Some(format!("{before}{}{after}", escape(&value.to_string()))),
    };
    words.into_iter().filter_map(word).collect()
}
