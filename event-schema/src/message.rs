//! What happens to messages (`chat.rooms`, key: room id).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{MessageId, Text, UserId, limits, text};

/// A file that lies elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Attachment {
    /// Where it can be fetched: as personal as the message, so erasable with it.
    #[schemars(transform = text::url)]
    pub url: Text,
    /// Its name.
    #[schemars(transform = text::name)]
    pub name: Text,
    /// Its media type (RFC 6838).
    #[schemars(length(max = limits::MEDIA_TYPE_CHARS))]
    pub media_type: String,
    /// Its size in bytes.
    #[serde(with = "crate::json::integer")]
    #[schemars(with = "u64", range(max = limits::INTEGER))]
    pub bytes: u64,
}

/// A message was posted. Its id is the event's id, its author the event's actor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Posted {
    /// What was said, at most 8 KiB.
    #[schemars(transform = text::content)]
    pub content: Text,
    /// The message that this one answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageId>,
    /// The people mentioned, resolved when the message was posted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = limits::MENTIONS))]
    pub mentions: Vec<UserId>,
    /// Files.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "crate::json::objects")]
    #[schemars(length(max = limits::ATTACHMENTS))]
    pub attachments: Vec<Attachment>,
    /// The client's own reference, echoed in pages and live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::CLIENT_REF_CHARS))]
    pub client_ref: Option<String>,
    /// The source's own time of an imported message, verbatim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::ORIGINAL_AT_CHARS))]
    pub original_at: Option<String>,
}

/// A message has other content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Edited {
    /// Which message.
    pub message_id: MessageId,
    /// What it says now, at most 8 KiB.
    #[schemars(transform = text::content)]
    pub content: Text,
    /// The people mentioned now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = limits::MENTIONS))]
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
    /// The emoji, NFC, at most 64 bytes.
    #[schemars(length(max = limits::EMOJI_BYTES))]
    pub emoji: String,
}

/// Somebody took an emoji back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReactionRemoved {
    /// Which message.
    pub message_id: MessageId,
    /// The emoji, NFC, at most 64 bytes.
    #[schemars(length(max = limits::EMOJI_BYTES))]
    pub emoji: String,
}
