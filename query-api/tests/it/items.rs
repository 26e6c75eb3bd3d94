//! The projection's own renderings, read as the OpenAPI document describes them.

use event_schema::message::Attachment;
use event_schema::{MessageId, RoomId, Text, Timestamp, UserId};
use fold::{Item, ReactionCount};
use query_api::item::MessageItem;
use utoipa::PartialSchema;
use utoipa::openapi::{RefOr, Schema};
use uuid::Uuid;

fn full() -> Item {
    Item {
        message_id: MessageId(Uuid::from_u128(1)),
        room_id: RoomId(Uuid::from_u128(2)),
        seq: 3,
        rev: 9,
        author_id: UserId(Uuid::from_u128(4)),
        content: Some(Text::Markdown("*Good* morning".into())),
        created_at: Timestamp::default(),
        original_at: Some("[12:03]".into()),
        edited_at: Some(Timestamp::default()),
        edits: 1,
        deleted: true,
        reply_to: Some(MessageId(Uuid::from_u128(5))),
        mentions: vec![UserId(Uuid::from_u128(6))],
        attachments: vec![Attachment {
            url: Text::Plain("https://files.example/1".into()),
            name: Text::Plain("notes.txt".into()),
            media_type: "text/plain".into(),
            bytes: 12,
        }],
        client_ref: Some("r1".into()),
        reactions: vec![ReactionCount { emoji: "👍".into(), count: 2 }],
        first_rev: Some(4),
    }
}

fn bare() -> Item {
    Item {
        content: None,
        original_at: None,
        edited_at: None,
        edits: 0,
        deleted: false,
        reply_to: None,
        mentions: Vec::new(),
        attachments: Vec::new(),
        client_ref: None,
        reactions: Vec::new(),
        first_rev: None,
        ..full()
    }
}

#[test]
fn every_field_is_described() {
    for item in [full(), bare()] {
        let rendered = serde_json::to_string(&item).expect("rendered");
        let read: MessageItem = serde_json::from_str(&rendered).expect("as described");
        assert_eq!((read.seq, read.rev, read.deleted), (item.seq, item.rev, item.deleted));
        assert_eq!(read.reactions.len(), item.reactions.len());
    }
}

#[test]
fn exactly_what_is_always_there_is_required() {
    let RefOr::T(Schema::Object(schema)) = MessageItem::schema() else { panic!("an object") };
    let mut required = schema.required.clone();
    required.sort();
    let rendered = serde_json::to_value(bare()).expect("rendered");
    let mut always: Vec<_> = rendered.as_object().expect("an object").keys().cloned().collect();
    always.sort();
    assert_eq!(required, always);
    let rendered = serde_json::to_value(full()).expect("rendered");
    for (field, _) in rendered.as_object().expect("an object") {
        assert!(schema.properties.contains_key(field), "{field}");
    }
}
