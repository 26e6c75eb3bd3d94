//! What hangs on one message: its earlier contents and its replies.

use chrono::{DateTime, Utc};
use event_schema::RoomId;
use serde_json::Value;
use sqlx::PgConnection;

use super::{Bounded, MessageRow};

/// A superseded content of a message.
#[derive(Clone, Debug)]
pub struct EditRow {
    pub version: i32,
    pub content: Value,
    pub at: DateTime<Utc>,
}

/// The contents of a message before a version, newest first.
pub async fn edits(
    db: &mut PgConnection,
    room: RoomId,
    seq: i64,
    before: i32,
    limit: i64,
) -> sqlx::Result<Vec<EditRow>> {
    sqlx::query_as!(
        EditRow,
        "select version, content, at from message_edits
         where room_id = $1 and seq = $2 and version < $3
         order by version desc limit $4",
        room.0,
        seq,
        before,
        limit,
    )
    .fetch_all(db)
    .await
}

/// The replies to a message on the older side of a seq, newest first, not older than `first`.
pub async fn replies_before(
    db: &mut PgConnection,
    room: RoomId,
    reply_to: i64,
    (first, before): (i64, i64),
    limit: i64,
) -> sqlx::Result<Bounded<MessageRow>> {
    let found = sqlx::query_as!(
        MessageRow,
        "select seq, author_id, item from messages
         where room_id = $1 and reply_to = $2 and seq >= $3 and seq < $4
         order by seq desc limit $5",
        room.0,
        reply_to,
        first,
        before,
        limit,
    )
    .fetch(db);
    Bounded::read(found, |row| row.item.len()).await
}

/// The replies to a message on the newer side of a seq, oldest first.
pub async fn replies_after(
    db: &mut PgConnection,
    room: RoomId,
    reply_to: i64,
    after: i64,
    limit: i64,
) -> sqlx::Result<Bounded<MessageRow>> {
    let found = sqlx::query_as!(
        MessageRow,
        "select seq, author_id, item from messages
         where room_id = $1 and reply_to = $2 and seq > $3
         order by seq limit $4",
        room.0,
        reply_to,
        after,
        limit,
    )
    .fetch(db);
    Bounded::read(found, |row| row.item.len()).await
}
