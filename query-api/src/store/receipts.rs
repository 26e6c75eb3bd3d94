//! How far the members of a room have read.

use event_schema::{RoomId, UserId};
use sqlx::PgConnection;
use uuid::Uuid;

/// How far a member has read.
#[derive(Clone, Debug)]
pub struct ReceiptRow {
    pub user_id: Uuid,
    pub read_seq: i64,
}

/// The read marks of a room's members after one of them, in the order of their ids, none beyond `last_seq`: a receipt says
/// what its sender claims.
pub async fn receipts(
    db: &mut PgConnection,
    room: RoomId,
    last_seq: i64,
    after: UserId,
    limit: i64,
) -> sqlx::Result<Vec<ReceiptRow>> {
    sqlx::query_as!(
        ReceiptRow,
        r#"select c.user_id, least(c.read_seq, $2) as "read_seq!"
           from receipts c
           where c.room_id = $1 and c.user_id > $3
             and (select m.state = 'joined' from room_members m
                  where m.room_id = c.room_id and m.user_id = c.user_id)
           order by c.user_id limit $4"#,
        room.0,
        last_seq,
        after.0,
        limit,
    )
    .fetch_all(db)
    .await
}
