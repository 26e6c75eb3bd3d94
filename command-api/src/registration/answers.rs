//! Answers of participants as they lie in `chat.registrations`.

use event_schema::{Event, Payload, RegistrationId, Topic, UserId};
use platform::kafka;
use rdkafka::Message as _;
use rdkafka::message::BorrowedMessage;

use super::saga::{ParticipantAnswer, StepOutcome};

/// Reads a record. One that is no answer is skipped, and said: outsiders write here, and none of them may stop everybody's
/// sign-ups. What it should have said is missing then, and the deadline decides.
pub(super) fn read(message: &BorrowedMessage<'_>) -> Option<ParticipantAnswer> {
    match kafka::read(Topic::Registrations, message) {
        Ok(event) => answer(event),
        Err(error) => {
            let (partition, offset) = (message.partition(), message.offset());
            tracing::error!(partition, offset, %error, "skipped a record of chat.registrations that is not an answer");
            metrics::counter!("registrations_unreadable_total").increment(1);
            None
        }
    }
}

fn answer(event: Event) -> Option<ParticipantAnswer> {
    let (registration, step, said): (RegistrationId, String, StepOutcome) = match event.payload {
        Payload::StepCompleted(it) => (it.registration_id, it.step, StepOutcome::Completed),
        Payload::StepFailed(it) => (it.registration_id, it.step, StepOutcome::Failed(it.reason)),
        Payload::StepCompensated(it) => (it.registration_id, it.step, StepOutcome::Compensated),
        _ => return None,
    };
    Some(ParticipantAnswer { registration, user: UserId(event.key.id()?), step, event: event.envelope.id, said })
}
