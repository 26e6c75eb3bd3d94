//! A message as readers see it: rendered once, when it changes, and handed out as it stands.

use event_schema::message::Attachment;
use event_schema::{MessageId, RoomId, Text, Timestamp, UserId};
use serde::{Deserialize, Serialize};

/// How many people put an emoji on a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReactionCount {
    /// The emoji.
    pub emoji: String,
    /// How many.
    pub count: u32,
}

/// The JSON object of a message in the API (column `messages.item`). The order of the fields is part of the bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Which message.
    pub message_id: MessageId,
    /// Which room.
    pub room_id: RoomId,
    /// Its place: 1, 2, 3 …
    pub seq: i64,
    /// The room's rev of the last change to it; clients ignore a subject older than theirs.
    pub rev: i64,
    /// Who wrote it.
    pub author_id: UserId,
    /// What it says; absent once deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Text>,
    /// When it counts as posted; never before the previous message of the room.
    pub created_at: Timestamp,
    /// The source's own time, verbatim, of an imported message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_at: Option<String>,
    /// When its present content began, if that is not the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<Timestamp>,
    /// How often it was edited.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub edits: i32,
    /// True once deleted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
    /// The message that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageId>,
    /// The people mentioned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<UserId>,
    /// Files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// The sender's own reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_ref: Option<String>,
    /// Emoji and how many put them there, in the order of their first appearance.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<ReactionCount>,
    /// The room's rev of the post itself, where a later change has moved `rev` on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_rev: Option<i64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(count: &i32) -> bool {
    *count == 0
}

impl Item {
    /// The room's rev of the post itself.
    #[must_use]
    pub fn posted_rev(&self) -> i64 {
        self.first_rev.unwrap_or(self.rev)
    }

    /// Marks a change at a rev, keeping the first.
    pub(super) fn touch(&mut self, rev: i64) {
        self.first_rev = Some(self.posted_rev());
        self.rev = rev;
    }
}
