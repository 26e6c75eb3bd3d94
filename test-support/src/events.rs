//! Small events, for tests of what does not care which.

use event_schema::envelope::{ClientKind, Envelope, RULES};
use event_schema::{CommandId, Event, EventId, Payload, RoomId, UserId, WorkspaceId, room};
use platform::{Clock, Ids};

/// A small event of a room.
pub fn room_event(room: RoomId, name: &str) -> Event {
    let ids = Ids::new();
    let payload = room::Renamed { name: event_schema::Text::Plain(name.to_owned()) };
    Event {
        key: room.into(),
        envelope: Envelope {
            id: EventId(ids.v7()),
            source: "/chatlog/test".to_owned(),
            time: Clock::system().now(),
            subject: room.to_string(),
            rules: RULES,
            actor: UserId::PLATFORM,
            command: CommandId(ids.v7()),
            client: ClientKind::Platform,
            workspace: WorkspaceId::DEFAULT,
            traceparent: None,
        },
        payload: Payload::from(payload),
    }
}

/// A room that nobody else uses.
pub fn new_room() -> RoomId {
    RoomId(Ids::new().v7())
}
