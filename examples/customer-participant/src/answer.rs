//! What is said on `chat.registrations`.

use event_schema::envelope::RULES;
use event_schema::ids::effect_event_id;
use event_schema::registration::{StepCompensated, StepCompleted, StepFailed};
use event_schema::{ClientKind, Envelope, Event, Payload, RegistrationId, UserId};

use crate::accounts::Outcome;

/// The answer to an event. Its id follows from the event's: said again after a crash, it is the same answer.
pub fn to(event: &Event, step: &str, outcome: Outcome) -> Option<Event> {
    let (registration_id, step) = (registration(&event.payload)?, step.to_owned());
    let payload: Payload = match outcome {
        Outcome::Opened => StepCompleted { registration_id, step }.into(),
        Outcome::Refused => StepFailed { registration_id, step, reason: "not_a_customer".to_owned() }.into(),
        Outcome::Closed => StepCompensated { registration_id, step }.into(),
    };
    let id = effect_event_id(event.envelope.id, 0);
    let envelope = Envelope {
        id,
        source: "/example/customer-participant".to_owned(),
        // Any time will do; this one is the same when it is said again.
        time: event.envelope.time,
        subject: payload.subject(&event.key, id),
        rules: RULES,
        actor: UserId::PLATFORM,
        command: event.envelope.command,
        client: ClientKind::Bot,
        workspace: event.envelope.workspace,
        traceparent: event.envelope.traceparent.clone(),
    };
    // The same key: in the same partition, the answers about one person are in order.
    Some(Event { key: event.key.clone(), envelope, payload })
}

fn registration(payload: &Payload) -> Option<RegistrationId> {
    match payload {
        Payload::RegistrationRequested(asked) => Some(asked.registration_id),
        Payload::RegistrationRejected(rejected) => Some(rejected.registration_id),
        _ => None,
    }
}
