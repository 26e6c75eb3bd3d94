//! What an event of the log asks of the mailer (pure).

use event_schema::{Event, MailRequestId, Payload, RegistrationId, UserId};

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MailAction {
    /// A sign-up began: its mail is ours from now on.
    Accept { registration: RegistrationId, user: UserId, locale: String },
    /// A sign-up was rejected: its mail must not go out.
    Reject { registration: RegistrationId },
    /// An account is there: its mail need not wait any longer.
    Release { user: UserId },
    /// A mail should go out.
    Enqueue { request: MailRequestId, user: UserId, template: String, locale: String },
}

/// What an event asks; most ask nothing.
pub(crate) fn of(event: &Event) -> Option<MailAction> {
    let user = UserId(event.key.id()?);
    match &event.payload {
        Payload::RegistrationRequested(it) => {
            Some(MailAction::Accept { registration: it.registration_id, user, locale: it.locale.clone() })
        }
        Payload::RegistrationRejected(it) => Some(MailAction::Reject { registration: it.registration_id }),
        Payload::Registered(_) => Some(MailAction::Release { user }),
        Payload::MailRequested(it) => Some(MailAction::Enqueue {
            request: it.request_id,
            user,
            template: it.template.clone(),
            locale: it.locale.clone(),
        }),
        _ => None,
    }
}
