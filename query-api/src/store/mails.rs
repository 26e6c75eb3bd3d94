//! Mails as administrators see them (schema `mail`, which the mailer writes). It has no addresses: they are the accounts'.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

#[derive(Clone, Debug)]
pub struct MailRow {
    pub request_id: Uuid,
    pub user_id: Uuid,
    pub template: String,
    pub locale: String,
    pub status: String,
    pub attempts: i32,
    pub reason: Option<String>,
    pub requested_at: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
    pub done_at: Option<DateTime<Utc>>,
}

/// The mails that were asked for before a place in time, the latest first.
pub async fn page(
    db: &mut PgConnection,
    status: Option<&str>,
    (requested, id): (DateTime<Utc>, Uuid),
    limit: i64,
) -> sqlx::Result<Vec<MailRow>> {
    sqlx::query_as!(
        MailRow,
        "select request_id, user_id, template, locale, status, attempts, reason, requested_at, due_at, done_at
         from mail.outgoing
         where (requested_at, request_id) < ($1, $2) and ($3::text is null or status = $3)
         order by requested_at desc, request_id desc limit $4",
        requested,
        id,
        status,
        limit,
    )
    .fetch_all(db)
    .await
}
