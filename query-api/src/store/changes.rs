//! What happened in a room, by rev.

use event_schema::RoomId;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Bounded, MessageRow};

/// Something that happened, other than a post.
#[derive(Clone, Debug)]
pub struct ChangeRow {
    pub rev: i64,
    pub kind: String,
    pub subject_id: Uuid,
    pub last_seq: i64,
}

/// The changes after a rev and up to another, in order, after the last one not after the first rev (where there is one): it
/// tells the seq from which posts are counted.
pub async fn changes(db: &mut PgConnection, room: RoomId, after: i64, to: i64) -> sqlx::Result<Vec<ChangeRow>> {
    let mut rows = sqlx::query_as!(
        ChangeRow,
        r#"(select rev as "rev!", type as "kind!", subject_id as "subject_id!", last_seq as "last_seq!"
            from changes where room_id = $1 and rev <= $2 order by rev desc limit 1)
           union all
           (select rev, type, subject_id, last_seq
            from changes where room_id = $1 and rev > $2 and rev <= $3 order by rev limit $4)"#,
        room.0,
        after,
        to,
        // Never cuts anything off; it tells the planner that few rows are wanted.
        to - after,
    )
    .fetch_all(db)
    .await?;
    // Parts of a union come in any order, in theory.
    rows.sort_unstable_by_key(|row| row.rev);
    Ok(rows)
}

/// These messages, in no order, looked up one by one: asked for `any` of them, the planner may read the whole room.
pub async fn messages(db: &mut PgConnection, room: RoomId, ids: &[Uuid]) -> sqlx::Result<Bounded<SubjectRow>> {
    let found = sqlx::query_as!(
        SubjectRow,
        r#"select m.message_id, m.seq, m.author_id, m.item
           from unnest($2::uuid[]) wanted (id)
           cross join lateral (select * from messages where room_id = $1 and message_id = wanted.id limit 1) m"#,
        room.0,
        ids,
    )
    .fetch(db);
    Bounded::read(found, |row| row.item.len()).await
}

/// A message that something happened to.
#[derive(Clone, Debug)]
pub struct SubjectRow {
    pub message_id: Uuid,
    pub seq: i64,
    pub author_id: Uuid,
    pub item: String,
}

/// The messages of a closed range of seq, in order.
pub async fn posts(db: &mut PgConnection, room: RoomId, first: i64, last: i64) -> sqlx::Result<Bounded<MessageRow>> {
    let found = sqlx::query_as!(
        MessageRow,
        "select seq, author_id, item from messages where room_id = $1 and seq >= $2 and seq <= $3 order by seq limit $4",
        room.0,
        first,
        last,
        last - first + 1,
    )
    .fetch(db);
    Bounded::read(found, |row| row.item.len()).await
}

/// What somebody is to a room now.
#[derive(Clone, Debug)]
pub struct RoomStateRow {
    pub user_id: Uuid,
    pub state: String,
    pub role: String,
    pub since: chrono::DateTime<chrono::Utc>,
}

/// What these people are to a room, in no order, looked up one by one.
pub async fn standings(db: &mut PgConnection, room: RoomId, ids: &[Uuid]) -> sqlx::Result<Vec<RoomStateRow>> {
    sqlx::query_as!(
        RoomStateRow,
        r#"select m.user_id, m.state, m.role, m.since
           from unnest($2::uuid[]) wanted (id)
           cross join lateral (select * from room_members where room_id = $1 and user_id = wanted.id limit 1) m"#,
        room.0,
        ids,
    )
    .fetch_all(db)
    .await
}
