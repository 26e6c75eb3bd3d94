//! One record of the log as it stands there, for people and for programs.

use event_schema::envelope::header;
use event_schema::{Timestamp, Topic};
use rdkafka::message::{BorrowedMessage, Message as _};
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::kafka;
use crate::terminal::visible;

/// A record of the log as it stands there, whether or not anybody can read it as an event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LogRecord)]
pub struct LogRecord {
    /// Its topic.
    pub topic: &'static str,
    /// Its partition.
    pub partition: i32,
    /// Its offset there.
    pub offset: i64,
    /// When it was written to the log, by Kafka's clock. Not the event's time (header `ce_time`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub recorded_at: Option<Timestamp>,
    /// Its key; what is not UTF-8 is replaced.
    pub key: Option<String>,
    /// Its headers: their text, or a list of texts where a name occurs more than once.
    #[serde(serialize_with = "by_name")]
    #[schema(value_type = std::collections::HashMap<String, serde_json::Value>)]
    pub headers: Vec<(String, Option<String>)>,
    /// Its value, where that is JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<serde_json::Value>)]
    pub value: Option<Box<RawValue>>,
    /// Its value as text, where that is not JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub damaged: Option<String>,
    /// Why it cannot be read as an event: it is damaged, or of a later version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

impl LogRecord {
    /// A record of a topic.
    #[must_use]
    pub fn of(topic: Topic, message: &BorrowedMessage<'_>) -> Self {
        Self::head(topic, message).with_value(topic, message)
    }

    /// Everything but what it says: enough to know whether it is asked for.
    pub(super) fn head(topic: Topic, message: &BorrowedMessage<'_>) -> Self {
        let (headers, problem) = match kafka::headers(message) {
            Ok(headers) => {
                (headers.into_iter().map(|(name, value)| (name.to_owned(), value.map(text))).collect(), None)
            }
            Err(error) => (Vec::new(), Some(error.to_string())),
        };
        let millis = message.timestamp().to_millis();
        Self {
            topic: topic.name(),
            partition: message.partition(),
            offset: message.offset(),
            recorded_at: millis.and_then(|millis| Timestamp::from_micros(millis.saturating_mul(1_000))),
            key: message.key().map(text),
            headers,
            value: None,
            damaged: None,
            problem,
        }
    }

    pub(super) fn with_value(mut self, topic: Topic, message: &BorrowedMessage<'_>) -> Self {
        if let Some(bytes) = message.payload() {
            self.value = json(bytes);
            self.damaged = self.value.is_none().then(|| text(bytes));
        }
        if self.problem.is_none() {
            self.problem = kafka::read(topic, message).err().map(|error| error.to_string());
        }
        self
    }

    /// The bytes that it takes, roughly.
    pub(super) fn size(&self) -> usize {
        let headers: usize =
            self.headers.iter().map(|(name, value)| name.len() + value.as_ref().map_or(0, String::len)).sum();
        let value = self.value.as_ref().map_or(0, |value| value.get().len());
        headers + value + self.damaged.as_ref().map_or(0, String::len)
    }

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
        serde_json::to_string(self)
    }

    /// For people: where, when, what, which key, by whom, and the value.
    #[must_use]
    pub fn to_line(&self) -> String {
        let header = |name| visible(self.header(name).unwrap_or("-"));
        let value = self.value.as_ref().map(|value| value.get()).or(self.damaged.as_deref()).unwrap_or("-");
        let problem = self.problem.as_ref().map(|problem| format!("  (!) {}", visible(problem))).unwrap_or_default();
        format!(
            "{}/{}@{}  {}  {}  key={} actor={}  {}{problem}",
            self.topic,
            self.partition,
            self.offset,
            header(header::TIME),
            header(header::TYPE),
            visible(self.key.as_deref().unwrap_or("-")),
            header(header::ACTOR),
            visible(value),
        )
    }

