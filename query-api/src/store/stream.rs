//! A room's messages from the oldest on, a slice at a time.

use event_schema::RoomId;
use futures::TryStreamExt;
use sqlx::{PgConnection, Row};

/// Some messages, a line each.
#[derive(Debug, Default)]
pub struct Slice {
    pub lines: Vec<u8>,
    pub messages: i64,
    /// The seq of the last one; 0 where there is none.
    pub last_seq: i64,
}

/// The messages of a closed range of seq from its beginning: at most `limit`, and no more once they fill `bytes`.
///
/// Rows beyond that are thrown away as they come in: memory is bounded however long messages are, and Postgres is done with
/// the statement when this returns.
pub async fn slice(
    db: &mut PgConnection,
    room: RoomId,
    (first, last): (i64, i64),
    limit: i64,
    bytes: usize,
) -> sqlx::Result<Slice> {
    let mut slice = Slice::default();
    let mut rows = sqlx::query(
        "select seq, item from messages where room_id = $1 and seq >= $2 and seq <= $3 order by seq limit $4",
    )
    .bind(room.0)
    .bind(first)
    .bind(last)
    .bind(limit)
    .fetch(db);
    while let Some(row) = rows.try_next().await? {
        if slice.lines.len() >= bytes {
            continue;
        }
        let item = row.try_get_raw(1)?;
        slice.lines.extend_from_slice(item.as_bytes().map_err(sqlx::Error::Decode)?);
        slice.lines.push(b'\n');
        slice.messages += 1;
        slice.last_seq = row.try_get(0)?;
    }
    drop(rows);
    Ok(slice)
}
