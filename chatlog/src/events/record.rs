//! One record of the log, as it stands there, for people and for programs. Nothing is decoded beyond what is shown, so
//! that records of any version, and damaged ones, can be looked at.

use event_schema::envelope::header;
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};
use serde::Serialize;
use serde_json::value::RawValue;

/// A record.
#[derive(Debug, Serialize)]
pub struct Shown {
    /// Its topic's name in Kafka.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Its key; not UTF-8: with replacements.
    pub key: Option<String>,
    /// Its headers, in order.
    pub headers: Vec<(String, Option<String>)>,
    /// Its value, where it is JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Box<RawValue>>,
    /// Its value, where it is not JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub damaged: Option<String>,
}

impl From<&BorrowedMessage<'_>> for Shown {
    fn from(message: &BorrowedMessage<'_>) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
        let value: Option<Box<RawValue>> = message.payload().and_then(|value| serde_json::from_slice(value).ok());
        let damaged = if value.is_none() { message.payload().map(text) } else { None };
        Self {
            topic: message.topic().to_owned(),
            partition: message.partition(),
            offset: message.offset(),
            key: message.key().map(text),
            headers: headers.map(|header| (header.key.to_owned(), header.value.map(text))).collect(),
            value,
            damaged,
        }
    }
}

impl Shown {
    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).and_then(|(_, value)| value.as_deref())
    }

    /// Whether its type is one of these: `chat.message.posted`, with or without its version, or `posted`.
    #[must_use]
    pub fn is_of_type(&self, wanted: &[String]) -> bool {
        let Some(name) = self.header(header::TYPE) else { return wanted.is_empty() };
        let base = name.rsplit_once(".v").map_or(name, |(base, _)| base);
        let last = base.rsplit('.').next();
        wanted.is_empty() || wanted.iter().any(|wanted| wanted == name || wanted == base || Some(&**wanted) == last)
    }

    /// For programs: one JSON object on one line.
    pub fn to_json(&self) -> serde_json::Result<String> {
        let mut object = serde_json::Map::new();
        let headers = self.headers.iter().map(|(name, value)| (name.clone(), value.clone().into()));
        object.insert("topic".into(), self.topic.clone().into());
        object.insert("partition".into(), self.partition.into());
        object.insert("offset".into(), self.offset.into());
        object.insert("key".into(), self.key.clone().into());
        object.insert("headers".into(), headers.collect::<serde_json::Map<_, _>>().into());
        if let Some(value) = &self.value {
            object.insert("value".into(), serde_json::from_str(value.get())?);
        }
        if let Some(damaged) = &self.damaged {
            object.insert("damaged".into(), damaged.clone().into());
        }
        serde_json::to_string(&object)
    }

    /// For people: where, when, what, which key, by whom, and the value.
    #[must_use]
    pub fn to_line(&self) -> String {
        let header = |name| self.header(name).unwrap_or("-");
        let value = self.value.as_ref().map(|value| value.get()).or(self.damaged.as_deref()).unwrap_or("-");
        format!(
            "{}/{}@{}  {}  {}  key={} actor={}  {}",
            self.topic,
            self.partition,
            self.offset,
            header(header::TIME),
            header(header::TYPE),
            self.key.as_deref().unwrap_or("-"),
            header(header::ACTOR),
            visible(value),
        )
    }
}

/// Control characters would move the cursor, or worse.
fn visible(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &str) -> Shown {
        let parsed = serde_json::from_str(value).ok();
        let damaged = if parsed.is_none() { Some(value.to_owned()) } else { None };
        Shown {
            topic: "chat.rooms".to_owned(),
            partition: 3,
            offset: 7,
            key: Some("k".to_owned()),
            headers: vec![(header::TYPE.to_owned(), Some("chat.message.posted.v1".to_owned()))],
            value: parsed,
            damaged,
        }
    }

    #[test]
    fn a_type_has_three_names() {
        let shown = shown("{}");
        for name in ["chat.message.posted.v1", "chat.message.posted", "posted"] {
            assert!(shown.is_of_type(&[name.to_owned()]), "{name}");
        }
        assert!(shown.is_of_type(&[]) && !shown.is_of_type(&["edited".to_owned()]));
    }

    #[test]
    fn lines_say_where_and_what() {
        let line = shown(r#"{"a":1}"#).to_line();
        assert_eq!(line, r#"chat.rooms/3@7  -  chat.message.posted.v1  key=k actor=-  {"a":1}"#);
        assert!(shown("da\u{1b}maged").to_line().ends_with("da\u{fffd}maged"));
        let json: serde_json::Value =
            serde_json::from_str(&shown(r#"{"a":1}"#).to_json().expect("JSON")).expect("JSON");
        assert_eq!(json["value"]["a"], 1);
        assert_eq!(json["headers"]["ce_type"], "chat.message.posted.v1");
    }
}
