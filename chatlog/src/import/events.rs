//! The events of a plan, as they stand in the log: at the source's time, by the person who acted, with derived ids.

use event_schema::envelope::{ClientKind, Envelope, RULES};
use event_schema::message::Posted;
use event_schema::room::{
    Created, HistoryVisibility, InitialMember, JoinRule, MemberJoined, MemberLeft, Role, RoomKind,
};
use event_schema::user::{AccountKind, Registered};
use event_schema::{CommandId, Event, EventId, Payload, RoomId, Text, Timestamp, UserId, WorkspaceId, limits};
use uuid::Uuid;

use super::ids;
use super::plan::{Deed, ImportedAction};
use super::read::{Lines, What};

/// The language of people of whom nothing else is known (RFC 5646: undetermined).
pub const LOCALE: &str = "und";

const SOURCE: &str = "/chatlog/import/irc";

/// A room to be, and what it is imported from.
#[derive(Clone, Debug)]
pub struct Room {
    /// Its name; everything's ids hang on it.
    pub name: String,
    pub id: RoomId,
    pub lines: Lines,
    /// Who is behind the nicknames, by person.
    pub users: Vec<UserId>,
}

impl Room {
    /// The room of these lines.
    #[must_use]
    pub fn new(name: &str, lines: Lines) -> Self {
        let users = lines.people.nicks().iter().map(|nick| ids::user(name, nick)).collect();
        Self { name: name.to_owned(), id: ids::room(name), lines, users }
    }

    /// When the first line was written.
    #[must_use]
    pub fn begin(&self) -> Timestamp {
        self.lines.entries.first().map(|entry| entry.time).unwrap_or_default()
    }

    /// The id of an act's event.
    #[must_use]
    pub fn event_id(&self, act: &ImportedAction) -> EventId {
        let entry = &self.lines.entries[act.entry as usize];
        ids::event(&self.name, &self.lines.files[entry.file as usize], entry.line, act.place)
    }

    /// The event of an act.
    #[must_use]
    pub fn event(&self, act: &ImportedAction) -> Event {
        let entry = &self.lines.entries[act.entry as usize];
        let user_id = self.users[act.person as usize];
        let id = self.event_id(act);
        let (subject, payload): (Uuid, Payload) = match act.deed {
            Deed::Join => (user_id.0, MemberJoined { user_id }.into()),
            Deed::Leave => (user_id.0, MemberLeft { user_id }.into()),
            Deed::Post => (id.0, posted(&entry.what).into()),
        };
        let command = ids::command(&self.name, &self.lines.files[entry.file as usize]);
        let envelope = envelope(id, entry.time, subject, user_id, command);
        Event { key: self.id.into(), envelope, payload }
    }

    /// The event with which the room begins, made by its owner.
    #[must_use]
    pub fn created(&self, owner: UserId) -> Event {
        let payload = Created {
            kind: RoomKind::Channel,
            name: Some(Text::Plain(first_chars(&self.name))),
            join_rule: JoinRule::Open,
            history_visibility: HistoryVisibility::All,
            members: vec![InitialMember { user_id: owner, role: Role::Owner }],
        };
        let id = ids::room_created(&self.name);
        let envelope = envelope(id, self.begin(), self.id.0, owner, ids::command(&self.name, ""));
        Event { key: self.id.into(), envelope, payload: payload.into() }
    }
}

fn posted(what: &What) -> Posted {
    let (text, original_at) = match what {
        What::Message { text, original_at, .. } => (text.to_string(), Some(original_at.to_string())),
        _ => (String::new(), None),
    };
    Posted {
        content: Text::Plain(text),
        reply_to: None,
        mentions: Vec::new(),
        attachments: Vec::new(),
        client_ref: None,
        original_at,
    }
}

/// An account to be: of an imported person, or of the importer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub user_id: UserId,
    pub username: ids::Username,
    pub display_name: String,
}

