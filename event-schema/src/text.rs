//! Text that people wrote, in tagged objects: the tag says how to read it, and leaves room for encryption and erasure.
//!
//! Every reader accepts `{"format":"erased"}` and formats that it does not know (it shows a placeholder), so that new ones
//! can join without breaking it. Fields of this type are the personal text of the log; there is no other.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Personal text: `{"format":"markdown","text":"…"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Map<String, Value>", into = "Map<String, Value>")]
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

/// A text object that no version could have written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a text object needs a `format`, and `plain` and `markdown` need a `text`, both strings")]
pub struct InvalidText;

impl TryFrom<Map<String, Value>> for Text {
    type Error = InvalidText;

    fn try_from(mut object: Map<String, Value>) -> Result<Self, Self::Error> {
        let format = object.get("format").and_then(Value::as_str).ok_or(InvalidText)?;
        let make = match format {
            "plain" => Self::Plain,
            "markdown" => Self::Markdown,
            "erased" => return Ok(Self::Erased),
            _ => return Ok(Self::Unknown(object)),
        };
        match object.remove("text") {
            Some(Value::String(text)) => Ok(make(text)),
            _ => Err(InvalidText),
        }
    }
}

impl From<Text> for Map<String, Value> {
    fn from(text: Text) -> Self {
        let format = text.format().to_owned();
        let mut object = Self::new();
        match text {
            Text::Unknown(object) => return object,
            Text::Plain(text) | Text::Markdown(text) => {
                object.insert("format".into(), format.into());
                object.insert("text".into(), text.into());
            }
            Text::Erased => {
                object.insert("format".into(), format.into());
            }
        }
        object
    }
}

impl JsonSchema for Text {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Text".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "object",
            "description": "Personal text. Readers accept `erased` and formats they do not know.",
            "properties": {
                "format": {"type": "string", "examples": ["plain", "markdown", "erased"]},
                "text": {"type": "string"}
            },
            "required": ["format"],
            "if": {"properties": {"format": {"enum": ["plain", "markdown"]}}},
            "then": {"required": ["text"]}
        })
    }
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
    }
}
