//! What is said on `chat.registrations`.

use event_schema::registration::{StepCompensated, StepCompleted, StepFailed};
use event_schema::{ClientKind, Event, Payload, RegistrationId};

use crate::accounts::Outcome;

/// Who says it: a name that nobody else has, because the ids of the answers follow from it.
const SOURCE: &str = "/example/customer-participant";

/// The answer to an event. Its id follows from the event's: said again after a crash, it is the same answer.
pub fn to(event: &Event, step: &str, outcome: Outcome) -> Option<Event> {
    let (registration_id, step) = (registration(&event.payload)?, step.to_owned());
    let payload: Payload = match outcome {
        Outcome::Opened => StepCompleted { registration_id, step }.into(),
        Outcome::Refused => StepFailed { registration_id, step, reason: "not_a_customer".to_owned() }.into(),
        Outcome::Closed => StepCompensated { registration_id, step }.into(),
    };
    // The same key: in the same partition, the answers about one person are in order. The same time, whenever it is said.
    let mut answer = event.effect(SOURCE, 0, payload);
    answer.envelope.client = ClientKind::Bot;
    Some(answer)
}

fn registration(payload: &Payload) -> Option<RegistrationId> {
    match payload {
        Payload::RegistrationRequested(asked) => Some(asked.registration_id),
        Payload::RegistrationRejected(rejected) => Some(rejected.registration_id),
        _ => None,
    }
}
