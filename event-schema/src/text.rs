//! Text that people wrote, in tagged objects: the tag says how to read it, and leaves room for encryption and erasure.
//!
//! Every reader accepts `{"format":"erased"}` and formats that it does not know (it shows a placeholder), so that new ones
//! can join without breaking it. Fields of this type are the personal text of the log; there is no other.

use std::fmt;

use schemars::{JsonSchema, Schema};
use serde::de::{self, MapAccess, Visitor};
use serde::ser::{self, SerializeMap};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::limits;

/// Personal text: `{"format":"markdown","text":"…"}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    /// Text as it stands (names, imported lines).
    Plain(String),
    /// CommonMark, never HTML.
    Markdown(String),
    /// Erased at its owner's request; the text is gone.
    Erased,
    /// A format of a later version, kept whole; never shown.
    Unknown(Map<String, Value>),
}

impl Text {
    /// The text, where this version can read it.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Plain(text) | Self::Markdown(text) => Some(text),
            Self::Erased | Self::Unknown(_) => None,
        }
    }

    /// The tag.
    #[must_use]
    pub fn format(&self) -> &str {
        match self {
            Self::Plain(_) => "plain",
            Self::Markdown(_) => "markdown",
            Self::Erased => "erased",
            Self::Unknown(object) => object.get("format").and_then(Value::as_str).unwrap_or("unknown"),
        }
    }
}

const FORMAT: &str = "format";
const TEXT: &str = "text";

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Plain(text) | Self::Markdown(text) => {
                let mut object = serializer.serialize_map(Some(2))?;
                object.serialize_entry(FORMAT, self.format())?;
                object.serialize_entry(TEXT, text)?;
                object.end()
            }
            Self::Erased => {
                let mut object = serializer.serialize_map(Some(1))?;
                object.serialize_entry(FORMAT, self.format())?;
                object.end()
            }
            Self::Unknown(object) => match object.get(FORMAT).and_then(Value::as_str) {
                None | Some("plain" | "markdown" | "erased") => {
                    Err(ser::Error::custom("an unknown format needs a `format` that is unknown"))
                }
                Some(_) => object.serialize(serializer),
            },
        }
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text object with a `format`")
    }

    /// Nearly all texts are `plain` or `markdown`: they are read without building a map.
    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Text, A::Error> {
        let (mut format, mut text, mut others) = (None::<String>, None::<Value>, Map::new());
        while let Some(name) = fields.next_key::<Field>()? {
            let twice = match name {
                Field::Format => format.replace(fields.next_value()?).is_some(),
                Field::Text => text.replace(fields.next_value()?).is_some(),
                Field::Other(name) => others.insert(name, fields.next_value()?).is_some(),
            };
            if twice {
                return Err(de::Error::custom("a field of a text object occurs twice"));
            }
        }
        let format = format.ok_or_else(|| de::Error::missing_field(FORMAT))?;
        let make = match format.as_str() {
            "plain" => Text::Plain,
            "markdown" => Text::Markdown,
            "erased" => return Ok(Text::Erased),
            _ => {
                others.insert(FORMAT.into(), format.into());
                others.extend(text.map(|text| (TEXT.to_owned(), text)));
                return Ok(Text::Unknown(others));
            }
        };
        match text {
            Some(Value::String(text)) => Ok(make(text)),
            Some(_) => Err(de::Error::custom("the `text` of a text object is not a string")),
            None => Err(de::Error::missing_field(TEXT)),
        }
    }
}

/// A field's name, without an allocation for the usual ones.
enum Field {
    Format,
    Text,
    Other(String),
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::json::word(deserializer, "a field's name", |name| {
            Some(match name {
                FORMAT => Self::Format,
                TEXT => Self::Text,
                other => Self::Other(other.to_owned()),
            })
        })
    }
}

impl JsonSchema for Text {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Text".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> Schema {
        schemars::json_schema!({
            "type": "object",
            "description": "Personal text. Readers accept `erased` and formats they do not know.",
            "properties": {"format": {"type": "string", "examples": ["plain", "markdown", "erased"]}},
            "required": ["format"],
            "if": {"properties": {"format": {"enum": ["plain", "markdown"]}}},
            "then": {"properties": {"text": {"type": "string"}}, "required": ["text"]}
        })
    }
}

/// Schema of a field that holds a message's content. Its limit is in bytes, of which a character has at least one.
pub(crate) fn content(schema: &mut Schema) {
    at_most(schema, limits::TEXT_BYTES);
}

/// Schema of a field that holds a name.
pub(crate) fn name(schema: &mut Schema) {
    at_most(schema, limits::NAME_CHARS);
}

/// Schema of a field that holds a status line.
pub(crate) fn status(schema: &mut Schema) {
    at_most(schema, limits::STATUS_CHARS);
}

/// Schema of a field that holds an address.
pub(crate) fn url(schema: &mut Schema) {
    at_most(schema, limits::URL_CHARS);
}

/// Beside whatever the field is: where it is an object, its `text` is this long at most.
fn at_most(schema: &mut Schema, chars: usize) {
    schema.insert("properties".to_owned(), json!({"text": {"maxLength": chars}}));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_formats_of_later_versions_whole() {
        let later = r#"{"format":"sealed","key":"k1","nonce":[1,2]}"#;
        let text: Text = serde_json::from_str(later).expect("accepted");
        assert_eq!(text.as_str(), None);
        assert_eq!(serde_json::to_string(&text).expect("written"), later);
    }

    #[test]
    fn refuses_a_tag_without_its_text() {
        assert!(serde_json::from_str::<Text>(r#"{"format":"plain"}"#).is_err());
        assert!(serde_json::from_str::<Text>(r#"{"text":"x"}"#).is_err());
        assert!(serde_json::from_str::<Text>(r#"{"format":"plain","text":["x"]}"#).is_err());
        assert!(serde_json::from_str::<Text>(r#"["plain","x"]"#).is_err());
    }

    #[test]
    fn reads_its_fields_in_any_order_and_once() {
        let read = |json| serde_json::from_str::<Text>(json).ok();
        assert_eq!(read(r#"{"later":1,"text":"x","format":"plain"}"#), Some(Text::Plain("x".into())));
        assert_eq!(read(r#"{"format":"erased","text":"x"}"#), Some(Text::Erased));
        assert_eq!(read(r#"{"format":"plain","format":"erased","text":"x"}"#), None);
        assert_eq!(read(r#"{"format":"plain","text":"x","text":"y"}"#), None);
    }

    #[test]
    fn writes_no_unknown_format_that_is_known() {
        let disguised = Map::from_iter([("format".to_owned(), Value::from("plain"))]);
        assert!(serde_json::to_string(&Text::Unknown(disguised)).is_err());
        assert!(serde_json::to_string(&Text::Unknown(Map::new())).is_err());
    }
}
