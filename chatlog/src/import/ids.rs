//! Names and ids of what is imported, derived from the source, so that reading it again finds the same.
//!
//! An event is known by room, file name, line number and place within the line; never by time or text, so the 541 lines
//! a log repeats stay apart. A person is known by source (the room's name) and nickname: nicknames are not accounts, and
//! the same nickname in another source may be somebody else. As in IRC, upper and lower case are one nickname, and `{|}~`
//! are the lower case of `[\]^` (RFC 1459 §2.2).

use event_schema::ids::import_id;
use event_schema::{CommandId, EventId, RoomId, UserId, limits};
use unicode_normalization::UnicodeNormalization;

/// The place of an event within its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// What the line says.
    Own,
    /// What must be true for it: the author's join before a message, the new nickname's join after the old one left.
    Join,
}

/// The room of a name.
#[must_use]
pub fn room(name: &str) -> RoomId {
    RoomId(import_id("room", &[name.as_bytes()]))
}

/// The event with which that room begins.
#[must_use]
pub fn room_created(name: &str) -> EventId {
    EventId(import_id("room created", &[name.as_bytes()]))
}

/// The imported account that owns a room where nobody else was named.
#[must_use]
pub fn importer(source: &str) -> UserId {
    UserId(import_id("importer", &[source_key(source).as_bytes()]))
}

/// The person behind a nickname.
#[must_use]
pub fn user(source: &str, nick: &str) -> UserId {
    UserId(import_id("user", &[source_key(source).as_bytes(), nick_key(nick).as_bytes()]))
}

/// The event that registers a user.
#[must_use]
pub fn registered(user: UserId) -> EventId {
    EventId(import_id("registered", &[user.0.as_bytes()]))
}

/// An event of a line.
#[must_use]
pub fn event(room: &str, file: &str, line: u32, place: Place) -> EventId {
    let place: u32 = match place {
        Place::Own => 0,
        Place::Join => 1,
    };
    let parts = [room.as_bytes(), file.as_bytes(), &line.to_be_bytes(), &place.to_be_bytes()];
    EventId(import_id("event", &parts))
}

/// The command that brought a file's events.
#[must_use]
pub fn command(room: &str, file: &str) -> CommandId {
    CommandId(import_id("command", &[room.as_bytes(), file.as_bytes()]))
}

/// The form in which nicknames are compared.
#[must_use]
pub fn nick_key(nick: &str) -> String {
    let lower_case = |character: char| match character {
        '[' => '{',
        ']' => '}',
        '\\' => '|',
        '^' => '~',
        other => other,
    };
    folded(nick).chars().map(lower_case).collect()
}

/// The form in which sources are compared.
fn source_key(source: &str) -> String {
    folded(source)
}

/// NFKC and case folded, as usernames are compared. Through upper case, so that letters that differ only below it agree.
#[must_use]
pub fn folded(text: &str) -> String {
    text.nfkc().flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfkc().collect()
}

/// A username, and the form in which it is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Username {
    pub shown: String,
    pub key: String,
}

/// The username of an imported person. People who sign up cannot have a colon in theirs, so neither can take the other's;
/// one inside a nickname is written otherwise, so that the last colon divides. What would be too long is the id instead.
#[must_use]
pub fn username(source: &str, nick: &str) -> Username {
    let plain = |nick: &str| nick.replace('%', "%25").replace(':', "%3a");
    let shown = format!("irc:{source}:{}", plain(nick));
    if shown.chars().count() > limits::NAME_CHARS {
        let id = format!("irc:{}", user(source, nick));
        return Username { key: id.clone(), shown: id };
    }
    Username { shown, key: format!("irc:{}:{}", source_key(source), plain(&nick_key(nick))) }
}

/// The username of the importer of a source.
#[must_use]
pub fn importer_username(source: &str) -> Username {
    let shown = format!("importer:{source}");
    if shown.chars().count() > limits::NAME_CHARS {
        let id = format!("importer:{}", importer(source));
        return Username { key: id.clone(), shown: id };
    }
    Username { shown, key: format!("importer:{}", source_key(source)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nicknames_compare_as_in_irc() {
        assert_eq!(user("room", "Owner[1]"), user("room", "owner{1}"));
        assert_ne!(user("room", "owner"), user("room", "owner_"));
        assert_ne!(user("room", "owner"), user("other", "owner"));
        assert_ne!(user("room", "importer"), importer("room"));
    }

    #[test]
    fn one_username_key_is_one_person() {
        assert_eq!(username("Room", "A:b%").shown, "irc:Room:A%3ab%25");
        assert_eq!(username("Room", "A").key, username("room", "a").key);
        assert_ne!(username("a:b", "c").key, username("a", "b:c").key);
        let long = username("room", &"x".repeat(100));
        assert_eq!(long.shown, format!("irc:{}", user("room", &"X".repeat(100))));
    }

    #[test]
    fn events_of_a_line_stay_apart() {
        let own = event("room", "2006-06-01.log", 7, Place::Own);
        assert_ne!(own, event("room", "2006-06-01.log", 7, Place::Join));
        assert_ne!(own, event("room", "2006-06-01.log", 8, Place::Own));
        assert_ne!(own, event("room", "2006-06-02.log", 7, Place::Own));
    }

    // Published: a change here would import every log a second time.
    #[test]
    fn derived_ids_never_change() {
        assert_eq!(room("room").to_string(), "91b53780-84dc-89f6-93c8-57b194eedcc0");
        assert_eq!(user("room", "owner").to_string(), "783f3a72-6df3-8770-8778-2475154bd1f4");
        let own = event("room", "2006-06-01.log", 7, Place::Own);
        assert_eq!(own.to_string(), "e4cdc823-3744-840d-917d-5148dfbe69d9");
    }
}
