//! The verdict after a storm: what was acked against what the log says and what readers see.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use read_model::Position;
use uuid::Uuid;

use crate::expected::{Expected, history};
use crate::load::{Acked, by_room, end_of};
use crate::log::LogRecord;
use crate::page::assert_whole_history;
use crate::person::{Person, Room};
use crate::schemas::Schemas;
use crate::wait_for_within;

const PATIENCE: Duration = Duration::from_mins(2);

/// Returns when the read models include everything that was acked.
pub async fn settled(reader: &Person, room: &Room, acked: &[Acked]) -> Position {
    let end = end_of(acked);
    let at_least = end.to_string();
    wait_for_within("the read models include everything that was acked", PATIENCE, async || {
        let answer = reader.ask_page(room, &[("limit", "1"), ("at_least", &at_least)]).await;
        assert!([200, 503].contains(&answer.status), "{answer}");
        (answer.status == 200).then_some(())
    })
    .await;
    end
}

/// Panics unless each room's pages hold every acked message exactly once, in the log's order, with seq and rev as the
/// log gives them, and nothing that nobody sent; and each record is what its
/// schema says.
pub async fn assert_nothing_lost(reader: &Person, rooms: &[Room], acked: &[Acked], log: &[LogRecord]) {
    let schemas = Schemas::published();
    for record in log {
        schemas.check(record);
    }
    let end = settled(reader, &rooms[0], acked).await.to_string();
    let acked = by_room(acked);
    for room in rooms {
        let items = reader.walk(room, 1000, &end).await;
        assert_whole_history(&items);
        let shown: Vec<Expected> = items.iter().rev().map(Expected::from).collect();
        assert_same(&shown, &history(log, room.id));
        let texts: BTreeMap<Uuid, &str> = items.iter().map(|item| (item.message_id, item.text())).collect();
        let nothing = BTreeMap::new();
        let acked = acked.get(&room.id).unwrap_or(&nothing);
        for (id, text) in acked {
            assert_eq!(texts.get(id), Some(&text.as_str()), "acked, and lost or changed: {id} in room {}", room.id);
        }
        // Every command is repeated until it is acked: at the end there is nothing beside what was acked.
        let known: BTreeSet<&Uuid> = acked.keys().collect();
        let strange: Vec<_> = texts.iter().filter(|(id, _)| !known.contains(id)).collect();
        assert!(strange.is_empty(), "nobody sent these: {strange:?}");
    }
}

/// Like `assert_eq!`, but shows the first difference of what may be thousands of lines.
fn assert_same(shown: &[Expected], expected: &[Expected]) {
    let different = shown.iter().zip(expected).find(|(shown, expected)| shown != expected);
    assert_eq!(different, None, "the page differs from the log (shown, expected)");
    assert_eq!(shown.len(), expected.len(), "the page is shorter or longer than the log");
}
