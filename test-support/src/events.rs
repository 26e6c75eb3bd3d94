//! Small events, for tests of what does not care which.

use event_schema::envelope::{ClientKind, Envelope, RULES};
use event_schema::topics::Key;
use event_schema::{
    CommandId, Event, EventId, MailRequestId, Payload, RoomId, Text, UserId, WorkspaceId, mail, room, user,
};
use platform::{Clock, Ids};

/// A small event of a room.
pub fn room_event(room: RoomId, name: &str) -> Event {
    event(room.into(), room::Renamed { name: Text::Plain(name.to_owned()) })
}

/// A small event of a user.
pub fn status_event(user: UserId) -> Event {
    event(user.into(), user::StatusChanged { status: None })
}

/// A mail that somebody is to get.
pub fn mail_event(user: UserId) -> Event {
    let request_id = MailRequestId(Ids::new().v7());
    event(user.into(), mail::Requested { request_id, template: "verify".to_owned(), locale: "en".to_owned() })
}

fn event(key: Key, payload: impl Into<Payload>) -> Event {
    let ids = Ids::new();
    Event {
        envelope: Envelope {
            id: EventId(ids.v7()),
            source: "/chatlog/test".to_owned(),
            time: Clock::system().now(),
            subject: key.to_string(),
            rules: RULES,
            actor: UserId::PLATFORM,
            command: CommandId(ids.v7()),
            client: ClientKind::Platform,
            workspace: WorkspaceId::DEFAULT,
            traceparent: None,
        },
        key,
        payload: payload.into(),
    }
}

/// A room that nobody else uses.
pub fn new_room() -> RoomId {
    RoomId(Ids::new().v7())
}
