//! What the mailer tells the log: what it has accepted, sent, given up. Their ids follow from what caused them, so that
//! telling twice is telling once.

use event_schema::envelope::RULES;
use event_schema::ids::effect_event_id;
use event_schema::topics::Key;
use event_schema::{
    ClientKind, CommandId, Envelope, Event, EventId, MailRequestId, Payload, RegistrationId, Timestamp, UserId,
    WorkspaceId, mail, registration,
};

/// Who they say they are from.
const SOURCE: &str = "/chatlog/mailer";
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
    [effect(cause, 0, requested), effect(cause, 1, completed)]
}

/// The step of a rejected sign-up is undone.
pub(crate) fn compensated(cause: &Event, registration: RegistrationId) -> Event {
    effect(cause, 0, registration::StepCompensated { registration_id: registration, step: STEP.to_owned() })
}

/// What follows from an event of the log: everything in it follows from that.
fn effect(cause: &Event, n: u32, payload: impl Into<Payload>) -> Event {
    let (payload, key) = (payload.into(), cause.key.clone());
    let id = effect_event_id(cause.envelope.id, n);
    let envelope = Envelope {
        id,
        source: SOURCE.to_owned(),
        subject: payload.subject(&key, id),
        actor: UserId::PLATFORM,
        client: ClientKind::Platform,
        ..cause.envelope.clone()
    };
    Event { key, envelope, payload }
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
    let (payload, key) = (payload.into(), Key::Id(taken.user.0));
    let id = effect_event_id(EventId(taken.request.0), taken.claims.unsigned_abs());
    let envelope = Envelope {
        id,
        source: SOURCE.to_owned(),
        time: now,
        subject: payload.subject(&key, id),
        rules: RULES,
        actor: UserId::PLATFORM,
        command: CommandId(taken.request.0),
        client: ClientKind::Platform,
        workspace: WorkspaceId::DEFAULT,
        traceparent: None,
    };
    Event { key, envelope, payload }
}
