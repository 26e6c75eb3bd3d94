//! A message as the API shows it.
//!
//! The query API never makes one: the projection renders it once, and pages pass the text on. These types say what that
//! text holds, for the OpenAPI document; `tests/items.rs` reads the projection's own renderings with them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Text that people wrote. Clients show a placeholder for `erased` and for formats they do not know.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(example = json!({"format": "markdown", "text": "Good morning"}))]
pub struct TextObject {
    /// `markdown` (CommonMark, never HTML), `plain`, `erased`, or a format of a later version.
    pub format: String,
    /// The text, where the format has one.
    pub text: Option<String>,
}

/// A file that lies elsewhere.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AttachmentItem {
    /// Where it can be fetched.
    pub url: TextObject,
    /// Its name.
    pub name: TextObject,
    /// Its media type (RFC 6838).
    pub media_type: String,
    /// Its size in bytes.
    pub bytes: u64,
}

/// How many people put an emoji on a message.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReactionItem {
    /// The emoji.
    pub emoji: String,
    /// How many.
    pub count: u32,
}

/// A message.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageItem {
    /// Its id.
    pub message_id: Uuid,
    /// Its room.
    pub room_id: Uuid,
    /// Its place in the room: 1, 2, 3 … without gaps; it never changes.
    pub seq: i64,
    /// The room's rev of the last change to it: of two versions of a message, the one with the higher rev is newer.
    pub rev: i64,
    /// The room's rev of the post itself, where a later change has moved `rev` on.
    pub first_rev: Option<i64>,
    /// Who wrote it; `users` beside the items tells the names.
    pub author_id: Uuid,
    /// What it says; absent once deleted.
    pub content: Option<TextObject>,
    /// When it counts as posted; never before the room's previous message.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// The source's own time of an imported message, verbatim.
    pub original_at: Option<String>,
    /// When its present content began, if that is not the first.
    #[schema(format = DateTime)]
    pub edited_at: Option<String>,
    /// How often it was edited.
    #[serde(default)]
    pub edits: i32,
    /// True once deleted: the place stays, the content is gone.
    #[serde(default)]
    pub deleted: bool,
    /// The message that it answers.
    pub reply_to: Option<Uuid>,
    /// The people mentioned.
    #[serde(default)]
    pub mentions: Vec<Uuid>,
    /// Files.
    #[serde(default)]
    pub attachments: Vec<AttachmentItem>,
    /// The sender's own reference.
    pub client_ref: Option<String>,
    /// Emoji and how many people put them there.
    #[serde(default)]
    pub reactions: Vec<ReactionItem>,
}

/// How a person is shown beside what they wrote.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NamesItem {
    /// The name to show; null when it is not known yet, or erased.
    #[schema(required)]
    pub display_name: Option<String>,
    /// The name to be mentioned by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
}

/// Messages, newest first.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MessagesPage {
    /// The messages, newest first.
    pub items: Vec<MessageItem>,
    /// Their authors, by id.
    pub users: BTreeMap<Uuid, NamesItem>,
    /// There are older messages: `before` this cursor.
    pub next: Option<String>,
    /// There are newer messages: `after` this cursor.
    pub prev: Option<String>,
}
