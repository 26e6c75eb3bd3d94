//! What administrators do, as events.

use event_schema::admin::ActionTaken;
use event_schema::topics::Key;
use event_schema::{CommandId, Event, EventId, UserId};
use serde_json::{Map, Value};

use crate::clock::{Clock, Ids};

/// Says who wrote the event of an action.
const SOURCE: &str = "/chatlog/admin";

/// What an administrator does, as an event: for the outbox, in the transaction of the action.
#[must_use]
pub fn admin_action(
    (ids, clock): (&Ids, &Clock),
    actor: UserId,
    action: &str,
    target: String,
    details: Map<String, Value>,
) -> Event {
    let payload = ActionTaken { action: action.to_owned(), target: Some(target), details };
    let (id, command) = (EventId(ids.v7()), CommandId(ids.v7()));
    let mut event = Event::by_platform(SOURCE, (id, command), clock.now(), Key::Id(actor.0), payload);
    event.envelope.actor = actor;
    event
}
