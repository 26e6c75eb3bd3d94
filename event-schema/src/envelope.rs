//! Who, when and why: the CloudEvents attributes that every record carries in its headers.
//!
//! CloudEvents 1.0, Kafka protocol binding, binary mode: attribute `x` is header `ce_x`; extension attributes have
//! lower-case names without separators. `traceparent` is W3C Trace Context.

use std::fmt;

use crate::{CommandId, EventId, Timestamp, UserId, WorkspaceId, limits};

/// The version of CloudEvents.
pub(crate) const SPEC_VERSION: &str = "1.0";

/// The media type of every value.
pub(crate) const CONTENT_TYPE: &str = "application/json";

/// The rules version that this build writes.
pub const RULES: u32 = 1;

/// The attributes of one event, apart from its type (which the payload knows) and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// `ce_id`; consumers drop one they have seen for its key.
    pub id: EventId,
    /// `ce_source`: which part of the system wrote it, for example `/chatlog/command-api`.
    pub source: String,
    /// `ce_time`: when it was asked for; for imports the source's time.
    pub time: Timestamp,
    /// `ce_subject`: the id of what it is about (a message, a member, a room, a user).
    pub subject: String,
    /// `ce_chatlogrules`: the rules version that judges it.
    pub rules: u32,
    /// `ce_actor`: who asked for it.
    pub actor: UserId,
    /// `ce_command`: the command that caused it.
    pub command: CommandId,
    /// `ce_client`: the kind of client.
    pub client: ClientKind,
    /// `ce_workspace`: the tenant.
    pub workspace: WorkspaceId,
    /// `traceparent`, where the request was traced.
    pub traceparent: Option<String>,
}

/// The kind of client a command came through: a word, never a user agent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ClientKind {
    /// An HTTP client that did not say.
    Api,
    /// The browser client.
    Web,
    /// A phone.
    Mobile,
    /// A program with a bot account.
    Bot,
    /// The importer.
    Import,
    /// The platform itself.
    Platform,
    /// A word of a later version.
    Other(String),
}

impl ClientKind {
    /// The word in the header.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Api => "api",
            Self::Web => "web",
            Self::Mobile => "mobile",
            Self::Bot => "bot",
            Self::Import => "import",
            Self::Platform => "platform",
            Self::Other(word) => word,
        }
    }

    /// The kind of a word; unknown words are kept.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word {
            "api" => Self::Api,
            "web" => Self::Web,
            "mobile" => Self::Mobile,
            "bot" => Self::Bot,
            "import" => Self::Import,
            "platform" => Self::Platform,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for ClientKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Names of the headers, in the order in which they are written.
pub mod header {
    /// CloudEvents version, always `1.0`.
    pub const SPEC_VERSION: &str = "ce_specversion";
    /// Event id.
    pub const ID: &str = "ce_id";
    /// Event type with version.
    pub const TYPE: &str = "ce_type";
    /// Writer.
    pub const SOURCE: &str = "ce_source";
    /// Time.
    pub const TIME: &str = "ce_time";
    /// Subject.
    pub const SUBJECT: &str = "ce_subject";
    /// Rules version.
    pub const RULES: &str = "ce_chatlogrules";
    /// Actor.
    pub const ACTOR: &str = "ce_actor";
    /// Command id.
    pub const COMMAND: &str = "ce_command";
    /// Kind of client.
    pub const CLIENT: &str = "ce_client";
    /// Tenant.
    pub const WORKSPACE: &str = "ce_workspace";
    /// Media type of the value.
    pub const CONTENT_TYPE: &str = "content-type";
    /// W3C Trace Context.
    pub const TRACEPARENT: &str = "traceparent";

    /// All of them.
    pub const ALL: [&str; 13] = [
        SPEC_VERSION,
        ID,
        TYPE,
        SOURCE,
        TIME,
        SUBJECT,
        RULES,
        ACTOR,
        COMMAND,
        CLIENT,
        WORKSPACE,
        CONTENT_TYPE,
        TRACEPARENT,
    ];
}

