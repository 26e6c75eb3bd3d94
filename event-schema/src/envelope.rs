//! Who, when and why: the CloudEvents attributes that every record carries in its headers.
//!
//! CloudEvents 1.0, Kafka protocol binding, binary mode: attribute `x` is header `ce_x`; extension attributes have
//! lower-case names without separators. `traceparent` is W3C Trace Context.

use std::fmt;

use crate::event::EventType;
use crate::{CommandId, EventId, Timestamp, UserId, WorkspaceId};

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
}

impl Envelope {
    /// The headers of an event of this type, in a fixed order.
    #[must_use]
    pub fn to_headers(&self, event_type: EventType) -> Vec<(&'static str, String)> {
        let mut headers = vec![
            (header::SPEC_VERSION, "1.0".to_owned()),
            (header::ID, self.id.to_string()),
            (header::TYPE, event_type.name().to_owned()),
            (header::SOURCE, self.source.clone()),
            (header::TIME, self.time.to_string()),
            (header::SUBJECT, self.subject.clone()),
            (header::RULES, self.rules.to_string()),
            (header::ACTOR, self.actor.to_string()),
            (header::COMMAND, self.command.to_string()),
            (header::CLIENT, self.client.to_string()),
            (header::WORKSPACE, self.workspace.to_string()),
            (header::CONTENT_TYPE, "application/json".to_owned()),
        ];
        if let Some(traceparent) = &self.traceparent {
            headers.push((header::TRACEPARENT, traceparent.clone()));
        }
        headers
    }
}
