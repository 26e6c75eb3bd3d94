//! What is said on `chat.users` about a registration. Ids follow from what is decided, so that saying it twice is no harm.

use event_schema::envelope::RULES;
use event_schema::ids::effect_event_id;
use event_schema::user::{Registered, RegistrationRejected};
use event_schema::{ClientKind, Envelope, Event, EventId, Payload, Timestamp, UserId, WorkspaceId};

use super::saga::Registration;
use crate::command::SOURCE;

/// Which event of a registration is which; the number is part of its id, for ever.
const REGISTERED: u32 = 0;
const REJECTED: u32 = 1;
const AGAIN: u32 = 2;

/// The account may be used.
pub(super) fn registered(of: &Registration, now: Timestamp, payload: Registered) -> Event {
    event(of, effect_event_id(EventId(of.id.0), REGISTERED), now, payload)
}

/// There will be no account.
pub(super) fn rejected(of: &Registration, now: Timestamp) -> Event {
    event(of, effect_event_id(EventId(of.id.0), REJECTED), now, rejection(of))
}

/// The same, for whoever completed only afterwards.
pub(super) fn rejected_again(of: &Registration, now: Timestamp, completion: EventId) -> Event {
    event(of, effect_event_id(completion, AGAIN), now, rejection(of))
}

fn rejection(of: &Registration) -> RegistrationRejected {
    let reason = of.reason.clone().unwrap_or_default();
    RegistrationRejected { registration_id: of.id, step: of.failed_step.clone(), reason }
}

fn event(of: &Registration, id: EventId, time: Timestamp, payload: impl Into<Payload>) -> Event {
    let (key, payload) = (of.user.into(), payload.into());
    let envelope = Envelope {
        id,
        source: SOURCE.to_owned(),
        time,
        subject: payload.subject(&key, id),
        rules: RULES,
        actor: UserId::PLATFORM,
        command: of.command,
        client: ClientKind::Platform,
        workspace: WorkspaceId::DEFAULT,
        traceparent: None,
    };
    Event { key, envelope, payload }
}
