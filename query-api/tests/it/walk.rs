//! Cursors against a plain model of a room: whatever happens between two pages, a walk sees each message once, in order.

use event_schema::{RoomId, Timestamp};
use proptest::prelude::*;
use query_api::cursor;
use query_api::window::{Place, Window};
use uuid::Uuid;

const ROOM: RoomId = RoomId(Uuid::from_u128(42));

/// What may happen to the room between two pages.
#[derive(Clone, Debug)]
enum Act {
    Post { microseconds_later: i64 },
    Edit { which: usize },
    Delete { which: usize },
}

#[derive(Clone, Debug)]
struct Message {
    created_at: Timestamp,
    version: u32,
    deleted: bool,
}

/// A room as a vector: seq is the place, counted from 1.
#[derive(Clone, Debug, Default)]
struct Room(Vec<Message>);

impl Room {
    fn act(&mut self, act: &Act) {
        match *act {
            Act::Post { microseconds_later } => {
                let last = self.0.last().map_or(0, |last| last.created_at.as_micros());
                let created_at = Timestamp::from_micros(last + microseconds_later).expect("within the years");
                self.0.push(Message { created_at, version: 1, deleted: false });
            }
            Act::Edit { which } => {
                if let Some(message) = self.pick(which).filter(|message| !message.deleted) {
                    message.version += 1;
                }
            }
            Act::Delete { which } => {
                if let Some(message) = self.pick(which) {
                    message.deleted = true;
                }
            }
        }
    }

    fn pick(&mut self, which: usize) -> Option<&mut Message> {
        let count = self.0.len();
        self.0.get_mut(which.checked_rem(count)?)
    }

    fn seq_of(index: usize) -> i64 {
        i64::try_from(index).expect("a short room") + 1
    }

    /// The seqs that a reader may see now, oldest first, by looking at each message.
    fn visible(&self, ask: &Ask) -> Vec<i64> {
        let seen = |(index, message): (usize, &Message)| {
            let seq = Self::seq_of(index);
            let in_time = ask.from.is_none_or(|from| message.created_at >= from)
                && ask.to.is_none_or(|to| message.created_at < to);
            (seq > ask.join_seq && in_time).then_some(seq)
        };
        self.0.iter().enumerate().filter_map(seen).collect()
    }

    /// The window as the service finds it: two look-ups by time.
    fn window(&self, ask: &Ask) -> Window {
        let last_seq = Self::seq_of(self.0.len()) - 1;
        let mut window = Window { first: ask.join_seq + 1, last: last_seq };
        if let Some(from) = ask.from {
            let found = self.0.iter().position(|message| message.created_at >= from);
            window.first = window.first.max(found.map_or(window.last + 1, Self::seq_of));
        }
        if let Some(to) = ask.to {
            let found = self.0.iter().rposition(|message| message.created_at < to);
            window.last = window.last.min(found.map_or(0, Self::seq_of));
        }
        window
    }

    /// A page: its seqs, newest first, and its cursors.
    fn page(&self, ask: &Ask, place: Place) -> Page {
        let span = self.window(ask).span(place, ask.limit);
        let items = if span.is_empty() { Vec::new() } else { (span.first..=span.last).rev().collect() };
        let cursor = |seq| cursor::history(ROOM, seq);
        Page { items, next: span.older.map(cursor), prev: span.newer.map(cursor) }
    }
}

#[derive(Clone, Debug)]
struct Ask {
    limit: i64,
    join_seq: i64,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

struct Page {
    items: Vec<i64>,
    next: Option<String>,
    prev: Option<String>,
}

fn seq(cursor: &str) -> i64 {
    cursor::parse_history(ROOM, cursor).expect("our own cursor")
}

fn acts(most: usize) -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        // Several messages in one microsecond are common: nothing may depend on times being different.
        3 => (0_i64..3).prop_map(|microseconds_later| Act::Post { microseconds_later }),
        1 => any::<usize>().prop_map(|which| Act::Edit { which }),
        1 => any::<usize>().prop_map(|which| Act::Delete { which }),
    ];
    proptest::collection::vec(act, 0..most)
}

