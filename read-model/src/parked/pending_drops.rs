//! Parked events that were given up, and of which a generation has not come to the word.

use event_schema::{EventId, Topic};
use sqlx::PgPool;
use uuid::Uuid;

use crate::Partition;

/// An event that is given up, for somebody who has not come to the word of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PendingDrop {
    /// Where the event stands.
    pub partition: Partition,
    /// Its key.
    pub key: Uuid,
    /// Its id.
    pub event_id: EventId,
    /// Where the log says so; nothing while it does not.
    pub at: Option<i64>,
}

/// Events given up of which a generation has not come to the word, if the log says so at all by now. Few, if any: its plan is
/// of no interest.
pub async fn pending_drops(pool: &PgPool) -> sqlx::Result<Vec<PendingDrop>> {
    let rows = sqlx::query_as(
        "select topic, partition, key_id, event_id, at_offset
         from control.dropped_events left join checkpoints using (topic, partition)
         where at_offset is null or at_offset >= coalesce(next_offset, 0)",
    );
    let rows: Vec<(String, i32, Uuid, Uuid, Option<i64>)> = rows.fetch_all(pool).await?;
    let each = rows.into_iter().filter_map(|(topic, number, key, event_id, at)| {
        let partition = Partition { topic: Topic::from_name(&topic)?, number };
        Some(PendingDrop { partition, key, event_id: EventId(event_id), at })
    });
    Ok(each.collect())
}
