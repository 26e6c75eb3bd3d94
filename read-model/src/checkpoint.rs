//! The checkpoint of a partition: who may write, and from which offset on (promise P6).
//!
//! An owner takes the row by raising its epoch, synchronously committed; every batch then moves it on, in the batch's own
//! transaction, only where epoch and offset are what the owner believes.

use std::collections::HashMap;

use event_schema::{EventId, Topic};
use platform::LogId;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::Partition;

/// What the row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Counts the owners.
    pub epoch: i64,
    /// The next offset to be folded.
    pub next_offset: i64,
    /// The last event folded; `None` before the first.
    pub last_event: Option<LastEvent>,
}

/// An event and where it is. Between it and the next offset there may be offsets without an event: markers of transactions,
/// aborted records, records that are not ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastEvent {
    /// Its offset.
    pub offset: i64,
    /// Its id.
    pub id: EventId,
}

impl Checkpoint {
    /// Where to read from: at the last folded event, which must still be there.
    #[must_use]
    pub fn read_from(&self) -> i64 {
        self.last_event.map_or(self.next_offset, |last| last.offset)
    }

    /// Without what stands there.
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark { epoch: self.epoch, next_offset: self.next_offset }
    }

    /// The row after a batch that ends before an offset; its last event, if it has one.
    #[must_use]
    pub fn after(&self, next_offset: i64, last_event: Option<LastEvent>) -> Self {
        Self { next_offset, last_event: last_event.or(self.last_event), ..*self }
    }
}

/// What an owner's right to write depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Counts the owners.
    pub epoch: i64,
    /// The next offset to be folded.
    pub next_offset: i64,
}

/// What is known of a generation.
#[derive(Clone, Copy, Debug)]
pub struct GenerationInfo {
    /// The log it is folded from.
    pub log_id: LogId,
    /// The fold that writes it.
    pub fold_version: i32,
    /// It has no keys yet.
    pub loading: bool,
    /// How often rooms of it were repaired.
    pub repairs: i32,
}

/// The record of a generation; `None` if it was dropped.
pub async fn generation(pool: &PgPool, number: i32) -> sqlx::Result<Option<GenerationInfo>> {
    let row = sqlx::query!(
        r#"select log_id, fold_version, state = 'loading' as "loading!", repairs
           from control.generations where generation = $1"#,
        number
    );
    let row = row.fetch_optional(pool).await?;
    Ok(row.map(|row| GenerationInfo {
        log_id: LogId(row.log_id),
        fold_version: row.fold_version,
        loading: row.loading,
        repairs: row.repairs,
    }))
}

/// Takes the row of a partition: whoever held it can no longer write. Durable before it returns.
pub async fn claim(pool: &PgPool, partition: Partition) -> sqlx::Result<Checkpoint> {
    let row = sqlx::query!(
        "insert into checkpoints (topic, partition, epoch, next_offset) values ($1, $2, 1, 0)
         on conflict (topic, partition) do update set epoch = checkpoints.epoch + 1
         returning epoch, next_offset, last_event_id, last_event_offset",
        partition.topic.name(),
        partition.number
    );
    let row = row.fetch_one(pool).await?;
    let last_event = last_event(row.next_offset, row.last_event_id, row.last_event_offset);
    Ok(Checkpoint { epoch: row.epoch, next_offset: row.next_offset, last_event })
}

/// The last event of a row. One that was written before offsets could have gaps does not say where the event is: right
/// before the next offset.
#[must_use]
pub fn last_event(next_offset: i64, id: Option<Uuid>, offset: Option<i64>) -> Option<LastEvent> {
    id.map(|id| LastEvent { id: EventId(id), offset: offset.unwrap_or(next_offset - 1) })
}

/// Keeps the row where it is until the transaction ends; where there is none, makes it.
pub async fn hold(connection: &mut PgConnection, partition: Partition) -> sqlx::Result<()> {
    let hold = sqlx::query!(
        "insert into checkpoints (topic, partition, epoch, next_offset) values ($1, $2, 0, 0)
         on conflict (topic, partition) do update set epoch = checkpoints.epoch",
        partition.topic.name(),
        partition.number
    );
    hold.execute(connection).await.map(drop)
}

/// Whoever holds the partition can no longer write: it has to take it again.
pub async fn raise(connection: &mut PgConnection, partition: Partition) -> sqlx::Result<()> {
    let raise = sqlx::query!(
        "update checkpoints set epoch = epoch + 1 where topic = $1 and partition = $2",
        partition.topic.name(),
        partition.number
    );
    raise.execute(connection).await.map(drop)
}

/// Moves the row on behind a batch; `false` if it is not where the owner believes. Locks the row until the transaction
/// ends, so that a batch of an earlier owner and the first of a later one cannot run at the same time.
pub async fn advance(
    connection: &mut PgConnection,
    partition: Partition,
    held: &Checkpoint,
    to: &Checkpoint,
) -> sqlx::Result<bool> {
    let moved = sqlx::query!(
        "update checkpoints set next_offset = $5, last_event_id = $6, last_event_offset = $7
         where topic = $1 and partition = $2 and epoch = $3 and next_offset = $4",
        partition.topic.name(),
        partition.number,
        held.epoch,
        held.next_offset,
        to.next_offset,
        to.last_event.map(|last| last.id.0),
        to.last_event.map(|last| last.offset)
    );
    Ok(moved.execute(connection).await?.rows_affected() == 1)
}

/// Epoch and next offset of every partition. Checkpoints are few: the whole table is read.
pub async fn all(connection: &mut PgConnection) -> sqlx::Result<HashMap<Partition, Mark>> {
    let rows = sqlx::query_as("select topic, partition, epoch, next_offset from checkpoints");
    let rows: Vec<(String, i32, i64, i64)> = rows.fetch_all(connection).await?;
    let mark = |(topic, number, epoch, next_offset): (String, i32, i64, i64)| {
        Some((Partition { topic: Topic::from_name(&topic)?, number }, Mark { epoch, next_offset }))
    };
    Ok(rows.into_iter().filter_map(mark).collect())
}

/// The row as it stands.
pub async fn read(connection: &mut PgConnection, partition: Partition) -> sqlx::Result<Option<Checkpoint>> {
    let row = sqlx::query!(
        "select epoch, next_offset, last_event_id, last_event_offset from checkpoints where topic = $1 and partition = $2",
        partition.topic.name(),
        partition.number
    );
    Ok(row.fetch_optional(connection).await?.map(|row| Checkpoint {
        epoch: row.epoch,
        next_offset: row.next_offset,
        last_event: last_event(row.next_offset, row.last_event_id, row.last_event_offset),
    }))
}
