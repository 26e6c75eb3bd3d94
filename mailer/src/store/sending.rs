//! The queue as senders empty it. Who takes a mail counts up its claims; only the last who took it says what became of it.

use event_schema::{MailRequestId, Timestamp, UserId};
use sqlx::PgConnection;

use crate::events::Taken;
use crate::send_policy::Account;

/// A mail in somebody's hands.
#[derive(Clone, Debug)]
pub(crate) struct Claimed {
    pub(crate) taken: Taken,
    pub(crate) template: String,
    pub(crate) locale: String,
    /// Attempts before this one.
    pub(crate) attempts: i32,
    /// Somebody was sending it, and never said what became of it.
    pub(crate) abandoned: bool,
    pub(crate) rejected: bool,
}

/// Takes the mail that is due first and in nobody's hands.
pub(crate) async fn claim(
    tx: &mut PgConnection,
    now: Timestamp,
    lease: std::time::Duration,
) -> sqlx::Result<Option<Claimed>> {
    // Index Scan on outgoing_due, Limit 1, without those that others are just taking.
    let row = sqlx::query!(
        r#"with due as (
               select request_id, status = 'sending' as abandoned from mail.outgoing
               where status in ('waiting', 'sending') and due_at <= $1
               order by due_at limit 1 for update skip locked
           )
           update mail.outgoing mail set status = 'sending', claims = claims + 1, due_at = $2
           from due where mail.request_id = due.request_id
           returning mail.request_id, user_id, template, locale, attempts, claims, rejected, abandoned as "abandoned!""#,
        now.to_datetime(),
        now.to_datetime() + lease,
    )
    .fetch_optional(tx)
    .await?;
    Ok(row.map(|row| Claimed {
        taken: Taken { request: MailRequestId(row.request_id), user: UserId(row.user_id), claims: row.claims },
        template: row.template,
        locale: row.locale,
        attempts: row.attempts,
        abandoned: row.abandoned,
        rejected: row.rejected,
    }))
}

/// Whom a mail is for, as the account says now.
pub(crate) async fn account(tx: &mut PgConnection, user: UserId) -> sqlx::Result<Option<Account>> {
    let row =
        sqlx::query!("select status, email, display_name, username from identity.accounts where user_id = $1", user.0,)
            .fetch_optional(tx)
            .await?;
    Ok(row.map(|row| Account {
        status: row.status,
        address: row.email,
        display_name: row.display_name,
        username: row.username,
    }))
}

/// One more attempt begins.
pub(crate) async fn begin(tx: &mut PgConnection, taken: Taken) -> sqlx::Result<()> {
    sqlx::query!("update mail.outgoing set attempts = attempts + 1 where request_id = $1", taken.request.0)
        .execute(tx)
        .await?;
    Ok(())
}

/// Where a mail comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MailEnd {
    Sent,
    Parked,
    Dropped,
}

impl MailEnd {
    fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Parked => "parked",
            Self::Dropped => "dropped",
        }
    }
}

/// A mail has come to an end; `false` if somebody else has taken it since.
pub(crate) async fn finish(
    tx: &mut PgConnection,
    taken: Taken,
    end: MailEnd,
    reason: Option<&str>,
    now: Timestamp,
) -> sqlx::Result<bool> {
    let finished = sqlx::query!(
        "update mail.outgoing set status = $3, reason = $4, done_at = $5
         where request_id = $1 and claims = $2 and status = 'sending'",
        taken.request.0,
        taken.claims,
        end.as_str(),
        reason,
        now.to_datetime(),
    );
    Ok(finished.execute(tx).await?.rows_affected() == 1)
}

/// A mail goes back into the queue, unless somebody else has taken it since; at once where its sign-up was rejected
/// meanwhile, so that it is dropped.
pub(crate) async fn put_back(tx: &mut PgConnection, taken: Taken, reason: &str, due: Timestamp) -> sqlx::Result<()> {
    sqlx::query!(
        "update mail.outgoing
         set status = 'waiting', reason = $3, due_at = case when rejected then requested_at else $4 end
         where request_id = $1 and claims = $2 and status = 'sending'",
        taken.request.0,
        taken.claims,
        reason,
        due.to_datetime(),
    )
    .execute(tx)
    .await?;
    Ok(())
}
