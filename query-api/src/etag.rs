//! Entity tags (RFC 9110 §8.8): an answer that the client already has is not sent again.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use event_schema::RoomId;
use http::header::IF_NONE_MATCH;
use http::request::Parts;
use http::{HeaderMap, HeaderValue};

use crate::state::QueryState;
use crate::window::Span;

/// Which build of the rows is read, and how often it was repaired: at the same rev of another one, messages may be others.
/// To be taken before the rows are, so that it is never newer than they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edition(i32, i32);

impl FromRequestParts<QueryState> for Edition {
    type Rejection = Infallible;

    async fn from_request_parts(_: &mut Parts, state: &QueryState) -> Result<Self, Self::Rejection> {
        let (generation, repairs) = state.context().read_model.edition();
        Ok(Self(generation, repairs))
    }
}

/// The tag of these bytes: the same on every replica, and in every generation that says the same. Weak, because the same
/// answer may travel compressed.
#[must_use]
pub fn of(body: &[u8]) -> HeaderValue {
    tag(&blake3::hash(body))
}

/// The tag of a page of history, without a look at its messages: at a rev of the room they are what they are, in one
/// edition. What is not the room's (names, cursors) stands in `rest` and is looked at.
///
/// The messages may be newer than the rev, which is read before them. Then the tag is that of a rev gone by: it fits no later
/// page, and the next answer is sent in full.
#[must_use]
pub fn of_page(edition: Edition, room: RoomId, rev: i64, span: Span, bytes: usize, rest: &[u8]) -> HeaderValue {
    let mut hasher = blake3::Hasher::new();
    for number in [edition.0, edition.1] {
        hasher.update(&number.to_be_bytes());
    }
    hasher.update(room.0.as_bytes());
    for number in [rev, span.first, span.last] {
        hasher.update(&number.to_be_bytes());
    }
    hasher.update(&bytes.to_be_bytes()).update(rest);
    tag(&hasher.finalize())
}

fn tag(hash: &blake3::Hash) -> HeaderValue {
    // Hexadecimal digits between quotes are a header value.
    HeaderValue::try_from(format!("W/\"{}\"", &hash.to_hex()[..32]))
        .unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

/// Whether the client has what this tag stands for (weak comparison, as `If-None-Match` wants).
#[must_use]
pub fn is_known(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    fn opaque(tag: &[u8]) -> &[u8] {
        tag.strip_prefix(b"W/").unwrap_or(tag)
    }
    let known = |tag: &str| tag == "*" || opaque(tag.as_bytes()) == opaque(etag.as_bytes());
    headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|list| list.split(',').any(|tag| known(tag.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(header: &'static str) -> bool {
        let headers = HeaderMap::from_iter([(IF_NONE_MATCH, HeaderValue::from_static(header))]);
        is_known(&headers, &HeaderValue::from_static("W/\"abc\""))
    }

    #[test]
    fn finds_the_tag_in_any_form() {
        assert!(asks("\"abc\""));
        assert!(asks("\"x\", W/\"abc\""));
        assert!(asks("*"));
        assert!(!asks("\"abcd\""));
        assert!(!is_known(&HeaderMap::new(), &of(b"")));
    }

    #[test]
    fn other_bytes_have_another_tag() {
        assert_ne!(of(b"a"), of(b"b"));
    }

    #[test]
    fn a_page_has_another_tag_at_another_rev_in_another_edition_and_with_another_name() {
        let span = |first| Span { first, last: 9, older: None, newer: None };
        let (room, edition) = (RoomId(uuid::Uuid::nil()), Edition(1, 0));
        let tags = [
            of_page(edition, room, 10, span(1), 99, b"names"),
            of_page(edition, room, 11, span(1), 99, b"names"),
            of_page(edition, room, 10, span(2), 99, b"names"),
            of_page(edition, room, 10, span(1), 99, b"other"),
            of_page(edition, room, 10, span(1), 98, b"names"),
            of_page(Edition(1, 1), room, 10, span(1), 99, b"names"),
            of_page(Edition(2, 0), room, 10, span(1), 99, b"names"),
        ];
        let different: std::collections::HashSet<_> = tags.iter().collect();
        assert_eq!(different.len(), tags.len());
        assert_eq!(of_page(edition, room, 10, span(1), 99, b"names"), tags[0]);
    }
}
