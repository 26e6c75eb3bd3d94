//! Puts what the log says of one room in the place of what the tables say, row by row where they differ, in the caller's
//! transaction. Rows that agree are not touched: a room of millions of messages with one wrong text costs one pass over it.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::path::Path;

use serde::Serialize;
use sqlx::{AssertSqlSafe, Executor as _, PgConnection};
use uuid::Uuid;

use super::load::{HEADER, PIECE, TRAILER};
use crate::append_file::AppendFile;
use crate::checksums::comparable;
use crate::copy_encoder;
use crate::partition_replay::Replay;
use crate::table::Table;

/// What was changed in a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Touched {
    pub table: &'static str,
    /// Rows taken away: they were wrong, or should not have been there.
    pub removed: u64,
    /// Rows written: they were wrong, or missing.
    pub written: u64,
}

/// Mends a room in every table; gives the tables in which something was wrong. `replays` are of the partitions that hold its
/// events, each folded up to the checkpoint that the transaction holds.
pub(super) async fn repair(
    connection: &mut PgConnection,
    room: Uuid,
    replays: &[&Replay],
    scratch: &Path,
) -> Result<Vec<Touched>, RepairRowsError> {
    let mut touched = Vec::new();
    for table in Table::ALL.into_iter().filter(|table| !matches!(table, Table::Users | Table::Friends)) {
        let difference = compare(connection, table, room, replays, scratch).await?;
        let RowDifference { removed, written, .. } = difference;
        if removed + written == 0 {
            continue;
        }
        remove(connection, table, &difference).await?;
        copy(connection, &table.copy_in(), &difference.wanted).await?;
        touched.push(Touched { table: table.name(), removed, written });
    }
    Ok(touched)
}

/// Why nothing was mended; the transaction is not to be committed.
#[derive(Debug, thiserror::Error)]
pub(super) enum RepairRowsError {
    #[error(transparent)]
    Postgres(#[from] sqlx::Error),
    #[error("the scratch files: {0}")]
    Scratch(#[from] io::Error),
}

/// Rows of one table, beyond memory.
struct RowDifference {
    /// As the table has them.
    gone: AppendFile,
    removed: u64,
    /// As the log wants them.
    wanted: AppendFile,
    written: u64,
}

async fn compare(
    connection: &mut PgConnection,
    table: Table,
    room: Uuid,
    replays: &[&Replay],
    scratch: &Path,
) -> Result<RowDifference, RepairRowsError> {
    let hasher = RandomState::new();
    let identity = |row: &[u8]| hasher.hash_one(copy_encoder::prefix(row, table.key_columns()));
    let mut open: HashMap<u64, u64> = HashMap::new();
    for replay in replays {
        replay.rows(table, |row| {
            open.insert(identity(row), hasher.hash_one(comparable(table, row)));
            Ok::<_, io::Error>(())
        })?;
    }
    let (mut gone, mut wanted) = (AppendFile::new(scratch), AppendFile::new(scratch));
    let (mut removed, mut written, mut kept) = (0, 0, Ok(()));
    let look = |row: &[u8]| {
        let place = identity(row);
        if open.get(&place) == Some(&hasher.hash_one(comparable(table, row))) {
            open.remove(&place);
        } else if kept.is_ok() {
            removed += 1;
            kept = gone.append(&[row]).map(drop);
        }
    };
    crate::verify::snapshot::copy_out(connection, &table.copy_out_of(&[room]), look).await?;
    kept?;
    for replay in replays {
        replay.rows(table, |row| {
            if open.contains_key(&identity(row)) {
                written += 1;
                wanted.append(&[row])?;
            }
            Ok::<_, io::Error>(())
        })?;
    }
    Ok(RowDifference { gone, removed, wanted, written })
}

/// Deletes rows by their primary keys. Plan: Nested Loop over `gone`, Index Scan on the primary key.
async fn remove(
    connection: &mut PgConnection,
    table: Table,
    difference: &RowDifference,
) -> Result<(), RepairRowsError> {
    if difference.removed == 0 {
        return Ok(());
    }
    let name = table.name();
    // Names of tables and columns are ours. Temporary tables come first on every search path.
    connection.execute(AssertSqlSafe(format!("create temporary table gone (like {name}) on commit drop"))).await?;
    copy(connection, &table.copy_in_as("gone"), &difference.gone).await?;
    let columns = table.columns()[..table.key_columns()].iter();
    let same: Vec<String> = columns.map(|(column, _)| format!("its.{column} = gone.{column}")).collect();
    let delete = format!("delete from {name} its using gone where {}; drop table gone", same.join(" and "));
    connection.execute(AssertSqlSafe(delete)).await?;
    Ok(())
}

/// Writes the rows of a tape.
async fn copy(connection: &mut PgConnection, statement: &str, rows: &AppendFile) -> Result<(), RepairRowsError> {
    let mut copying = connection.copy_in_raw(statement).await?;
    let mut piece = HEADER.to_vec();
    let mut records = rows.records();
    while let Some((_, row)) = records.next()? {
        piece.extend_from_slice(row);
        if piece.len() >= PIECE {
            copying.send(std::mem::take(&mut piece)).await?;
        }
    }
    piece.extend_from_slice(TRAILER);
    copying.send(piece).await?;
    copying.finish().await?;
    Ok(())
}
