//! The queue as administrators see it: what waits, what is parked, and trying it again.

use chrono::{DateTime, Utc};
use event_schema::{Event, UserId};
use platform::audit::admin_action;
use platform::outbox::{self, OutboxError};
use platform::{Clock, Ids};
use serde_json::json;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// A mail in the queue, without its address: that is the account's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub request_id: Uuid,
    pub user_id: Uuid,
    pub template: String,
    /// BCP 47 tag.
    pub locale: String,
    /// `waiting`, `sending`, `sent`, `parked` or `dropped`.
    pub status: String,
    /// Attempts since it was asked for (again).
    pub attempts: i32,
    /// Why it waits, is parked or was dropped.
    pub reason: Option<String>,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// When it is tried (again), while it waits.
    pub due_at: DateTime<Utc>,
    /// When it came to its end.
    pub done_at: Option<DateTime<Utc>>,
}

/// How long the queue is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Mails that wait or are being sent.
    pub waiting: i64,
    /// Mails that wait for somebody.
    pub parked: i64,
    /// Since when the oldest of the waiting is there.
    pub oldest: Option<DateTime<Utc>>,
}

pub async fn size(db: &PgPool) -> Result<Size, sqlx::Error> {
    // Index Scans on outgoing_due and outgoing_parked: what is sent long ago is not looked at.
    sqlx::query_as!(
        Size,
        r#"select (select count(*) from mail.outgoing where status in ('waiting', 'sending')) as "waiting!",
                  (select count(*) from mail.outgoing where status = 'parked') as "parked!",
                  (select min(requested_at) from mail.outgoing where status in ('waiting', 'sending')) as oldest"#,
    )
    .fetch_one(db)
    .await
}

/// Mails of one status (or of all), oldest first, those after `after`.
pub async fn page(db: &PgPool, status: Option<&str>, after: Option<&Row>, limit: i64) -> Result<Vec<Row>, sqlx::Error> {
    sqlx::query_as!(
        Row,
        "select request_id, user_id, template, locale, status, attempts, reason, requested_at, due_at, done_at
         from mail.outgoing
         where ($1::text is null or status = $1) and ($2::timestamptz is null or (requested_at, request_id) > ($2, $3))
         order by requested_at, request_id limit $4",
        status,
        after.map(|row| row.requested_at),
        after.map(|row| row.request_id),
        limit,
    )
    .fetch_all(db)
    .await
}

/// Puts a parked mail (or all of them) into the queue again, with all attempts; gives those that it put there. What an
/// administrator does is an event.
pub async fn retry(
    db: &PgPool,
    request: Option<Uuid>,
    (ids, clock): (&Ids, &Clock),
    actor: UserId,
) -> Result<Vec<Uuid>, OutboxError> {
    let mut tx = db.begin().await?;
    let again = sqlx::query_scalar!(
        "update mail.outgoing set status = 'waiting', attempts = 0, reason = null, done_at = null, due_at = $2
         where status = 'parked' and ($1::uuid is null or request_id = $1) returning request_id",
        request,
        clock.now().to_datetime(),
    )
    .fetch_all(&mut *tx)
    .await?;
    lock(&mut tx).await?;
    let acts: Vec<Event> = again.iter().map(|request| act(*request, (ids, clock), actor)).collect();
    outbox::insert(&mut tx, &acts).await?;
    tx.commit().await?;
    Ok(again)
}

/// Serialises acts, so that their events keep the order of their transactions: the lock of `command-api`'s administration.
async fn lock(tx: &mut PgConnection) -> Result<(), sqlx::Error> {
    const LOCK: i64 = 0x6368_6174_0000_0010;
    sqlx::query!("select pg_advisory_xact_lock($1)", LOCK).fetch_one(tx).await?;
    Ok(())
}

fn act(request: Uuid, (ids, clock): (&Ids, &Clock), actor: UserId) -> Event {
    let details = json!({"request_id": request}).as_object().cloned().unwrap_or_default();
    admin_action((ids, clock), actor, "mail_retried", request.to_string(), details)
}
