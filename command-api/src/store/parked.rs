//! Keys of which events wait, because one of them could not be processed: what the tables show of them is not all.

use api_kit::Problem;
use event_schema::{EventId, Topic};
use http::StatusCode;
use sqlx::PgPool;
use uuid::Uuid;

/// Whether any of these keys is parked: a look-up in `parked_pkey`, which is empty unless something is wrong.
pub async fn any(read_model: &PgPool, topic: Topic, keys: &[String]) -> Result<bool, sqlx::Error> {
    let keys: Vec<Uuid> = keys.iter().filter_map(|key| key.parse().ok()).collect();
    let found = sqlx::query_scalar!(
        r#"select exists (select from parked where key_id = any ($1) and topic = $2) as "found!""#,
        &keys,
        topic.name()
    );
    found.fetch_one(read_model).await
}

/// Whether an event is parked.
pub async fn waits(read_model: &PgPool, key: Uuid, event: EventId) -> Result<bool, sqlx::Error> {
    let found = sqlx::query_scalar!(
        r#"select exists (select from parked where key_id = $1 and event_id = $2) as "found!""#,
        key,
        event.0
    );
    found.fetch_one(read_model).await
}

/// A refusal that nobody can give: what would decide it waits for an administrator.
#[must_use]
pub fn problem() -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "parked", "Parked: waiting for an administrator")
        .detail("an event of this room or person could not be processed, and what came after it waits")
        .retry_after(30)
}
