//! Plans of what is read inside rooms, and of the inbox.

use event_schema::{EventId, RoomId, UserId};
use query_api::store;
use uuid::Uuid;

use super::scale::{Scale, Statement, id};

/// In every room that has messages.
const BUSY: i64 = 100_000;

fn big() -> RoomId {
    RoomId(id("room", 0))
}

fn list(ids: &[Uuid]) -> String {
    let ids: Vec<String> = ids.iter().map(Uuid::to_string).collect();
    format!("'{{{}}}'", ids.join(","))
}

pub async fn changes(scale: &mut Scale) {
    let found = store::changes::changes(&mut scale.db, big(), 1_600, 2_600).await.expect("read");
    assert_eq!((found.len(), found[0].rev, found[0].last_seq), (1 + 63, 1_585, 1_485));
    let statement = Statement::newest(scale, "changes").await;
    for (after, to) in [(0, 1), (0, 1_000), (800_000, 801_000), (1_599_984, 1_599_985)] {
        let arguments = format!("'{}', {after}, {to}, {}", big(), to - after);
        statement.walks(scale, &arguments, &["changes_pkey"], (to - after) / 16 + 3).await;
    }

    let posts = store::changes::posts(&mut scale.db, big(), 7, 1_006).await.expect("read").rows;
    assert!(posts.iter().map(|row| row.seq).eq(7..=1_006));
    let statement = Statement::newest(scale, "posts").await;
    statement.walks(scale, &format!("'{}', 700000, 700999, 1000", big()), &["messages_pkey"], 1_000).await;

    let ids: Vec<Uuid> = (0..1_000).map(|n| id("message", n * 2_000)).collect();
    assert_eq!(store::changes::messages(&mut scale.db, big(), &ids).await.expect("read").rows.len(), 1_000);
    let messages = Statement::newest(scale, "changed messages").await;
    let people: Vec<Uuid> = (0..1_000).map(|n| id("user", n * 99)).collect();
    assert_eq!(store::changes::standings(&mut scale.db, big(), &people).await.expect("read").len(), 1_000);
    let standings = Statement::newest(scale, "standings").await;
    for count in [1, 30, 1_000] {
        let most = i64::try_from(count).expect("few");
        let arguments = format!("'{}', {}", big(), list(&ids[..count]));
        messages.walks(scale, &arguments, &["messages_by_id"], most).await;
        let arguments = format!("'{}', {}", big(), list(&people[..count]));
        standings.walks(scale, &arguments, &["room_members_pkey", "room_members_by_user"], most).await;
    }
}

pub async fn threads(scale: &mut Scale) {
    let edits = store::threads::edits(&mut scale.db, big(), 1, 901, 51).await.expect("read");
    assert_eq!((edits.len(), edits[0].version), (51, 900));
    let statement = Statement::newest(scale, "edits").await;
    for (before, limit) in [(i32::MAX, 51), (500, 1_001), (2, 51)] {
        statement.walks(scale, &format!("'{}', 1, {before}, {limit}", big()), &["message_edits_pkey"], limit).await;
    }

    let older =
        store::threads::replies_before(&mut scale.db, big(), 700_001, (1, i64::MAX), 51).await.expect("read").rows;
    assert_eq!(older.len(), 51);
    let before = Statement::newest(scale, "replies_before").await;
    let newer = store::threads::replies_after(&mut scale.db, big(), 700_001, 700_001, 51).await.expect("read").rows;
    assert!(newer.is_sorted_by_key(|row| row.seq) && newer.len() == 51);
    let after = Statement::newest(scale, "replies_after").await;
    for limit in [2, 51, 1_001] {
        for seq in [0, 750_000, i64::MAX] {
            let arguments = format!("'{}', 700001, 1, {seq}, {limit}", big());
            before.walks(scale, &arguments, &["messages_by_reply"], limit).await;
            let arguments = format!("'{}', 700001, {seq}, {limit}", big());
            after.walks(scale, &arguments, &["messages_by_reply"], limit).await;
        }
    }
}

pub async fn receipts(scale: &mut Scale) {
    let start = UserId(Uuid::nil());
    let found = store::receipts::receipts(&mut scale.db, big(), 1_000, start, 51).await.expect("read");
    assert!(found.len() == 51 && found.iter().all(|row| row.read_seq == 1_000), "none beyond the last");
    let statement = Statement::newest(scale, "receipts").await;
    for limit in [2, 51, 1_001] {
        for after in [Uuid::nil(), Uuid::from_u128(u128::MAX / 2)] {
            let arguments = format!("'{}', 1500000, '{after}', {limit}", big());
            // A mark, and whether it is a member's; one member in ten has left.
            let indexes = ["receipts_pkey", "room_members_pkey", "room_members_by_user"];
            statement.walks(scale, &arguments, &indexes, limit * 5 / 2 + 20).await;
        }
    }
}

pub async fn outcomes(scale: &mut Scale) {
    let event = EventId(id("message", 2_000));
    // These items are not complete: what is looked for is not there, which is the longest way.
    let found = read_model::outcomes::event_outcome(&mut scale.db, big().0, EventId(Uuid::nil())).await.expect("read");
    assert!(found.is_none());
    let statement = Statement::newest(scale, "outcome").await;
    let indexes = ["messages_by_id", "seen_events_pkey", "rejections_pkey"];
    statement.walks(scale, &format!("'{}', '{}'", id("room", 1), event.0), &indexes, 3).await;
}

pub async fn streams(scale: &mut Scale) {
    let found = store::stream::slice(&mut scale.db, big(), (1, 1_500_000), 100, usize::MAX).await.expect("read");
    assert_eq!((found.messages, found.last_seq), (100, 100));
    let statement = Statement::newest(scale, "slice").await;
    for first in [1, 700_000, 1_499_500] {
        let arguments = format!("'{}', {first}, 1500000, 1000", big());
        statement.walks(scale, &arguments, &["messages_pkey"], 1_000).await;
    }
}

/// Of a person in a thousand rooms, their rooms are looked up; all the rest is read for the rooms of the page.
pub async fn inbox(scale: &mut Scale) {
    let reader = UserId(id("user", BUSY));
    let found = store::inbox::inbox(&mut scale.db, reader, store::inbox::NEWEST, 51).await.expect("read");
    assert_eq!(found.len(), 51);
    assert!(found.iter().all(|row| row.last_seq - row.read_seq == 501 && row.deleted > 0 && row.item.is_some()));
    assert!(found.is_sorted_by(|one, next| (one.activity, one.room_id) > (next.activity, next.room_id)));
    let statement = Statement::newest(scale, "inbox").await;
    let indexes = [
        "room_members_by_user",
        "room_members_pkey",
        "rooms_pkey",
        "receipts_pkey",
        "messages_pkey",
        "messages_deleted",
        "messages_mentioning",
    ];
    for (reader, rooms) in [(BUSY, 1_000), (7, 6)] {
        for limit in [2, 51, 1_001] {
            let newest = "9999-12-31Z";
            let arguments = format!("'{}', '{newest}', '{}', {limit}", id("user", reader), Uuid::max());
            // A room is a membership and a row; on the page, a read mark, the last message, and of the 500 unread ones those
            // that are deleted and those that mention anybody.
            let most = rooms * 2 + rooms.min(limit) * 50;
            statement.sorts(scale, &arguments, &indexes, most).await;
        }
    }
}
