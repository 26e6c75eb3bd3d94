//! A page of messages as bytes: the projection has rendered every message once, so a page is these strings with commas
//! between them. Nothing is parsed, and one buffer holds the whole answer.

use bytes::Bytes;
use uuid::Uuid;

/// Rooms speak in lines; what is longer than this guess makes the buffer grow.
const ITEM_BYTES: usize = 384;
/// What stands around the items and between them.
const FRAME_BYTES: usize = 512;

/// A page that is being put together, newest message first.
#[derive(Debug)]
pub struct PageBody {
    buffer: Vec<u8>,
    items: usize,
    authors: Vec<Uuid>,
}

impl PageBody {
    /// Room for this many messages.
    #[must_use]
    pub fn for_items(items: usize) -> Self {
        let mut buffer = Vec::with_capacity(items * ITEM_BYTES + FRAME_BYTES);
        buffer.extend_from_slice(br#"{"items":["#);
        Self { buffer, items: 0, authors: Vec::with_capacity(items) }
    }

    /// Appends a message: `item` is a complete JSON object.
    pub fn push(&mut self, author: Uuid, item: &str) {
        if self.items > 0 {
            self.buffer.push(b',');
        }
        self.buffer.extend_from_slice(item.as_bytes());
        self.authors.push(author);
        self.items += 1;
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
        let body = PageBody::for_items(0).finish(std::iter::empty(), None, None);
        assert_eq!(parsed(&body), json!({"items": [], "users": {}}));
    }

    #[test]
    fn items_stay_as_they_are_and_authors_come_once() {
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let mut page = PageBody::for_items(3);
        page.push(other, r#"{"seq":3}"#);
        page.push(one, r#"{"seq":2}"#);
        page.push(other, r#"{"seq":1}"#);
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
