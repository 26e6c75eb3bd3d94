//! Mails that accounts are sent: asked for here, by events in `chat.mail`, and sent by the mailer. Neither address nor code is
//! in them.

use event_schema::{Event, MailRequestId, Timestamp, UserId, mail};
use platform::codes::{self, Purpose};
use platform::outbox::{self, OutboxError, Queued};
use sqlx::PgConnection;

use crate::command::Command;

/// The notice that a password is another one now.
const PASSWORD_CHANGED: &str = "password_changed";

/// Which id of its command the event has: those before are a sign-up's own.
const EVENT: u32 = 3;

/// Whom a mail is for, and in which language.
#[derive(Clone, Debug)]
pub struct Recipient {
    pub user: UserId,
    /// BCP 47 tag.
    pub locale: String,
}

/// Asks for a mail with a code; an earlier code for the same is void. The caller holds the account's row.
pub async fn code(
    tx: &mut PgConnection,
    command: &Command,
    recipient: &Recipient,
    purpose: Purpose,
    now: Timestamp,
) -> Result<(), OutboxError> {
    let request = MailRequestId(command.new_id(0).0);
    codes::issue(tx, recipient.user, purpose, request, now).await?;
    ask(tx, command, recipient, purpose.as_str(), request, now).await.map(drop)
}

/// Asks for the notice that the password was changed. The caller holds the account's row.
pub async fn password_changed(
    tx: &mut PgConnection,
    command: &Command,
    recipient: &Recipient,
    now: Timestamp,
) -> Result<(), OutboxError> {
    let request = MailRequestId(command.new_id(0).0);
    ask(tx, command, recipient, PASSWORD_CHANGED, request, now).await.map(drop)
}

async fn ask(
    tx: &mut PgConnection,
    command: &Command,
    recipient: &Recipient,
    template: &str,
    request_id: MailRequestId,
    now: Timestamp,
) -> Result<Vec<Queued>, OutboxError> {
    let (template, locale) = (template.to_owned(), recipient.locale.clone());
    let payload = mail::Requested { request_id, template, locale };
    // Whoever asks has not proved who they are: it is the platform that writes.
    let event: Event = command.event(recipient.user, command.new_id(EVENT), (UserId::PLATFORM, now), payload);
    outbox::insert(tx, &[event]).await
}
