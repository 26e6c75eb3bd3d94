//! Writing rooms, people and what is known of events: arrays in, one statement a table.
//!
//! Plans: Insert (Conflict Arbiter: the primary key) over a Function Scan on unnest; deletes are a Nested Loop of the
//! Function Scan and an Index Scan on the key. Rows come in the order of their keys.

use event_schema::Timestamp;
use event_schema::{EventId, RoomId, UserId};
use fold::{Change, Changes, Friend, Member, Receipt, Rejection, Room, User};
use read_model::change_kind;
use sqlx::PgConnection;
use uuid::Uuid;

use super::column;

// What a room was created with never changes and is not written again.
const ROOMS: &str = "insert into rooms (room_id, workspace_id, kind, name, join_rule, history_visibility, archived,
        creator_id, created_at, last_message_at, last_seq, rev, member_count, digest)
    select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bool[],
        $8::uuid[], $9::timestamptz[], $10::timestamptz[], $11::bigint[], $12::bigint[], $13::int[], $14::bytea[])
    on conflict (room_id) do update set name = excluded.name, join_rule = excluded.join_rule,
        history_visibility = excluded.history_visibility, archived = excluded.archived,
        last_message_at = excluded.last_message_at, last_seq = excluded.last_seq, rev = excluded.rev,
        member_count = excluded.member_count, digest = excluded.digest";
const MEMBERS: &str = "insert into room_members (room_id, user_id, state, role, join_seq, last_own_seq, since)
    select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::timestamptz[])
    on conflict (room_id, user_id) do update set state = excluded.state, role = excluded.role,
        join_seq = excluded.join_seq, last_own_seq = excluded.last_own_seq, since = excluded.since";
const CHANGES: &str = "insert into changes (room_id, rev, type, subject_id, last_seq)
    select * from unnest($1::uuid[], $2::bigint[], $3::text[], $4::uuid[], $5::bigint[])";
const USERS: &str = "insert into users (user_id, workspace_id, kind, username, display_name, locale, status,
        deactivated, pending, rev, created_at, digest)
    select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
        $8::bool[], $9::bool[], $10::bigint[], $11::timestamptz[], $12::bytea[])
    on conflict (user_id) do update set kind = excluded.kind, username = excluded.username,
        display_name = excluded.display_name, locale = excluded.locale, status = excluded.status,
        deactivated = excluded.deactivated, pending = excluded.pending, rev = excluded.rev,
        created_at = excluded.created_at, digest = excluded.digest";
const USERS_GONE: &str = "delete from users t using unnest($1::uuid[]) as k (user_id) where t.user_id = k.user_id";
const FRIENDS: &str = "insert into friends (user_id, friend_id, added_at)
    select * from unnest($1::uuid[], $2::uuid[], $3::timestamptz[])
    on conflict (user_id, friend_id) do update set added_at = excluded.added_at";
const FRIENDS_GONE: &str = "delete from friends t using unnest($1::uuid[], $2::uuid[]) as k (user_id, friend_id)
    where t.user_id = k.user_id and t.friend_id = k.friend_id";
const RECEIPTS: &str = "insert into receipts (room_id, user_id, read_seq)
    select * from unnest($1::uuid[], $2::uuid[], $3::bigint[])
    on conflict (room_id, user_id) do update set read_seq = excluded.read_seq";
const SEEN: &str = "insert into seen_events (key_id, event_id, rev)
    select * from unnest($1::uuid[], $2::uuid[], $3::bigint[])";
const REJECTIONS: &str = "insert into rejections (key_id, event_id, event_type, actor_id, reason)
    select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::text[])";

/// For the test of their plans.
#[cfg(test)]
pub(super) const ALL: [&str; 10] =
    [ROOMS, MEMBERS, CHANGES, USERS, USERS_GONE, FRIENDS, FRIENDS_GONE, RECEIPTS, SEEN, REJECTIONS];

pub(super) async fn all(connection: &mut PgConnection, changes: &Changes) -> sqlx::Result<()> {
    rooms(connection, &changes.rooms).await?;
    members(connection, &changes.members).await?;
    changes_of_rooms(connection, &changes.changes).await?;
    users(connection, &changes.users).await?;
    friends(connection, &changes.friends).await?;
    receipts(connection, &changes.receipts).await?;
    seen(connection, &changes.seen).await?;
    rejections(connection, &changes.rejections).await
}

async fn rooms(connection: &mut PgConnection, rows: &[(RoomId, Room)]) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let query = sqlx::query(ROOMS)
        .bind(column(rows, |(id, _)| id.0))
        .bind(column(rows, |(_, room)| room.workspace_id.0))
        .bind(column(rows, |(_, room)| room.kind.as_str()))
        .bind(column(rows, |(_, room)| room.name.as_deref()))
        .bind(column(rows, |(_, room)| room.join_rule.as_str()))
        .bind(column(rows, |(_, room)| room.history_visibility.as_str()))
        .bind(column(rows, |(_, room)| room.archived))
        .bind(column(rows, |(_, room)| room.creator_id.0))
        .bind(column(rows, |(_, room)| room.created_at.to_datetime()))
        .bind(column(rows, |(_, room)| room.last_message_at.map(Timestamp::to_datetime)))
        .bind(column(rows, |(_, room)| room.last_seq))
        .bind(column(rows, |(_, room)| room.rev))
        .bind(column(rows, |(_, room)| room.member_count))
        .bind(column(rows, |(_, room)| room.digest.as_slice()));
    query.execute(connection).await.map(drop)
}

