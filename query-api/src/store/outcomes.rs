//! What became of an event.

use event_schema::EventId;
use sqlx::PgConnection;
use uuid::Uuid;

/// What the tables say of an event: a reason, or the numbers it got.
#[derive(Clone, Debug)]
pub struct OutcomeRow {
    pub rev: Option<i64>,
    pub seq: Option<i64>,
    pub reason: Option<String>,
}

/// The first answer to an event id of a key. Of posts the message tells: it keeps the rev of its post in `first_rev` once a
/// later change has moved `rev` on.
pub async fn outcome(db: &mut PgConnection, key: Uuid, event: EventId) -> sqlx::Result<Option<OutcomeRow>> {
    sqlx::query_as!(
        OutcomeRow,
        r#"select coalesce(item::json ->> 'first_rev', item::json ->> 'rev')::bigint as rev, seq as "seq?",
                  null as reason
           from messages where room_id = $1 and message_id = $2
           union all
           select rev, null, null from seen_events where key_id = $1 and event_id = $2
           union all
           select null, null, reason from rejections where key_id = $1 and event_id = $2
           limit 1"#,
        key,
        event.0,
    )
    .fetch_optional(db)
    .await
}
