//! How far the log has been taken in, per partition.

use event_schema::{EventId, Topic};
use platform::LogId;
use sqlx::{PgConnection, PgPool};

/// A partition of the log.
pub(crate) type Place = (Topic, i32);

/// What a row says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    /// The next offset to be taken in.
    pub(crate) next_offset: i64,
    /// The last event taken in; `None` before the first.
    pub(crate) last_event: Option<LastEvent>,
}

/// An event and where it is. Between it and the next offset there may be offsets without an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LastEvent {
    pub(crate) offset: i64,
    pub(crate) id: EventId,
}

impl Checkpoint {
    /// Where to read from: at the last event, which must still be there.
    pub(crate) fn read_from(&self) -> i64 {
        self.last_event.map_or(self.next_offset, |last| last.offset)
    }
}

/// The rows of these partitions; makes those that are missing.
pub(crate) async fn load(db: &PgPool, log: LogId, places: &[Place]) -> sqlx::Result<Vec<(Place, Checkpoint)>> {
    let topics: Vec<String> = places.iter().map(|(topic, _)| topic.name().to_owned()).collect();
    let partitions: Vec<i32> = places.iter().map(|(_, partition)| *partition).collect();
    sqlx::query!(
        "insert into mail.checkpoints (log_id, topic, partition, next_offset)
         select $1, topic, partition, 0 from unnest($2::text[], $3::int[]) as wanted (topic, partition) order by 2, 3
         on conflict do nothing",
        log.0,
        &topics,
        &partitions,
    )
    .execute(db)
    .await?;
    let rows = sqlx::query!(
        r#"select checkpoint.topic, checkpoint.partition, next_offset, last_event_id, last_event_offset
           from mail.checkpoints checkpoint
           join unnest($2::text[], $3::int[]) as wanted (topic, partition) using (topic, partition)
           where log_id = $1"#,
        log.0,
        &topics,
        &partitions,
    )
    .fetch_all(db)
    .await?;
    let known = rows.into_iter().filter_map(|row| {
        // A row that was written before offsets could have gaps does not say where the event is.
        let offset = row.last_event_offset.unwrap_or(row.next_offset - 1);
        let last_event = row.last_event_id.map(|id| LastEvent { offset, id: EventId(id) });
        Some(((Topic::from_name(&row.topic)?, row.partition), Checkpoint { next_offset: row.next_offset, last_event }))
    });
    Ok(known.collect())
}

/// Moves a row on; `false` if it does not stand where the caller believes. Locks it until the transaction ends, so that of
/// two who take in the same events one finds them taken in.
pub(crate) async fn advance(
    tx: &mut PgConnection,
    log: LogId,
    (topic, partition): Place,
    from: i64,
    to: Checkpoint,
) -> sqlx::Result<bool> {
    let moved = sqlx::query!(
        "update mail.checkpoints set next_offset = $5, last_event_id = $6, last_event_offset = $7
         where log_id = $1 and topic = $2 and partition = $3 and next_offset = $4",
        log.0,
        topic.name(),
        partition,
        from,
        to.next_offset,
        to.last_event.map(|last| last.id.0),
        to.last_event.map(|last| last.offset),
    );
    Ok(moved.execute(tx).await?.rows_affected() == 1)
}