async fn members(connection: &mut PgConnection, rows: &[((RoomId, UserId), Member)]) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let query = sqlx::query(MEMBERS)
        .bind(column(rows, |((room, _), _)| room.0))
        .bind(column(rows, |((_, user), _)| user.0))
        .bind(column(rows, |(_, member)| member.state.as_str()))
        .bind(column(rows, |(_, member)| member.role.as_str()))
        .bind(column(rows, |(_, member)| member.join_seq))
        .bind(column(rows, |(_, member)| member.last_own_seq))
        .bind(column(rows, |(_, member)| member.since.to_datetime()));
    query.execute(connection).await.map(drop)
}

async fn changes_of_rooms(connection: &mut PgConnection, rows: &[Change]) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let query = sqlx::query(CHANGES)
        .bind(column(rows, |change| change.room_id.0))
        .bind(column(rows, |change| change.rev))
        .bind(column(rows, |change| change_kind(change.event_type)))
        .bind(column(rows, |change| change.subject_id))
        .bind(column(rows, |change| change.last_seq));
    query.execute(connection).await.map(drop)
}

async fn users(connection: &mut PgConnection, rows: &[(UserId, Option<User>)]) -> sqlx::Result<()> {
    let gone: Vec<_> = rows.iter().filter(|(_, user)| user.is_none()).map(|(id, _)| id.0).collect();
    if !gone.is_empty() {
        sqlx::query(USERS_GONE).bind(gone).execute(&mut *connection).await?;
    }
    let rows: Vec<(UserId, &User)> = rows.iter().filter_map(|(id, user)| Some((*id, user.as_ref()?))).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let rows = rows.as_slice();
    let query = sqlx::query(USERS)
        .bind(column(rows, |(id, _)| id.0))
        .bind(column(rows, |(_, user)| user.workspace_id.0))
        .bind(column(rows, |(_, user)| user.kind.as_str()))
        .bind(column(rows, |(_, user)| user.username.as_deref()))
        .bind(column(rows, |(_, user)| user.display_name.as_deref()))
        .bind(column(rows, |(_, user)| user.locale.as_str()))
        .bind(column(rows, |(_, user)| user.status.as_deref()))
        .bind(column(rows, |(_, user)| user.deactivated))
        .bind(column(rows, |(_, user)| user.pending))
        .bind(column(rows, |(_, user)| user.rev))
        .bind(column(rows, |(_, user)| user.created_at.to_datetime()))
        .bind(column(rows, |(_, user)| user.digest.as_slice()));
    query.execute(connection).await.map(drop)
}

async fn friends(connection: &mut PgConnection, rows: &[((UserId, UserId), Option<Friend>)]) -> sqlx::Result<()> {
    let (gone, here): (Vec<_>, Vec<_>) = rows.iter().partition(|(_, friend)| friend.is_none());
    if !gone.is_empty() {
        let query = sqlx::query(FRIENDS_GONE)
            .bind(column(&gone, |((user, _), _)| user.0))
            .bind(column(&gone, |((_, friend), _)| friend.0));
        query.execute(&mut *connection).await?;
    }
    if !here.is_empty() {
        let query = sqlx::query(FRIENDS)
            .bind(column(&here, |((user, _), _)| user.0))
            .bind(column(&here, |((_, friend), _)| friend.0))
            .bind(column(&here, |(_, friend)| friend.map(|friend| friend.added_at.to_datetime())));
        query.execute(connection).await?;
    }
    Ok(())
}

async fn receipts(connection: &mut PgConnection, rows: &[((RoomId, UserId), Receipt)]) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let query = sqlx::query(RECEIPTS)
        .bind(column(rows, |((room, _), _)| room.0))
        .bind(column(rows, |((_, user), _)| user.0))
        .bind(column(rows, |(_, receipt)| receipt.read_seq));
    query.execute(connection).await.map(drop)
}

async fn seen(connection: &mut PgConnection, rows: &[(Uuid, EventId, i64)]) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let query = sqlx::query(SEEN)
        .bind(column(rows, |(key, _, _)| *key))
        .bind(column(rows, |(_, event, _)| event.0))
        .bind(column(rows, |(_, _, rev)| *rev));
    query.execute(connection).await.map(drop)
}

async fn rejections(connection: &mut PgConnection, rows: &[Rejection]) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let query = sqlx::query(REJECTIONS)
        .bind(column(rows, |rejection| rejection.key))
        .bind(column(rows, |rejection| rejection.event_id.0))
        .bind(column(rows, |rejection| change_kind(rejection.event_type)))
        .bind(column(rows, |rejection| rejection.actor.0))
        .bind(column(rows, |rejection| rejection.reason.as_str()));
    query.execute(connection).await.map(drop)
}