    /// For people who want to see all of it: a line of its place, one of each header, and the value over several lines.
    #[must_use]
    pub fn to_lines(&self) -> String {
        let mut lines = vec![format!("{}/{}@{}", self.topic, self.partition, self.offset)];
        let mut add = |name: &str, value: &str| lines.push(format!("  {}: {}", visible(name), visible(value)));
        if let Some(at) = self.recorded_at {
            add("recorded_at", &at.to_string());
        }
        add("key", self.key.as_deref().unwrap_or("-"));
        for (name, value) in &self.headers {
            add(name, value.as_deref().unwrap_or("-"));
        }
        if let Some(problem) = &self.problem {
            add("(!)", problem);
        }
        if let Some(damaged) = &self.damaged {
            add("damaged", damaged);
        }
        if let Some(value) = &self.value {
            let parsed: Option<serde_json::Value> = serde_json::from_str(value.get()).ok();
            let pretty = parsed.map(|value| format!("{value:#}")).unwrap_or_default();
            lines.extend(pretty.lines().map(|line| format!("  {}", visible(line))));
        }
        lines.join("\n")
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What any reader of JSON takes, on one line: not too deep, no number too large, no half characters.
fn json(bytes: &[u8]) -> Option<Box<RawValue>> {
    serde_json::from_slice::<serde_json::Value>(bytes).ok()?;
    let text = std::str::from_utf8(bytes).ok()?;
    // Between the tokens only: inside of strings JSON has no line breaks.
    let text = if text.contains(['\n', '\r']) { text.replace(['\n', '\r'], " ") } else { text.to_owned() };
    RawValue::from_string(text).ok()
}

/// Kafka allows a name to occur more than once; nothing of it is hidden.
fn by_name<S: Serializer>(headers: &[(String, Option<String>)], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    for (place, (name, value)) in headers.iter().enumerate() {
        let of_name = |from: usize| headers[from..].iter().filter(|(other, _)| other == name);
        if headers[..place].iter().any(|(other, _)| other == name) {
            continue;
        }
        if of_name(place + 1).next().is_none() {
            map.serialize_entry(name, value)?;
        } else {
            map.serialize_entry(name, &of_name(place).map(|(_, value)| value).collect::<Vec<_>>())?;
        }
    }
    map.end()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &str) -> LogRecord {
        let parsed = json(value.as_bytes());
        let damaged = parsed.is_none().then(|| value.to_owned());
        LogRecord {
            topic: "chat.rooms",
            partition: 3,
            offset: 7,
            recorded_at: None,
            key: Some("k".to_owned()),
            headers: vec![(header::TYPE.to_owned(), Some("chat.message.posted.v1".to_owned()))],
            value: parsed,
            damaged,
            problem: None,
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
        let long = shown(r#"{"a":1}"#).to_lines();
        assert!(long.starts_with("chat.rooms/3@7\n") && long.contains("\n    \"a\": 1\n"), "{long}");
    }

    #[test]
    fn a_value_is_json_on_one_line_or_text() {
        assert_eq!(shown("{\"a\":\n\r\t[1]}").to_json().expect("JSON").lines().count(), 1);
        for odd in [r#""\ud800""#, &"[".repeat(1_000), "1e999", "", "{} {}", "nul"] {
            let shown = shown(odd);
            assert_eq!((shown.value.is_none(), shown.damaged.as_deref()), (true, Some(odd)));
            let read: serde_json::Value = serde_json::from_str(&shown.to_json().expect("JSON")).expect("JSON");
            assert_eq!(read["damaged"], odd);
        }
    }

    #[test]
    fn a_header_that_occurs_twice_is_a_list() {
        let mut shown = shown("1");
        let header = |name: &str, value: Option<&str>| (name.to_owned(), value.map(str::to_owned));
        shown.headers = vec![header("a", Some("1")), header("b", None), header("a", Some("2"))];
        let read: serde_json::Value = serde_json::from_str(&shown.to_json().expect("JSON")).expect("JSON");
        assert_eq!(read["headers"], serde_json::json!({"a": ["1", "2"], "b": null}));
    }
}
