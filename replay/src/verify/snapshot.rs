//! What the tables of a generation say, all at one moment.

use std::collections::BTreeMap;

use event_schema::{RoomId, Topic};
use futures::TryStreamExt as _;
use platform::settings::PostgresSettings;
use platform::{LogId, postgres};
use read_model::Partition;
use read_model::checkpoint::{self, LastEvent};
use read_model::generations::search_path;
use sqlx::{Connection as _, Executor as _, PgConnection, Row as _};
use uuid::Uuid;

use crate::exclusions::{self, Exclusions};
use crate::table::Table;

/// A long look at tables that change meanwhile.
const BEGIN: &str = "begin isolation level repeatable read read only;
set local statement_timeout = 0;
set local idle_in_transaction_session_timeout = 0;
set local jit = off";
/// The bytes before the first row of a binary COPY: a signature, flags, the length of an extension.
const HEADER: usize = 19;

/// A generation to be looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meant {
    pub(crate) number: i32,
    pub(crate) fold_version: i32,
    pub(crate) log_id: LogId,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Reached {
    pub(crate) next_offset: i64,
    pub(crate) last_event: Option<LastEvent>,
}

/// One moment of a generation.
pub(crate) struct Snapshot {
    connection: PgConnection,
}

impl Snapshot {
    /// Looks at this generation.
    pub(crate) async fn open(settings: &PostgresSettings, generation: i32) -> sqlx::Result<Self> {
        let mut connection = postgres::connect(settings, &search_path(generation)).await?;
        connection.execute(BEGIN).await?;
        Ok(Self { connection })
    }

    pub(crate) async fn close(self) {
        // Nothing was written: how it ends does not matter.
        let _ = self.connection.close().await;
    }

    /// The checkpoints of partitions that there are by their names.
    pub(crate) async fn checkpoints(&mut self) -> sqlx::Result<Vec<(Partition, Reached)>> {
        let rows = sqlx::query(
            "select topic, partition, next_offset, last_event_id, last_event_offset from checkpoints order by 1, 2",
        )
        .fetch_all(&mut self.connection)
        .await?;
        let mut checkpoints = Vec::with_capacity(rows.len());
        for row in rows {
            let Some(topic) = Topic::from_name(row.try_get("topic")?) else { continue };
            let (next_offset, id) = (row.try_get("next_offset")?, row.try_get("last_event_id")?);
            let last_event = checkpoint::last_event(next_offset, id, row.try_get("last_event_offset")?);
            let reached = Reached { next_offset, last_event };
            checkpoints.push((Partition { topic, number: row.try_get("partition")? }, reached));
        }
        Ok(checkpoints)
    }

    /// What the live fold has not folded, of each partition.
    pub(crate) async fn asides(&mut self) -> sqlx::Result<BTreeMap<Partition, Exclusions>> {
        exclusions::all(&mut self.connection).await
    }

    /// Rooms by chance, the same for the same seed and rooms. Plan: Seq Scan on rooms, Sort; it is not a query of readers.
    pub(crate) async fn sample(&mut self, rooms: u32, seed: u64) -> sqlx::Result<Vec<RoomId>> {
        let sql = "select room_id from rooms order by md5(room_id::text || $1), room_id limit $2";
        let query = sqlx::query_scalar::<_, Uuid>(sql).bind(seed.to_string()).bind(i64::from(rooms));
        Ok(query.fetch_all(&mut self.connection).await?.into_iter().map(RoomId).collect())
    }

    /// Hands over every row that a statement copies out.
    pub(crate) async fn copy_out(&mut self, statement: &str, each: impl FnMut(&[u8])) -> sqlx::Result<()> {
        copy_out(&mut self.connection, statement, each).await
    }

    /// Every row of a table.
    pub(crate) async fn all_rows(&mut self, table: Table, each: impl FnMut(&[u8])) -> sqlx::Result<()> {
        self.copy_out(&table.copy_out(), each).await
    }
}

/// Hands over every row that a statement copies out.
pub(crate) async fn copy_out(
    connection: &mut PgConnection,
    statement: &str,
    mut each: impl FnMut(&[u8]),
) -> sqlx::Result<()> {
    let mut pieces = connection.copy_out_raw(statement).await?;
    let (mut waiting, mut begun) = (Vec::new(), false);
    while let Some(piece) = pieces.try_next().await? {
        waiting.extend_from_slice(&piece);
        let mut at = 0;
        if !begun && waiting.len() >= HEADER {
            (begun, at) = (true, HEADER);
        }
        while begun && let Some(length) = length_of(&waiting[at..]) {
            each(&waiting[at..at + length]);
            at += length;
        }
        waiting.drain(..at);
    }
    Ok(())
}

/// The length of the row at the beginning of these bytes; `None` if it is not whole, or is the end of all rows.
fn length_of(bytes: &[u8]) -> Option<usize> {
    let fields = u16::try_from(i16::from_be_bytes(*bytes.first_chunk()?)).ok()?;
    let mut length = 2;
    for _ in 0..fields {
        let field = i32::from_be_bytes(*bytes.get(length..)?.first_chunk()?);
        length += 4 + usize::try_from(field).unwrap_or(0);
    }
    (length <= bytes.len()).then_some(length)
}

/// The generation of this number, or the active one.
pub(crate) async fn find(settings: &PostgresSettings, number: Option<i32>) -> sqlx::Result<Option<Meant>> {
    let mut connection = postgres::connect(settings, postgres::CONTROL_PATH).await?;
    let row = sqlx::query!(
        "select generation, fold_version, log_id from control.generations
         where case when $1::int is null then state = 'active' else generation = $1 end",
        number
    );
    let row = row.fetch_optional(&mut connection).await?;
    connection.close().await?;
    Ok(row.map(|row| Meant { number: row.generation, fold_version: row.fold_version, log_id: LogId(row.log_id) }))
}
