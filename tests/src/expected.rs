//! What a room must look like, told from its log alone: a second, much smaller fold, written from the rules in words.
//!
//! It knows what these tests do: a room is made, people of an open channel come and go, members post. The first record of
//! a `ce_id` counts, later ones are the same command again.

use std::collections::BTreeSet;

use event_schema::{Payload, RoomId, Topic, UserId};
use uuid::Uuid;

use crate::log::LogRecord;
use crate::page::Item;

/// A message that must be in the page, at this place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Its place.
    pub seq: i64,
    /// The room's rev of the post.
    pub rev: i64,
    /// Its id.
    pub message_id: Uuid,
    /// Who wrote it.
    pub author_id: Uuid,
    /// What it says.
    pub text: String,
}

impl From<&Item> for Expected {
    fn from(item: &Item) -> Self {
        Self {
            seq: item.seq,
            rev: item.rev,
            message_id: item.message_id,
            author_id: item.author_id,
            text: item.text().to_owned(),
        }
    }
}

/// A room's messages, oldest first, as its log says.
#[must_use]
pub fn history(log: &[LogRecord], room: Uuid) -> Vec<Expected> {
    let key = RoomId(room).to_string();
    let mut seen = BTreeSet::new();
    let mut members: BTreeSet<UserId> = BTreeSet::new();
    let (mut rev, mut messages) = (0, Vec::new());
    for record in log.iter().filter(|record| record.topic == Topic::Rooms && record.key == key) {
        let event = record.event();
        if !seen.insert(event.envelope.id) {
            continue;
        }
        let actor = event.envelope.actor;
        let applied = match &event.payload {
            Payload::RoomCreated(created) => {
                members.extend(created.members.iter().map(|member| member.user_id));
                true
            }
            Payload::MemberJoined(joined) => members.insert(joined.user_id),
            Payload::MemberLeft(left) => members.remove(&left.user_id),
            Payload::MessagePosted(_) => members.contains(&actor),
            other => panic!("these tests do not make {other:?}"),
        };
        if !applied {
            continue;
        }
        rev += 1;
        if let Payload::MessagePosted(posted) = event.payload {
            messages.push(Expected {
                seq: i64::try_from(messages.len()).unwrap_or(i64::MAX) + 1,
                rev,
                message_id: event.envelope.id.0,
                author_id: actor.0,
                text: posted.content.as_str().unwrap_or_default().to_owned(),
            });
        }
    }
    messages
}
