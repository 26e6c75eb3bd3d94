//! A page of messages as bytes: the projection has rendered every message once, so a page is these strings with commas
//! between them, as Postgres hands them over. Nothing is parsed, and one buffer holds the whole answer.

use bytes::Bytes;
use uuid::Uuid;

/// Most bytes of items in one answer: whoever writes long messages must not make pages that cost a hundred times as much memory
/// as others. A single message is always shown.
pub const PAGE_BYTES: usize = 2 * 1024 * 1024;
/// What stands around the items: names of people above all.
const FRAME_BYTES: usize = 2_048;

/// A page that is being put together, newest message first.
#[derive(Debug)]
pub struct PageBody {
    buffer: Vec<u8>,
    items: usize,
    authors: Vec<Uuid>,
}

impl Default for PageBody {
    /// A page without messages.
    fn default() -> Self {
        Self { buffer: br#"{"items":["#.to_vec(), items: 0, authors: Vec::new() }
    }
}

impl PageBody {
    /// Makes room for items of so many bytes.
    pub fn reserve(&mut self, bytes: usize) {
        self.buffer.reserve(bytes + FRAME_BYTES);
    }

    /// Adds messages after those that are there: complete JSON objects with commas between them, and the author of each.
    pub fn add(&mut self, items: &[u8], authors: impl IntoIterator<Item = Uuid>) {
        if items.is_empty() {
            return;
        }
        if self.items > 0 {
            self.buffer.push(b',');
        }
        self.buffer.extend_from_slice(items);
        let known = self.authors.len();
        self.authors.extend(authors);
        self.items += self.authors.len() - known;
    }

    /// Where the messages end and the rest begins, in bytes.
    #[must_use]
    pub fn messages_end(&self) -> usize {
        self.buffer.len()
    }

    /// How many messages it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items == 0
    }

    /// Who wrote these messages, each once, in the order of their ids: pages that say the same are the same bytes.
    pub fn authors(&mut self) -> &[Uuid] {
        self.authors.sort_unstable();
        self.authors.dedup();
        &self.authors
    }

    /// The whole answer. `users` holds each author's names as a complete JSON object; cursors need no escaping.
    #[must_use]
    pub fn finish<'a>(
        self,
        users: impl Iterator<Item = (Uuid, &'a str)>,
        next: Option<&str>,
        prev: Option<&str>,
    ) -> Bytes {
        let mut body = self.buffer;
        body.extend_from_slice(br#"],"users":{"#);
        for (index, (user, names)) in users.enumerate() {
            if index > 0 {
                body.push(b',');
            }
            body.push(b'"');
            body.extend_from_slice(user.hyphenated().encode_lower(&mut Uuid::encode_buffer()).as_bytes());
            body.extend_from_slice(br#"":"#);
            body.extend_from_slice(names.as_bytes());
        }
        body.push(b'}');
        for (name, cursor) in [("next", next), ("prev", prev)] {
            if let Some(cursor) = cursor {
                body.extend_from_slice(br#",""#);
                body.extend_from_slice(name.as_bytes());
                body.extend_from_slice(br#"":""#);
                body.extend_from_slice(cursor.as_bytes());
                body.push(b'"');
            }
        }
        body.push(b'}');
        body.into()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn parsed(body: &[u8]) -> Value {
        serde_json::from_slice(body).expect("a page is JSON")
    }

    #[test]
    fn an_empty_page_is_complete() {
        let body = PageBody::default().finish(std::iter::empty(), None, None);
        assert_eq!(parsed(&body), json!({"items": [], "users": {}}));
    }

    #[test]
    fn items_stay_as_they_are_and_authors_come_once() {
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let mut page = PageBody::default();
        page.add(br#"{"seq":3},{"seq":2}"#, [other, one]);
        page.add(b"", []);
        page.add(br#"{"seq":1}"#, [other]);
        assert_eq!(page.len(), 3);
        assert_eq!(page.authors(), [one, other]);
        let names = [(one, r#"{"display_name":"Reader"}"#), (other, r#"{"display_name":null}"#)];
        let body = page.finish(names.into_iter(), Some("older"), Some("newer"));
        let expected = json!({
            "items": [{"seq": 3}, {"seq": 2}, {"seq": 1}],
            "users": {one.to_string(): {"display_name": "Reader"}, other.to_string(): {"display_name": null}},
            "next": "older",
            "prev": "newer",
        });
        assert_eq!(parsed(&body), expected);
    }
}
