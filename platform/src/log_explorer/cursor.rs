//! Opaque cursors of the log: for each partition of the list, the offset at which a walk goes on.
//!
//! Offsets never move, and the partitions of a topic are fixed for the life of a log. The tag is a checksum over the places
//! and over what was asked for, not a secret: a cursor grants nothing. It is there so that a cursor cut short, or of another
//! list, is refused instead of walking somewhere else.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{ExploreError, Filter, Order};

const VERSION: u8 = 1;
const TAG_BYTES: usize = 9;
/// Far more partitions than any log of this kind has.
const MAX_CHARS: usize = 24 * 1024;

/// The cursor that stands at these offsets.
pub(super) fn encode(filter: &Filter, order: Order, offsets: &[i64]) -> String {
    let mut bytes = vec![VERSION];
    for offset in offsets {
        push(&mut bytes, offset.unsigned_abs());
    }
    let tag = tag(filter, order, &bytes);
    bytes.extend_from_slice(&tag);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The offsets at which a cursor of this list stands, one for each of its partitions.
pub(super) fn decode(filter: &Filter, order: Order, partitions: usize, text: &str) -> Result<Vec<i64>, ExploreError> {
    if text.len() > MAX_CHARS {
        return Err(ExploreError::Cursor);
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| ExploreError::Cursor)?;
    let Some((body, found)) = bytes.split_last_chunk::<TAG_BYTES>() else { return Err(ExploreError::Cursor) };
    if body.first() != Some(&VERSION) || *found != tag(filter, order, body) {
        return Err(ExploreError::Cursor);
    }
    let mut rest = &body[1..];
    let mut offsets = Vec::with_capacity(partitions);
    while !rest.is_empty() {
        let (offset, left) = pop(rest).ok_or(ExploreError::Cursor)?;
        offsets.push(i64::try_from(offset).map_err(|_| ExploreError::Cursor)?);
        rest = left;
    }
    if offsets.len() == partitions { Ok(offsets) } else { Err(ExploreError::Cursor) }
}

/// Seven bits a byte, the lowest first, the high bit on all but the last.
fn push(bytes: &mut Vec<u8>, mut number: u64) {
    loop {
        let low = number.to_le_bytes()[0] & 0x7f;
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return;
        }
        bytes.push(low | 0x80);
    }
}

fn pop(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0;
    for (place, byte) in bytes.iter().enumerate().take(9) {
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((number, &bytes[place + 1..]));
        }
    }
    None
}

fn tag(filter: &Filter, order: Order, body: &[u8]) -> [u8; TAG_BYTES] {
    let Filter { topics, partition, offsets, from, to, key, types, actor } = filter;
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"chatlog log cursor");
    // Debug forms quote text, so that no two filters read the same. Another build may write them otherwise: then its cursors
    // are refused, and a walk begins again.
    let topics: Vec<_> = topics.iter().map(|topic| topic.name()).collect();
    let asked = format!("{topics:?}{partition:?}{offsets:?}{from:?}{to:?}{key:?}{types:?}{actor:?}{order:?}");
    hasher.update(&(asked.len() as u64).to_be_bytes()).update(asked.as_bytes()).update(body);
    let mut tag = [0; TAG_BYTES];
    hasher.finalize_xof().fill(&mut tag);
    tag
}

#[cfg(test)]
mod tests {
    use event_schema::Topic;
    use proptest::prelude::*;

    use super::*;

    fn of_key(key: &str) -> Filter {
        Filter { topics: vec![Topic::Rooms], key: Some(key.to_owned()), ..Filter::default() }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(offsets in proptest::collection::vec(0_i64..=i64::MAX, 0..200), key in "\\PC{0,40}") {
            let (filter, order) = (of_key(&key), Order::Newest);
            let cursor = encode(&filter, order, &offsets);
            prop_assert_eq!(decode(&filter, order, offsets.len(), &cursor).ok(), Some(offsets.clone()));
            prop_assert!(decode(&filter, order, offsets.len() + 1, &cursor).is_err());
            prop_assert!(decode(&filter, Order::Oldest, offsets.len(), &cursor).is_err());
            prop_assert!(decode(&of_key("another"), order, offsets.len(), &cursor).is_err());
        }

        #[test]
        fn a_changed_cursor_is_refused(offset in 0_i64..i64::MAX, at in 0_usize..14, to in "[A-Za-z0-9_-]") {
            let cursor = encode(&of_key("k"), Order::Oldest, &[offset, 5]);
            let mut changed = cursor.clone();
            changed.replace_range(at..=at, &to);
            prop_assume!(changed != cursor);
            prop_assert!(decode(&of_key("k"), Order::Oldest, 2, &changed).is_err());
        }

        #[test]
        fn any_text_is_survived(text in "\\PC{0,300}") {
            prop_assert!(decode(&of_key("k"), Order::Oldest, 2, &text).is_err());
        }
    }
}
