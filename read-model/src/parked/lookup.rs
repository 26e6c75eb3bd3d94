//! Whether something is parked: what the tables show of a parked key is not all. Each is one look-up in `parked_pkey`, which is
//! empty unless something is wrong.

use event_schema::EventId;
use sqlx::PgExecutor;
use uuid::Uuid;

/// Whether any of these keys has parked events in a topic.
pub async fn is_any_key_parked(read_model: impl PgExecutor<'_>, topic: &str, keys: &[Uuid]) -> sqlx::Result<bool> {
    let found = sqlx::query_scalar!(
        r#"select exists (select from parked where key_id = any ($1) and topic = $2) as "found!""#,
        keys,
        topic
    );
    found.fetch_one(read_model).await
}

/// Whether an event is parked.
pub async fn is_event_parked(read_model: impl PgExecutor<'_>, key: Uuid, event: EventId) -> sqlx::Result<bool> {
    let found = sqlx::query_scalar!(
        r#"select exists (select from parked where key_id = $1 and event_id = $2) as "found!""#,
        key,
        event.0
    );
    found.fetch_one(read_model).await
}

/// Whether an event of a key waits that a position includes: the tables do not show it, however far they are.
pub async fn is_parked_before(
    read_model: impl PgExecutor<'_>,
    topic: &str,
    key: Uuid,
    next_offset: i64,
) -> sqlx::Result<bool> {
    // Index Only Scan on parked_pkey; the table is empty unless something is wrong.
    sqlx::query_scalar!(
        r#"select exists (select from parked where key_id = $1 and topic = $2 and at_offset < $3) as "is!""#,
        key,
        topic,
        next_offset
    )
    .fetch_one(read_model)
    .await
}
