//! Opaque cursors: where a walk through a list goes on.
//!
//! A cursor is base64url of a version byte, the place in the list, and a tag: BLAKE3 over the list, what it belongs to
//! (the room) and the place. The tag is a checksum, not a secret: a cursor grants nothing, because every request checks
//! who may read. It is there so that a cursor cut short, changed, or of another room or list is refused instead of
//! silently walking somewhere else. Places never move: `seq`, user ids and room ids stay what they are while people
//! write, edit and delete, and in every generation of the read models.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use event_schema::{MessageId, RoomId, Timestamp, UserId};
use uuid::Uuid;

const VERSION: u8 = 1;
/// With the version byte and an 8-byte seq this makes 18 bytes: 24 characters without padding.
const TAG_BYTES: usize = 9;
/// Longer than any cursor ever given: a channel's name (80 characters of 4 bytes) and id.
const MAX_CHARS: usize = 512;
/// The last place that a cursor can stand at by number (a seq, a version, an offset). Anybody can make a cursor: numbers that
/// no list has are refused, and every number that is let in has neighbours on both sides.
pub const LAST: i64 = i64::MAX - 1;

/// Text that is no cursor of the list it was sent for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a cursor of this list: pass on `next` or `prev` of a page as it came")]
pub struct InvalidCursor;

/// The lists that can be walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum List {
    History = 1,
    Members = 2,
    Channels = 3,
    Edits = 4,
    Replies = 5,
    Inbox = 6,
    Receipts = 7,
    Parked = 8,
    ParkedEvents = 9,
    Friends = 10,
    Incoming = 11,
    Registrations = 20,
    Mails = 21,
}

/// The cursor that stands at `seq` of a room; the message itself belongs to neither side.
#[must_use]
pub fn history(room: RoomId, seq: i64) -> String {
    encode(List::History, room.0, &seq.to_be_bytes())
}

/// The seq at which a cursor of this room stands.
pub fn parse_history(room: RoomId, text: &str) -> Result<i64, InvalidCursor> {
    number(List::History, room.0, text)
}

/// The cursor that stands at a reply to a message.
#[must_use]
pub fn replies(message: MessageId, seq: i64) -> String {
    encode(List::Replies, message.0, &seq.to_be_bytes())
}

/// The seq at which a cursor of this message's replies stands.
pub fn parse_replies(message: MessageId, text: &str) -> Result<i64, InvalidCursor> {
    number(List::Replies, message.0, text)
}

/// The cursor that stands at a version of a message.
#[must_use]
pub fn edits(message: MessageId, version: i32) -> String {
    encode(List::Edits, message.0, &i64::from(version).to_be_bytes())
}

/// The version at which a cursor of this message's edits stands.
pub fn parse_edits(message: MessageId, text: &str) -> Result<i32, InvalidCursor> {
    number(List::Edits, message.0, text)?.try_into().map_err(|_| InvalidCursor)
}

/// The cursor that stands at a member of a room.
#[must_use]
pub fn members(room: RoomId, last: UserId) -> String {
    encode(List::Members, room.0, last.0.as_bytes())
}

/// The member at which a cursor of this room's members stands.
pub fn parse_members(room: RoomId, text: &str) -> Result<UserId, InvalidCursor> {
    user(List::Members, room, text)
}

/// The cursor that stands at a member's read mark.
#[must_use]
pub fn receipts(room: RoomId, last: UserId) -> String {
    encode(List::Receipts, room.0, last.0.as_bytes())
}

/// The member at which a cursor of this room's read marks stands.
pub fn parse_receipts(room: RoomId, text: &str) -> Result<UserId, InvalidCursor> {
    user(List::Receipts, room, text)
}

/// The cursor that stands at a room of somebody's inbox: its last activity, then its id, because times are not unique.
#[must_use]
pub fn inbox(reader: UserId, activity: Timestamp, last: RoomId) -> String {
    moment(List::Inbox, reader.0, (activity, last.0))
}

/// The activity and id of the room at which a cursor of this person's inbox stands.
pub fn parse_inbox(reader: UserId, text: &str) -> Result<(Timestamp, RoomId), InvalidCursor> {
    parse_moment(List::Inbox, reader.0, text).map(|(activity, id)| (activity, RoomId(id)))
}

/// The cursor that stands at a public channel: its name, then its id, because names are not unique.
#[must_use]
pub fn channels(name: &str, last: RoomId) -> String {
    encode(List::Channels, Uuid::nil(), &[last.0.as_bytes(), name.as_bytes()].concat())
}

/// The name and id of the channel at which a cursor stands.
pub fn parse_channels(text: &str) -> Result<(String, RoomId), InvalidCursor> {
    let place = decode(List::Channels, Uuid::nil(), text)?;
    let (id, name) = place.split_at_checked(16).ok_or(InvalidCursor)?;
    let id = Uuid::from_slice(id).map_err(|_| InvalidCursor)?;
    Ok((words(name)?, RoomId(id)))
}

/// The cursor that stands at a friend of somebody, or at somebody who would be one.
#[must_use]
pub fn friends(reader: UserId, incoming: bool, last: UserId) -> String {
    encode(friends_list(incoming), reader.0, last.0.as_bytes())
}

