//! Writing messages and what hangs on them: earlier texts and reactions. Plans as in the neighbouring module.

use event_schema::{MessageId, RoomId, UserId};
use fold::{Changes, Edit, Message, Reaction};
use sqlx::PgConnection;

use super::{Posted, column};

type Row = ((RoomId, MessageId), Message);

// Mentions travel as array literals: unnest would flatten an array of arrays.
const POSTED: &str = "insert into messages (room_id, seq, message_id, author_id, created_at, deleted, reply_to,
        mentions, item)
    select room_id, seq, message_id, author_id, created_at, deleted, reply_to, mentions::uuid[], item
    from unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::uuid[], $5::timestamptz[], $6::bool[], $7::bigint[],
        $8::text[], $9::text[])
        as k (room_id, seq, message_id, author_id, created_at, deleted, reply_to, mentions, item)";
// Update (Nested Loop: Function Scan on unnest, Index Scan on messages_pkey).
const CHANGED: &str = "update messages t set deleted = k.deleted, mentions = k.mentions::uuid[], item = k.item
    from unnest($1::uuid[], $2::bigint[], $3::bool[], $4::text[], $5::text[])
        as k (room_id, seq, deleted, mentions, item)
    where t.room_id = k.room_id and t.seq = k.seq";
const EDITS: &str = "insert into message_edits (room_id, seq, version, content, at)
    select room_id, seq, version, content::jsonb, at
    from unnest($1::uuid[], $2::bigint[], $3::int[], $4::text[], $5::timestamptz[])
        as k (room_id, seq, version, content, at)";
const REACTIONS_GONE: &str = "delete from reactions t
    using unnest($1::uuid[], $2::bigint[], $3::text[], $4::uuid[]) as k (room_id, seq, emoji, user_id)
    where t.room_id = k.room_id and t.seq = k.seq and t.emoji = k.emoji and t.user_id = k.user_id";
const REACTIONS: &str = "insert into reactions (room_id, seq, emoji, user_id, rev)
    select * from unnest($1::uuid[], $2::bigint[], $3::text[], $4::uuid[], $5::bigint[])";
const WIPED_EDITS: &str = "delete from message_edits t using unnest($1::uuid[], $2::bigint[]) as k (room_id, seq)
    where t.room_id = k.room_id and t.seq = k.seq";
const WIPED_REACTIONS: &str = "delete from reactions t using unnest($1::uuid[], $2::bigint[]) as k (room_id, seq)
    where t.room_id = k.room_id and t.seq = k.seq";

/// For the test of their plans.
#[cfg(test)]
pub(super) const ALL: [&str; 7] = [POSTED, CHANGED, EDITS, REACTIONS_GONE, REACTIONS, WIPED_EDITS, WIPED_REACTIONS];

pub(super) async fn all(connection: &mut PgConnection, changes: &Changes, posted: &Posted) -> sqlx::Result<()> {
    messages(connection, &changes.messages, posted).await?;
    edits(connection, &changes.edits).await?;
    reactions_removed(connection, &changes.reactions_removed).await?;
    reactions_added(connection, &changes.reactions_added).await?;
    wiped(connection, &changes.wiped).await
}

/// New messages are inserted, without asking for conflicts (a conflict would be a fault); others are updated.
async fn messages(connection: &mut PgConnection, rows: &[Row], posted: &Posted) -> sqlx::Result<()> {
    let (new, old): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|(key, _)| posted.contains(key));
    if !new.is_empty() {
        let query = sqlx::query(POSTED)
            .bind(column(&new, |((room, _), _)| room.0))
            .bind(column(&new, |(_, message)| message.seq))
            .bind(column(&new, |((_, id), _)| id.0))
            .bind(column(&new, |(_, message)| message.item.author_id.0))
            .bind(column(&new, |(_, message)| message.item.created_at.to_datetime()))
            .bind(column(&new, |(_, message)| message.item.deleted))
            .bind(column(&new, |(_, message)| message.reply_to))
            .bind(column(&new, |(_, message)| array_literal(&message.item.mentions)))
            .bind(rendered(&new)?);
        query.execute(&mut *connection).await?;
    }
    if !old.is_empty() {
        let query = sqlx::query(CHANGED)
            .bind(column(&old, |((room, _), _)| room.0))
            .bind(column(&old, |(_, message)| message.seq))
            .bind(column(&old, |(_, message)| message.item.deleted))
            .bind(column(&old, |(_, message)| array_literal(&message.item.mentions)))
            .bind(rendered(&old)?);
        query.execute(connection).await?;
    }
    Ok(())
}

/// `{id,id}`, or nothing where nobody is mentioned.
fn array_literal(ids: &[UserId]) -> Option<String> {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    (!ids.is_empty()).then(|| format!("{{{}}}", ids.join(",")))
}

fn rendered(rows: &[&Row]) -> sqlx::Result<Vec<String>> {
    rows.iter().map(|(_, message)| json(&message.item)).collect()
}

fn json(value: &impl serde::Serialize) -> sqlx::Result<String> {
    serde_json::to_string(value).map_err(|error| sqlx::Error::Encode(error.into()))
}

async fn edits(connection: &mut PgConnection, rows: &[Edit]) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let query = sqlx::query(EDITS)
        .bind(column(rows, |edit| edit.room_id.0))
        .bind(column(rows, |edit| edit.seq))
        .bind(column(rows, |edit| edit.version))
        .bind(rows.iter().map(|edit| json(&edit.content)).collect::<sqlx::Result<Vec<_>>>()?)
        .bind(column(rows, |edit| edit.at.to_datetime()));
    query.execute(connection).await.map(drop)
}

async fn reactions_removed(connection: &mut PgConnection, rows: &[(RoomId, i64, UserId, String)]) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let query = sqlx::query(REACTIONS_GONE)
        .bind(column(rows, |row| row.0.0))
        .bind(column(rows, |row| row.1))
        .bind(column(rows, |row| row.3.as_str()))
        .bind(column(rows, |row| row.2.0));
    query.execute(connection).await.map(drop)
}

async fn reactions_added(
    connection: &mut PgConnection,
    rows: &[(RoomId, UserId, String, Reaction)],
) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let query = sqlx::query(REACTIONS)
        .bind(column(rows, |row| row.0.0))
        .bind(column(rows, |row| row.3.seq))
        .bind(column(rows, |row| row.2.as_str()))
        .bind(column(rows, |row| row.1.0))
        .bind(column(rows, |row| row.3.rev));
    query.execute(connection).await.map(drop)
}

/// A deleted message keeps nothing.
async fn wiped(connection: &mut PgConnection, rows: &[(RoomId, i64)]) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    for statement in [WIPED_EDITS, WIPED_REACTIONS] {
        let query = sqlx::query(statement).bind(column(rows, |row| row.0.0)).bind(column(rows, |row| row.1));
        query.execute(&mut *connection).await?;
    }
    Ok(())
}
