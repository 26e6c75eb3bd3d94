//! The statements of parked keys, which the projector writes and replays and administrators read; and the events that were
//! dropped.

mod dropped;
mod lookup;
mod pending_drops;
pub mod scan_dropped;
pub mod store;

use event_schema::{Event, EventId, Payload, UserId};
use tokio::time::Instant;
use uuid::Uuid;

pub use dropped::Dropped;
pub use lookup::{is_any_key_parked, is_event_parked, is_parked_before};
pub use pending_drops::{PendingDrop, pending_drops};

/// A key with parked events.
#[derive(Clone, Copy, Debug)]
pub struct ParkedKey {
    /// The first of them could not be folded; otherwise the key is on its way out.
    pub stuck: bool,
    /// How many wait.
    pub events: i64,
    /// Since when.
    pub since: Instant,
}

/// An event that says that another one of its key is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventDrop {
    /// The key of both.
    pub key: Uuid,
    /// The event that is given up.
    pub event_id: EventId,
    /// Where it is said.
    pub at: i64,
    /// The key had parked events then.
    pub of_parked: bool,
}

/// The event that this event gives up. Only the platform's word counts, and it is given for parked events only.
#[must_use]
pub fn dropped_by(event: &Event) -> Option<(Uuid, EventId)> {
    match &event.payload {
        Payload::EventDropped(dropped) if event.envelope.actor == UserId::PLATFORM => {
            Some((event.key.id()?, dropped.event_id))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use event_schema::room::EventDropped;
    use event_schema::topics::Key;
    use event_schema::{CommandId, RoomId, Timestamp};

    use super::*;

    #[test]
    fn only_the_platform_gives_up() {
        let room = RoomId(Uuid::from_u128(1));
        let dropped = EventDropped { event_id: EventId(Uuid::from_u128(5)) };
        let ids = (EventId(Uuid::from_u128(6)), CommandId(Uuid::from_u128(7)));
        let mut event =
            Event::by_platform("/chatlog/test", ids, Timestamp::default(), Key::Id(room.0), dropped.clone());
        assert_eq!(dropped_by(&event), Some((room.0, dropped.event_id)));
        event.envelope.actor = UserId(Uuid::from_u128(9));
        assert_eq!(dropped_by(&event), None);
    }
}
