//! The queue as the log fills it.

use event_schema::{MailRequestId, Timestamp, UserId};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::events::{REGISTRATION_REJECTED, Taken};
use crate::send_policy::PENDING;

/// A mail that was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) id: MailRequestId,
    pub(crate) user: UserId,
    pub(crate) template: &'a str,
    pub(crate) locale: &'a str,
    pub(crate) time: Timestamp,
}

/// Puts a mail into the queue, once per request; `false` if it was there.
pub(crate) async fn enqueue(tx: &mut PgConnection, mail: Request<'_>, now: Timestamp) -> sqlx::Result<bool> {
    let inserted = sqlx::query!(
        "insert into mail.outgoing (request_id, user_id, template, locale, requested_at, due_at)
         values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
        mail.id.0,
        mail.user.0,
        mail.template,
        mail.locale,
        mail.time.to_datetime(),
        now.to_datetime(),
    );
    Ok(inserted.execute(tx).await?.rows_affected() == 1)
}

/// What a rejected sign-up finds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rejected {
    /// Its step was never answered, or was undone before.
    Nothing,
    /// Nothing is left to stop: the mail is with a server just now, or has come to its end.
    Beyond,
    /// The mail that will not be sent.
    Dropped(Taken),
}

/// The sign-up of this mail is rejected: it is not sent, unless it is being sent just now.
pub(crate) async fn reject(tx: &mut PgConnection, request: MailRequestId, now: Timestamp) -> sqlx::Result<Rejected> {
    let row = sqlx::query!(
        r#"with found as (
               select request_id, status in ('waiting', 'parked') as stoppable from mail.outgoing
               where request_id = $1 and not rejected for update
           )
           update mail.outgoing mail
           set rejected = true,
               claims = claims + case when stoppable then 1 else 0 end,
               status = case when stoppable then 'dropped' else status end,
               reason = case when stoppable then $2 else reason end,
               done_at = case when stoppable then $3 else done_at end
           from found where mail.request_id = found.request_id
           returning mail.user_id, mail.claims, stoppable as "stoppable!""#,
        request.0,
        REGISTRATION_REJECTED,
        now.to_datetime(),
    )
    .fetch_optional(tx)
    .await?;
    Ok(match row {
        None => Rejected::Nothing,
        Some(row) if row.stoppable => {
            Rejected::Dropped(Taken { request, user: UserId(row.user_id), claims: row.claims })
        }
        Some(_) => Rejected::Beyond,
    })
}

/// These people's accounts are there now: mails that wait for them are due.
pub(crate) async fn release(tx: &mut PgConnection, users: &[Uuid], now: Timestamp) -> sqlx::Result<()> {
    // Index Scan on outgoing_of_user; nearly always it finds nothing.
    sqlx::query!(
        "update mail.outgoing set due_at = $2 where user_id = any($1) and status = 'waiting' and reason = $3",
        users,
        now.to_datetime(),
        PENDING,
    )
    .execute(tx)
    .await?;
    Ok(())
}