impl Envelope {
    /// The headers of an event of this type, in a fixed order. A `traceparent` of another form is left out: a trace is
    /// never worth an event.
    #[must_use]
    pub fn to_headers(&self, type_name: &str) -> Vec<(&'static str, String)> {
        let mut headers = vec![
            (header::SPEC_VERSION, SPEC_VERSION.to_owned()),
            (header::ID, self.id.to_string()),
            (header::TYPE, type_name.to_owned()),
            (header::SOURCE, self.source.clone()),
            (header::TIME, self.time.to_string()),
            (header::SUBJECT, self.subject.clone()),
            (header::RULES, self.rules.to_string()),
            (header::ACTOR, self.actor.to_string()),
            (header::COMMAND, self.command.to_string()),
            (header::CLIENT, self.client.to_string()),
            (header::WORKSPACE, self.workspace.to_string()),
            (header::CONTENT_TYPE, CONTENT_TYPE.to_owned()),
        ];
        if let Some(traceparent) = self.traceparent.as_ref().filter(|text| is_traceparent(text)) {
            headers.push((header::TRACEPARENT, traceparent.clone()));
        }
        headers
    }
}

/// What is wrong with a text as an attribute: CloudEvents wants it non-empty, without control characters and without
/// code points that are no characters.
pub(crate) fn attribute_problem(text: &str) -> Option<&'static str> {
    let forbidden =
        |c: char| c.is_control() || u32::from(c) & 0xfffe == 0xfffe || ('\u{fdd0}'..='\u{fdef}').contains(&c);
    if text.is_empty() {
        Some("is empty")
    } else if text.len() > limits::ATTRIBUTE_CHARS && text.chars().count() > limits::ATTRIBUTE_CHARS {
        Some("is too long")
    } else if !text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) && text.chars().any(forbidden) {
        Some("holds a control character")
    } else {
        None
    }
}

/// Whether this is version 00 of W3C Trace Context.
pub(crate) fn is_traceparent(text: &str) -> bool {
    let hex = |part: &str, length| {
        part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    let id = |part: &str, length| hex(part, length) && part.bytes().any(|byte| byte != b'0');
    let mut parts = text.split('-');
    let mut next = || parts.next().unwrap_or_default();
    next() == "00" && id(next(), 32) && id(next(), 16) && hex(next(), 2) && parts.next().is_none()
}

/// Whether a media type is JSON's: parameters and other `+json` types are read as well, an event of CloudEvents
/// as a whole ("structured mode") is not, because its data lie one level deeper.
pub(crate) fn is_json(media_type: &str) -> bool {
    if media_type == CONTENT_TYPE {
        return true;
    }
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == CONTENT_TYPE
        || essence.starts_with("application/") && essence.ends_with("+json") && !essence.contains("cloudevents")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_a_traceparent() {
        assert!(is_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
        for other in [
            "",
            "00",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        ] {
            assert!(!is_traceparent(other), "{other}");
        }
    }

    #[test]
    fn knows_json_by_its_media_type() {
        for json in ["application/json", "Application/JSON; charset=utf-8", "application/problem+json"] {
            assert!(is_json(json), "{json}");
        }
        for other in ["", "text/plain", "application/avro", "application/cloudevents+json; charset=UTF-8"] {
            assert!(!is_json(other), "{other}");
        }
    }

    #[test]
    fn an_attribute_is_a_line_of_text() {
        assert_eq!(attribute_problem(&"방".repeat(limits::ATTRIBUTE_CHARS)), None);
        assert_eq!(attribute_problem(&"방".repeat(limits::ATTRIBUTE_CHARS + 1)), Some("is too long"));
        assert_eq!(attribute_problem(""), Some("is empty"));
        for odd in ["a\nb", "\0", "\u{9f}", "\u{fdd0}", "\u{1ffff}"] {
            assert_eq!(attribute_problem(odd), Some("holds a control character"), "{odd:?}");
        }
    }

    #[test]
    fn every_header_is_in_the_list_once_and_in_order() {
        let envelope = Envelope {
            id: EventId(uuid::Uuid::nil()),
            source: "/".into(),
            time: Timestamp::default(),
            subject: "s".into(),
            rules: RULES,
            actor: UserId::PLATFORM,
            command: CommandId(uuid::Uuid::nil()),
            client: ClientKind::Api,
            workspace: WorkspaceId::DEFAULT,
            traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".into()),
        };
        let names: Vec<_> = envelope.to_headers("chat.message.posted.v1").into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, header::ALL);
    }
}
