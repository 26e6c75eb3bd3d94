//! Answers of participants as they lie in `chat.registrations`.

use event_schema::{Event, Payload, RegistrationId, Topic, UserId};
use platform::foreign_records::ForeignRecord;
use platform::kafka;
use rdkafka::Message as _;
use rdkafka::message::BorrowedMessage;

use super::saga::{ParticipantAnswer, StepOutcome};

/// Reads a record; `None` where it is an event of another kind. One that cannot be read is set aside: outsiders write here, and
/// none of them may stop everybody's sign-ups. What it should have said is missing then, and the deadline decides.
pub(super) fn read(message: &BorrowedMessage<'_>) -> Result<Option<ParticipantAnswer>, ForeignRecord> {
    match kafka::classify(Topic::Registrations, message) {
        Ok(event) => Ok(answer(event)),
        Err(why) => {
            metrics::counter!("registrations_unreadable_total").increment(1);
            Err(ForeignRecord::new(Topic::Registrations, message.partition(), message.offset(), &why))
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
