//! What the mailer tells the log: what it has accepted, sent, given up. Their ids follow from what caused them, so that
//! telling twice is telling once.

use event_schema::ids::effect_event_id;
use event_schema::topics::Key;
use event_schema::{
    CommandId, Event, EventId, MailRequestId, Payload, RegistrationId, Timestamp, UserId, mail, registration,
};

/// Who they say they are from.
const SOURCE: &str = "/chatlog/mailer";
/// What becomes of a mail is numbered by itself: its cause is a request, and an attempt.
const OUTCOMES: &str = "/chatlog/mailer/outcomes";
/// The mailer's name as a participant of the sign-up saga.
pub(crate) const STEP: &str = "mailer";

/// Why a mail of a rejected sign-up is not sent.
pub(crate) const REGISTRATION_REJECTED: &str = "registration_rejected";

/// The mail of a sign-up is the mailer's: it is asked for, and the saga's step is done.
pub(crate) fn accepted(cause: &Event, registration: RegistrationId, locale: &str) -> [Event; 2] {
    let requested = mail::Requested {
        request_id: MailRequestId(registration.0),
        template: crate::template::Template::Verify.as_str().to_owned(),
        locale: locale.to_owned(),
    };
    let completed = registration::StepCompleted { registration_id: registration, step: STEP.to_owned() };
    [cause.effect(SOURCE, 0, requested), cause.effect(SOURCE, 1, completed)]
}

/// The step of a rejected sign-up is undone.
pub(crate) fn compensated(cause: &Event, registration: RegistrationId) -> Event {
    cause.effect(SOURCE, 0, registration::StepCompensated { registration_id: registration, step: STEP.to_owned() })
}

/// A mail of whom, and the how manieth time that somebody took it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taken {
    pub(crate) request: MailRequestId,
    pub(crate) user: UserId,
    pub(crate) claims: i32,
}

/// A mail server has taken the mail.
pub(crate) fn sent(taken: Taken, now: Timestamp) -> Event {
    outcome(taken, now, mail::Sent { request_id: taken.request })
}

/// The mail is given up, or waits for somebody to ask for it again.
pub(crate) fn failed(taken: Taken, now: Timestamp, reason: &str) -> Event {
    outcome(taken, now, mail::Failed { request_id: taken.request, reason: reason.to_owned() })
}

fn outcome(taken: Taken, now: Timestamp, payload: impl Into<Payload>) -> Event {
    let id = effect_event_id(OUTCOMES, EventId(taken.request.0), taken.claims.unsigned_abs());
    Event::by_platform(SOURCE, (id, CommandId(taken.request.0)), now, Key::Id(taken.user.0), payload)
}
