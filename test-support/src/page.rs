//! Reading history: pages, and walks from page to page.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::answer::{Answer, send};
use crate::person::{Person, Room, messages};

/// A message, as far as these tests look at it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Item {
    pub message_id: Uuid,
    pub room_id: Uuid,
    pub seq: i64,
    /// The room's rev of its last change.
    pub rev: i64,
    pub author_id: Uuid,
    /// `{"format":…, "text":…}`
    pub content: Value,
    /// RFC 3339 in UTC with microseconds, so that text order is time order.
    pub created_at: String,
    /// The source's own time.
    pub original_at: Option<String>,
    /// The sender's own reference.
    pub client_ref: Option<String>,
}

impl Item {
    pub fn text(&self) -> &str {
        self.content["text"].as_str().unwrap_or_default()
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    pub items: Vec<Item>,
    /// Names of the authors.
    pub users: BTreeMap<Uuid, Value>,
    /// Leads to older messages.
    pub next: Option<String>,
    /// Leads to newer messages.
    pub prev: Option<String>,
}

impl Page {
    /// The seqs on it, as they stand.
    pub fn seqs(&self) -> Vec<i64> {
        self.items.iter().map(|item| item.seq).collect()
    }
}

impl Person {
    /// Asks for a page, whatever the answer is.
    pub async fn ask_page(&self, room: &Room, query: &[(&str, &str)]) -> Answer {
        send(self.request(reqwest::Method::GET, &messages(room)).query(query)).await
    }

    pub async fn page(&self, room: &Room, query: &[(&str, &str)]) -> Page {
        self.ask_page(room, query).await.expect(200).read()
    }

    /// Walks from the newest message to the oldest; newest first. The first page includes `at_least`.
    pub async fn walk(&self, room: &Room, limit: usize, at_least: &str) -> Vec<Item> {
        let limit = limit.to_string();
        let mut page = self.page(room, &[("limit", &limit), ("at_least", at_least)]).await;
        let mut items = page.items;
        while let Some(next) = page.next {
            page = self.page(room, &[("limit", &limit), ("before", &next)]).await;
            assert!(!page.items.is_empty(), "`next` led to an empty page after {} messages", items.len());
            items.append(&mut page.items);
        }
        items
    }
}

/// Panics unless these are all of a room's messages, newest first: seq without gaps down to 1, no message twice, times
/// that never go back.
pub fn assert_whole_history(items: &[Item]) {
    let seqs: Vec<i64> = items.iter().map(|item| item.seq).collect();
    let count = i64::try_from(items.len()).unwrap_or(i64::MAX);
    assert_eq!(seqs, (1..=count).rev().collect::<Vec<_>>(), "seqs, newest first");
    let ids: std::collections::BTreeSet<Uuid> = items.iter().map(|item| item.message_id).collect();
    assert_eq!(ids.len(), items.len(), "a message is there twice");
    for pair in items.windows(2) {
        assert!(pair[0].created_at >= pair[1].created_at, "time goes back: {pair:?}");
        assert!(pair[0].rev > pair[1].rev, "rev does not grow: {pair:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(seq: i64) -> Item {
        Item {
            message_id: Uuid::from_u128(seq.unsigned_abs().into()),
            room_id: Uuid::nil(),
            seq,
            rev: seq + 1,
            author_id: Uuid::nil(),
            content: Value::Null,
            created_at: format!("2026-01-01T00:00:00.{seq:06}Z"),
            original_at: None,
            client_ref: None,
        }
    }

    #[test]
    fn a_whole_history_passes() {
        assert_whole_history(&[item(3), item(2), item(1)]);
        assert_whole_history(&[]);
    }

    #[test]
    #[should_panic(expected = "seqs")]
    fn a_gap_does_not() {
        assert_whole_history(&[item(3), item(1)]);
    }

    #[test]
    #[should_panic(expected = "twice")]
    fn a_repetition_under_another_seq_does_not() {
        assert_whole_history(&[Item { seq: 2, ..item(1) }, item(1)]);
    }

    #[test]
    #[should_panic(expected = "time goes back")]
    fn a_time_that_goes_back_does_not() {
        assert_whole_history(&[Item { created_at: String::new(), ..item(2) }, item(1)]);
    }
}
