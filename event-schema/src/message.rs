//! What happens to messages (`chat.rooms`, key: room id).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{MessageId, Text, UserId};

/// A file that lies elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Attachment {
    /// Where it can be fetched.
    pub url: String,
    /// Its name.
    pub name: Text,
    /// Its media type (RFC 6838).
    pub media_type: String,
    /// Its size in bytes.
    pub bytes: u64,
}

/// A message was posted. Its id is the event's id, its author the event's actor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Posted {
    /// What was said.
    pub content: Text,
    /// The message that this one answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageId>,
    /// The people mentioned, resolved when the message was posted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<UserId>,
    /// Files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// The client's own reference, echoed in pages and live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_ref: Option<String>,
    /// The source's own time of an imported message, verbatim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_at: Option<String>,
}

/// A message has other content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Edited {
    /// Which message.
    pub message_id: MessageId,
    /// What it says now.
    pub content: Text,
    /// The people mentioned now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<UserId>,
}

/// A message is gone; its place (seq) stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deleted {
    /// Which message.
    pub message_id: MessageId,
}

/// Somebody put an emoji on a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReactionAdded {
    /// Which message.
    pub message_id: MessageId,
    /// The emoji, NFC.
    pub emoji: String,
}

/// Somebody took an emoji back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReactionRemoved {
    /// Which message.
    pub message_id: MessageId,
    /// The emoji, NFC.
    pub emoji: String,
}