fn ask() -> impl Strategy<Value = Ask> {
    let time = || proptest::option::of((0_i64..60).prop_map(|micros| Timestamp::from_micros(micros).expect("a time")));
    (1_i64..12, 0_i64..20, time(), time()).prop_map(|(limit, join_seq, from, to)| Ask { limit, join_seq, from, to })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_walk_to_the_past_sees_each_message_once(before in acts(80), between in acts(60), ask in ask()) {
        let mut room = Room::default();
        for act in &before {
            room.act(act);
        }
        let expected = room.visible(&ask);
        let mut between = between.chunks(3);

        let mut page = room.page(&ask, Place::Newest);
        prop_assert!(page.prev.is_none());
        let mut seen = page.items;
        while let Some(next) = page.next.take() {
            between.next().unwrap_or_default().iter().for_each(|act| room.act(act));
            page = room.page(&ask, Place::Before(seq(&next)));
            prop_assert!(!page.items.is_empty(), "a cursor leads somewhere");
            seen.extend(&page.items);
        }
        seen.reverse();
        prop_assert_eq!(seen, expected);
    }

    #[test]
    fn a_walk_to_the_present_sees_each_message_once(before in acts(80), between in acts(60), ask in ask()) {
        let mut room = Room::default();
        for act in &before {
            room.act(act);
        }
        let mut between = between.chunks(3);

        let mut page = room.page(&ask, Place::After(0));
        prop_assert!(page.next.is_none());
        let mut seen: Vec<i64> = page.items.into_iter().rev().collect();
        while let Some(prev) = page.prev.take() {
            between.next().unwrap_or_default().iter().for_each(|act| room.act(act));
            page = room.page(&ask, Place::After(seq(&prev)));
            seen.extend(page.items.iter().rev());
        }
        // What was posted on the way is seen as well; what came after the last page is not.
        let expected = room.visible(&ask);
        prop_assert_eq!(&seen[..], &expected[..seen.len().min(expected.len())]);
        prop_assert_eq!(seen.len(), expected.len());
    }

    #[test]
    fn there_and_back_is_where_one_was(before in acts(80), between in acts(20), ask in ask(), step in 0_usize..8) {
        let mut room = Room::default();
        for act in &before {
            room.act(act);
        }
        let mut page = room.page(&ask, Place::Newest);
        for _ in 0..step {
            let Some(next) = &page.next else { break };
            page = room.page(&ask, Place::Before(seq(next)));
        }
        if let Some(next) = &page.next {
            let older = room.page(&ask, Place::Before(seq(next)));
            for act in &between {
                room.act(act);
            }
            let back = room.page(&ask, Place::After(seq(older.prev.as_deref().expect("newer messages"))));
            let same = back.items.len() - page.items.len().min(back.items.len());
            prop_assert_eq!(&back.items[same..], &page.items[..], "the page adjacent to the cursor");
        }
    }

    #[test]
    fn around_a_message_the_page_is_full(before in acts(80), ask in ask(), which: usize) {
        let mut room = Room::default();
        for act in &before {
            room.act(act);
        }
        let ask = Ask { from: None, to: None, ..ask };
        let expected = room.visible(&ask);
        if let Some(seq) = which.checked_rem(expected.len()).map(|index| expected[index]) {
            let page = room.page(&ask, Place::Around(seq));
            prop_assert!(page.items.contains(&seq));
            prop_assert_eq!(page.items.len(), expected.len().min(usize::try_from(ask.limit).expect("small")));
            prop_assert_eq!(page.next.is_some(), page.items.last() != expected.first());
            prop_assert_eq!(page.prev.is_some(), page.items.first() != expected.last());
        }
    }
}
