//! What is said on `chat.users` about a registration. Ids follow from what is decided, so that saying it twice is no harm.

use event_schema::ids::effect_event_id;
use event_schema::user::{Registered, RegistrationRejected};
use event_schema::{Event, EventId, Payload, Timestamp};

use super::saga::Registration;
use crate::command::SOURCE;

/// Which event of a registration is which; the number is part of its id, for ever.
const REGISTERED: u32 = 0;
const REJECTED: u32 = 1;
const AGAIN: u32 = 2;

/// The account may be used.
pub(super) fn registered(of: &Registration, now: Timestamp, payload: Registered) -> Event {
    event(of, id(EventId(of.id.0), REGISTERED), now, payload)
}

/// There will be no account.
pub(super) fn rejected(of: &Registration, now: Timestamp) -> Event {
    event(of, id(EventId(of.id.0), REJECTED), now, rejection(of))
}

/// The same, for whoever completed only afterwards.
pub(super) fn rejected_again(of: &Registration, now: Timestamp, completion: EventId) -> Event {
    event(of, id(completion, AGAIN), now, rejection(of))
}

fn rejection(of: &Registration) -> RegistrationRejected {
    let reason = of.reason.clone().unwrap_or_default();
    RegistrationRejected { registration_id: of.id, step: of.failed_step.clone(), reason }
}

fn id(cause: EventId, n: u32) -> EventId {
    effect_event_id(SOURCE, cause, n)
}

fn event(of: &Registration, id: EventId, time: Timestamp, payload: impl Into<Payload>) -> Event {
    Event::by_platform(SOURCE, (id, of.command), time, of.user.into(), payload)
}
