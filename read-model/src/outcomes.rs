//! What became of events: where the fold left its outcome of each.

use std::collections::HashMap;

use event_schema::{EventId, MessageId, RoomId, Timestamp};
use sqlx::{PgExecutor, PgPool};
use uuid::Uuid;

/// What the tables say of an event: a reason, or the numbers it got.
#[derive(Clone, Debug)]
pub struct OutcomeRow {
    /// The rev that it was applied with; 0 where none are counted.
    pub rev: Option<i64>,
    /// The seq, if it is a post.
    pub seq: Option<i64>,
    /// Why it was rejected.
    pub reason: Option<String>,
}

/// The outcome of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MessageOutcome {
    /// It is in the room.
    Posted {
        /// Its number in the room.
        seq: i64,
        /// The room's rev of the post.
        rev: i64,
        /// When it counts as posted.
        created_at: Timestamp,
    },
    /// It does not count, for this reason.
    Rejected(String),
}

/// The first answer to an event id of a key. Of posts the message tells: it keeps the rev of its post in `first_rev` once a
/// later change has moved `rev` on.
pub async fn event_outcome(
    read_model: impl PgExecutor<'_>,
    key: Uuid,
    event: EventId,
) -> sqlx::Result<Option<OutcomeRow>> {
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
    .fetch_optional(read_model)
    .await
}

/// Messages by id; those that the fold has not come to are absent.
pub async fn message_outcomes(
    read_model: &PgPool,
    room: RoomId,
    ids: &[MessageId],
) -> Result<HashMap<MessageId, MessageOutcome>, sqlx::Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    // An item keeps the rev of its post in `first_rev` once a later change has moved `rev` on.
    let posted = sqlx::query!(
        r#"select message_id, seq, created_at,
                  coalesce(item::json ->> 'first_rev', item::json ->> 'rev')::bigint as "rev!"
           from messages where room_id = $1 and message_id = any($2)"#,
        room.0,
        &ids,
    )
    .fetch_all(read_model)
    .await?;
    let mut outcomes: HashMap<MessageId, MessageOutcome> = posted
        .into_iter()
        .map(|row| {
            let created_at = row.created_at.into();
            (MessageId(row.message_id), MessageOutcome::Posted { seq: row.seq, rev: row.rev, created_at })
        })
        .collect();
    if outcomes.len() < ids.len() {
        let rejected = sqlx::query!(
            "select event_id, reason from rejections where key_id = $1 and event_id = any($2)",
            room.0,
            &ids,
        )
        .fetch_all(read_model)
        .await?;
        let rejected = rejected.into_iter();
        outcomes.extend(rejected.map(|row| (MessageId(row.event_id), MessageOutcome::Rejected(row.reason))));
    }
    Ok(outcomes)
}