/// The person at which a cursor of this person's friends stands.
pub fn parse_friends(reader: UserId, incoming: bool, text: &str) -> Result<UserId, InvalidCursor> {
    let place = decode(friends_list(incoming), reader.0, text)?;
    Uuid::from_slice(&place).map(UserId).map_err(|_| InvalidCursor)
}

fn friends_list(incoming: bool) -> List {
    if incoming { List::Incoming } else { List::Friends }
}

/// The cursor that stands at a parked key.
#[must_use]
pub fn parked(key: Uuid, topic: &str) -> String {
    encode(List::Parked, Uuid::nil(), &[key.as_bytes(), topic.as_bytes()].concat())
}

/// The key and topic at which a cursor of the parked keys stands.
pub fn parse_parked(text: &str) -> Result<(Uuid, String), InvalidCursor> {
    let place = decode(List::Parked, Uuid::nil(), text)?;
    let (key, topic) = place.split_first_chunk().ok_or(InvalidCursor)?;
    Ok((Uuid::from_bytes(*key), words(topic)?))
}

/// The cursor that stands at a parked event of a key.
#[must_use]
pub fn parked_events(key: Uuid, topic: &str, offset: i64) -> String {
    encode(List::ParkedEvents, key, &[&offset.to_be_bytes()[..], topic.as_bytes()].concat())
}

/// The topic and offset at which a cursor of this key's parked events stands.
pub fn parse_parked_events(key: Uuid, text: &str) -> Result<(String, i64), InvalidCursor> {
    let place = decode(List::ParkedEvents, key, text)?;
    let (offset, topic) = place.split_first_chunk().ok_or(InvalidCursor)?;
    Ok((words(topic)?, placed(*offset)?))
}

/// The cursor that stands at a sign-up: when it began, then its id, because times are not unique.
#[must_use]
pub fn registrations(began: Timestamp, last: Uuid) -> String {
    moment(List::Registrations, Uuid::nil(), (began, last))
}

/// The beginning and id of the sign-up at which a cursor stands.
pub fn parse_registrations(text: &str) -> Result<(Timestamp, Uuid), InvalidCursor> {
    parse_moment(List::Registrations, Uuid::nil(), text)
}

/// The cursor that stands at a mail: when it was asked for, then its request, because times are not unique.
#[must_use]
pub fn mails(requested: Timestamp, last: Uuid) -> String {
    moment(List::Mails, Uuid::nil(), (requested, last))
}

/// The time and request of the mail at which a cursor stands.
pub fn parse_mails(text: &str) -> Result<(Timestamp, Uuid), InvalidCursor> {
    parse_moment(List::Mails, Uuid::nil(), text)
}

fn moment(list: List, scope: Uuid, (at, id): (Timestamp, Uuid)) -> String {
    encode(list, scope, &[&at.as_micros().to_be_bytes()[..], id.as_bytes()].concat())
}

fn parse_moment(list: List, scope: Uuid, text: &str) -> Result<(Timestamp, Uuid), InvalidCursor> {
    let place = decode(list, scope, text)?;
    let (micros, id) = place.split_first_chunk().ok_or(InvalidCursor)?;
    let at = Timestamp::from_micros(i64::from_be_bytes(*micros)).ok_or(InvalidCursor)?;
    Ok((at, Uuid::from_slice(id).map_err(|_| InvalidCursor)?))
}

/// Text as Postgres takes it: UTF-8 without NUL.
fn words(bytes: &[u8]) -> Result<String, InvalidCursor> {
    let words = std::str::from_utf8(bytes).ok().filter(|words| !words.contains('\0'));
    words.map(str::to_owned).ok_or(InvalidCursor)
}

fn number(list: List, scope: Uuid, text: &str) -> Result<i64, InvalidCursor> {
    placed(decode(list, scope, text)?.try_into().map_err(|_| InvalidCursor)?)
}

fn placed(bytes: [u8; 8]) -> Result<i64, InvalidCursor> {
    let number = i64::from_be_bytes(bytes);
    if (0..=LAST).contains(&number) { Ok(number) } else { Err(InvalidCursor) }
}

fn user(list: List, room: RoomId, text: &str) -> Result<UserId, InvalidCursor> {
    Uuid::from_slice(&decode(list, room.0, text)?).map(UserId).map_err(|_| InvalidCursor)
}

fn encode(list: List, scope: Uuid, place: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode([&[VERSION], place, &tag(list, scope, place)].concat())
}

fn decode(list: List, scope: Uuid, text: &str) -> Result<Vec<u8>, InvalidCursor> {
    if text.len() > MAX_CHARS {
        return Err(InvalidCursor);
    }
    let mut bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidCursor)?;
    if bytes.len() < 1 + TAG_BYTES || bytes[0] != VERSION {
        return Err(InvalidCursor);
    }
    let found = bytes.split_off(bytes.len() - TAG_BYTES);
    bytes.remove(0);
    if found == tag(list, scope, &bytes) { Ok(bytes) } else { Err(InvalidCursor) }
}

