//! Entity tags (RFC 9110 §8.8): an answer that the client already has is not sent again.

use http::header::IF_NONE_MATCH;
use http::{HeaderMap, HeaderValue};

/// The tag of these bytes: the same on every replica, and in every generation that says the same. Weak, because the same
/// answer may travel compressed.
#[must_use]
pub fn of(body: &[u8]) -> HeaderValue {
    let tag = format!("W/\"{}\"", &blake3::hash(body).to_hex()[..32]);
    // Hexadecimal digits between quotes are a header value.
    HeaderValue::try_from(tag).unwrap_or_else(|_| HeaderValue::from_static("\"\""))
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
}
