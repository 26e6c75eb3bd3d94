//! What became of events: where the fold left its word about each.

use std::collections::HashMap;

use event_schema::{EventId, MessageId, RoomId, Timestamp};
use sqlx::PgPool;
use uuid::Uuid;

/// The fold's word about a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MessageOutcome {
    /// It is in the room.
    Posted {
        seq: i64,
        /// The room's rev of the post.
        rev: i64,
        /// When it counts as posted.
        created_at: Timestamp,
    },
    Rejected(String),
}

/// The fold's word about any other event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It counts, with this rev.
    Applied(i64),
    Rejected(String),
}

/// Messages by id; those that the fold has not come to are absent.
pub async fn of_messages(
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

/// One event of any other type; `None` where the fold has not come to it, or had it before under another id.
pub async fn of_event(read_model: &PgPool, key: Uuid, event: EventId) -> Result<Option<Outcome>, sqlx::Error> {
    let row = sqlx::query!(
        r#"select rev as "rev?", null as reason from seen_events where key_id = $1 and event_id = $2
           union all
           select null, reason from rejections where key_id = $1 and event_id = $2"#,
        key,
        event.0,
    )
    .fetch_optional(read_model)
    .await?;
    Ok(row.and_then(|row| match (row.rev, row.reason) {
        (Some(rev), _) => Some(Outcome::Applied(rev)),
        (None, Some(reason)) => Some(Outcome::Rejected(reason)),
        (None, None) => None,
    }))
}
