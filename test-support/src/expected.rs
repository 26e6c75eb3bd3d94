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
    pub seq: i64,
    /// The room's rev of the post.
    pub rev: i64,
    pub message_id: Uuid,
    pub author_id: Uuid,
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

#[cfg(test)]
mod tests {
    use event_schema::message::Posted;
    use event_schema::room::{
        Created, HistoryVisibility, InitialMember, JoinRule, MemberJoined, MemberLeft, Role, RoomKind,
    };
    use event_schema::{
        ClientKind, CommandId, Envelope, Event, EventId, Text, Timestamp, WorkspaceId, envelope, record,
    };

    use super::*;

    const ROOM: RoomId = RoomId(Uuid::from_u128(1));
    const OWNER: UserId = UserId(Uuid::from_u128(2));
    const VISITOR: UserId = UserId(Uuid::from_u128(3));

    fn record_of(id: u128, actor: UserId, payload: impl Into<Payload>) -> LogRecord {
        let envelope = Envelope {
            id: EventId(Uuid::from_u128(id)),
            source: "/test".into(),
            time: Timestamp::default(),
            subject: "subject".into(),
            rules: envelope::RULES,
            actor,
            command: CommandId(Uuid::from_u128(id)),
            client: ClientKind::Api,
            workspace: WorkspaceId::DEFAULT,
            traceparent: None,
        };
        let record = record::encode(&Event { key: ROOM.into(), envelope, payload: payload.into() }).expect("an event");
        let headers = record.headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        LogRecord { topic: record.topic, partition: 0, offset: 0, key: record.key, headers, value: record.value }
    }

    fn created() -> Created {
        Created {
            kind: RoomKind::Channel,
            name: Some(Text::Plain("room".into())),
            join_rule: JoinRule::Open,
            history_visibility: HistoryVisibility::All,
            members: vec![InitialMember { user_id: OWNER, role: Role::Owner }],
        }
    }

    fn posted(text: &str) -> Posted {
        Posted {
            content: Text::Markdown(text.into()),
            reply_to: None,
            mentions: Vec::new(),
            attachments: Vec::new(),
            client_ref: None,
            original_at: None,
        }
    }

    #[test]
    fn repeated_and_rejected_records_take_no_place() {
        let log = [
            record_of(1, OWNER, created()),
            record_of(2, VISITOR, posted("before joining")),
            record_of(3, VISITOR, MemberJoined { user_id: VISITOR }),
            record_of(4, OWNER, posted("one")),
            record_of(4, OWNER, posted("one")),
            record_of(2, VISITOR, posted("before joining")),
            record_of(5, VISITOR, MemberLeft { user_id: VISITOR }),
            record_of(6, VISITOR, posted("after leaving")),
            record_of(3, VISITOR, MemberJoined { user_id: VISITOR }),
            record_of(7, OWNER, posted("two")),
        ];
        let shown: Vec<_> =
            history(&log, ROOM.0).into_iter().map(|message| (message.seq, message.rev, message.text)).collect();
        assert_eq!(shown, [(1, 3, "one".to_owned()), (2, 5, "two".to_owned())]);
        assert!(history(&log, Uuid::nil()).is_empty());
    }
}