fn tag(list: List, scope: Uuid, place: &[u8]) -> [u8; TAG_BYTES] {
    let mut hasher = blake3::Hasher::new();
    // Fixed lengths before the one of free length: no two inputs read the same.
    hasher.update(b"chatlog cursor").update(&[VERSION, list as u8]).update(scope.as_bytes()).update(place);
    let mut tag = [0; TAG_BYTES];
    hasher.finalize_xof().fill(&mut tag);
    tag
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ROOM: RoomId = RoomId(Uuid::from_u128(7));
    const OTHER: RoomId = RoomId(Uuid::from_u128(8));

    #[test]
    fn a_cursor_belongs_to_its_room_and_its_list() {
        assert_eq!(parse_history(OTHER, &history(ROOM, 5)), Err(InvalidCursor));
        assert_eq!(parse_members(ROOM, &history(ROOM, 5)), Err(InvalidCursor));
        assert_eq!(parse_history(ROOM, ""), Err(InvalidCursor));
    }

    // Given out by a released version, kept in somebody's bookmark.
    #[test]
    fn cursors_of_version_1_stay_readable() {
        assert_eq!(history(ROOM, 5), "AQAAAAAAAAAFUz2Mtfw4l_PX");
    }

    #[test]
    fn what_no_list_has_is_refused() {
        let (message, user) = (MessageId(ROOM.0), UserId(ROOM.0));
        for number in [i64::MIN, -1, i64::MAX] {
            assert_eq!(parse_history(ROOM, &history(ROOM, number)), Err(InvalidCursor), "{number}");
            assert_eq!(parse_replies(message, &replies(message, number)), Err(InvalidCursor), "{number}");
            let events = parked_events(ROOM.0, "chat.rooms", number);
            assert_eq!(parse_parked_events(ROOM.0, &events), Err(InvalidCursor), "{number}");
        }
        assert_eq!(parse_edits(message, &edits(message, -1)), Err(InvalidCursor));
        assert_eq!(parse_channels(&channels("a\0b", ROOM)), Err(InvalidCursor));
        assert_eq!(parse_parked(&parked(ROOM.0, "chat\0")), Err(InvalidCursor));
        assert_eq!(parse_parked_events(ROOM.0, &parked_events(ROOM.0, "\0", 0)), Err(InvalidCursor));
        for micros in [i64::MIN, i64::MAX] {
            let place = [&micros.to_be_bytes()[..], ROOM.0.as_bytes()].concat();
            assert_eq!(parse_inbox(user, &encode(List::Inbox, user.0, &place)), Err(InvalidCursor));
            let of = |list| encode(list, Uuid::nil(), &place);
            assert_eq!(parse_registrations(&of(List::Registrations)), Err(InvalidCursor));
            assert_eq!(parse_mails(&of(List::Mails)), Err(InvalidCursor));
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(room: u128, seq in 0..=LAST, user: u128, name in "\\PC{0,80}") {
            let (room, user) = (RoomId(Uuid::from_u128(room)), UserId(Uuid::from_u128(user)));
            prop_assert_eq!(parse_history(room, &history(room, seq)), Ok(seq));
            prop_assert_eq!(parse_members(room, &members(room, user)), Ok(user));
            prop_assert_eq!(parse_channels(&channels(&name, room)), Ok((name.clone(), room)));
            prop_assert_eq!(parse_receipts(room, &receipts(room, user)), Ok(user));
            prop_assert_eq!(parse_parked(&parked(room.0, &name)), Ok((room.0, name.clone())));
            prop_assert_eq!(parse_parked_events(room.0, &parked_events(room.0, &name, seq)), Ok((name, seq)));
        }

        #[test]
        fn places_in_a_thread_and_an_inbox_are_read_back(id: u128, seq in 0..=LAST, version in 0..i32::MAX, micros in 0_i64..1 << 50) {
            let (message, reader, room) = (MessageId(Uuid::from_u128(id)), UserId(Uuid::from_u128(id)), ROOM);
            let activity = Timestamp::from_micros(micros).expect("within the years");
            prop_assert_eq!(parse_replies(message, &replies(message, seq)), Ok(seq));
            prop_assert_eq!(parse_edits(message, &edits(message, version)), Ok(version));
            prop_assert_eq!(parse_edits(message, &replies(message, seq)), Err(InvalidCursor));
            prop_assert_eq!(parse_inbox(reader, &inbox(reader, activity, room)), Ok((activity, room)));
        }

        #[test]
        fn a_changed_cursor_is_refused(seq in 0..=LAST, at in 0_usize..24, to in "[A-Za-z0-9_-]") {
            let cursor = history(ROOM, seq);
            let mut changed = cursor.clone();
            changed.replace_range(at..=at, &to);
            prop_assume!(changed != cursor);
            prop_assert_eq!(parse_history(ROOM, &changed), Err(InvalidCursor));
        }

        #[test]
        fn any_text_is_survived(text in "\\PC{0,600}") {
            prop_assert!(parse_history(ROOM, &text).is_err());
            prop_assert!(parse_channels(&text).is_err());
        }
    }
}