impl Account {
    /// The account of a nickname.
    #[must_use]
    pub fn of_person(room: &str, nick: &str) -> Self {
        Self { user_id: ids::user(room, nick), username: ids::username(room, nick), display_name: first_chars(nick) }
    }

    /// The account that owns an imported room.
    #[must_use]
    pub fn of_importer(room: &str) -> Self {
        Self {
            user_id: ids::importer(room),
            username: ids::importer_username(room),
            display_name: "importer".to_owned(),
        }
    }

    /// The event that tells everybody about it.
    #[must_use]
    pub fn registered(&self, room: &str, at: Timestamp) -> Event {
        let payload = Registered {
            kind: AccountKind::Imported,
            username: Text::Plain(self.username.shown.clone()),
            display_name: Text::Plain(self.display_name.clone()),
            locale: LOCALE.to_owned(),
        };
        let id = ids::registered(self.user_id);
        let envelope = envelope(id, at, self.user_id.0, self.user_id, ids::command(room, ""));
        Event { key: self.user_id.into(), envelope, payload: payload.into() }
    }
}

fn envelope(id: EventId, time: Timestamp, subject: Uuid, actor: UserId, command: CommandId) -> Envelope {
    Envelope {
        id,
        source: SOURCE.to_owned(),
        time,
        subject: subject.to_string(),
        rules: RULES,
        actor,
        command,
        client: ClientKind::Import,
        workspace: WorkspaceId::DEFAULT,
        traceparent: None,
    }
}

/// As much of a name as a name may have.
fn first_chars(name: &str) -> String {
    name.chars().take(limits::NAME_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use event_schema::record;
    use proptest::prelude::*;

    use super::super::clock::Day;
    use super::super::plan::plan;
    use super::super::read::{LogFile, read_files};
    use super::*;

    fn room(log: &[u8]) -> Room {
        let day = Day::of_file_name("2006-06-01.log").expect("a day");
        let file = LogFile { name: "2006-06-01.log".to_owned(), day, bytes: log.to_vec() };
        Room::new("room", read_files(vec![file], TimeDelta::zero()))
    }

    #[test]
    fn a_message_carries_the_times_of_its_source() {
        let room = room(b"[23:50] <owner> hello\n[00:10] <owner> again");
        let (acts, _) = plan(&room.lines);
        let events: Vec<Event> = acts.iter().map(|act| room.event(act)).collect();
        let Payload::MessagePosted(last) = &events[2].payload else { panic!("{:?}", events[2]) };
        assert_eq!(last.original_at.as_deref(), Some("2006-06-02 00:10"));
        assert_eq!(events[2].envelope.time.to_string(), "2006-06-02T00:10:00.000000Z");
        assert_eq!(events[2].envelope.actor, ids::user("room", "Owner"));
        assert_eq!(events[0].payload, Payload::MemberJoined(MemberJoined { user_id: events[2].envelope.actor }));
        assert_eq!(room.created(UserId::PLATFORM).envelope.time, room.begin());
    }

    proptest! {
        #[test]
        fn whatever_the_log_every_event_can_be_written(
            lines in prop::collection::vec(r"(\[[0-2][0-9]:[0-5][0-9]\] <\PC{1,90}> |=== )[\PC\x00-\x1f]{0,20}", 0..20),
            noise in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let mut log = lines.join("\n").into_bytes();
            log.extend(noise);
            let room = room(&log);
            let (acts, _) = plan(&room.lines);
            for act in acts {
                let written = record::encode(&room.event(&act));
                prop_assert!(written.is_ok(), "{:?}", written);
            }
            for nick in room.lines.people.nicks() {
                let account = Account::of_person("room", nick);
                prop_assert!(account.username.shown.chars().count() <= limits::NAME_CHARS);
                prop_assert!(record::encode(&account.registered("room", room.begin())).is_ok());
            }
        }
    }
}
