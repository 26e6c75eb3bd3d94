//! Fetching: for each table the wanted keys as arrays, joined to the table by its key.
//!
//! All plans are the same: Nested Loop (Function Scan on unnest, Index Scan on the key). Keys without a row are taken in
//! as known to be absent.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use chrono::{DateTime, Utc};
use event_schema::rejection::Reason;
use event_schema::room::{HistoryVisibility, JoinRule, Role, RoomKind};
use event_schema::user::AccountKind;
use event_schema::{EventId, MessageId, RoomId, UserId};
use fold::{
    EmojiHash, Friend, Item, Member, MemberState, Message, Needs, Reaction, Receipt, Room, Seen, State, Table, User,
};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};
use uuid::Uuid;

const ROOMS: &str = "select t.* from unnest($1::uuid[]) as k (room_id) join rooms t on t.room_id = k.room_id";
const MEMBERS: &str = "select t.* from unnest($1::uuid[], $2::uuid[]) as k (room_id, user_id)
    join room_members t on t.room_id = k.room_id and t.user_id = k.user_id";
const MESSAGES: &str = "select t.room_id, t.message_id, t.seq, t.reply_to, t.item
    from unnest($1::uuid[], $2::uuid[]) as k (room_id, message_id)
    join messages t on t.room_id = k.room_id and t.message_id = k.message_id";
const REACTIONS: &str = "select k.room_id, k.message_id, t.user_id, t.emoji, t.seq, t.rev
    from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[]) as k (room_id, message_id, user_id, emoji)
    join messages m on m.room_id = k.room_id and m.message_id = k.message_id
    join reactions t on t.room_id = m.room_id and t.seq = m.seq and t.emoji = k.emoji and t.user_id = k.user_id";
const USERS: &str = "select t.* from unnest($1::uuid[]) as k (user_id) join users t on t.user_id = k.user_id";
const FRIENDS: &str = "select t.* from unnest($1::uuid[], $2::uuid[]) as k (user_id, friend_id)
    join friends t on t.user_id = k.user_id and t.friend_id = k.friend_id";
const RECEIPTS: &str = "select t.* from unnest($1::uuid[], $2::uuid[]) as k (room_id, user_id)
    join receipts t on t.room_id = k.room_id and t.user_id = k.user_id";
const SEEN: &str = "select t.key_id, t.event_id, t.rev from unnest($1::uuid[], $2::uuid[]) as k (key_id, event_id)
    join seen_events t on t.key_id = k.key_id and t.event_id = k.event_id";
const REJECTIONS: &str = "select t.key_id, t.event_id, t.reason
    from unnest($1::uuid[], $2::uuid[]) as k (key_id, event_id)
    join rejections t on t.key_id = k.key_id and t.event_id = k.event_id";

/// For the test of their plans.
#[cfg(test)]
pub(super) const ALL: [&str; 9] = [ROOMS, MEMBERS, MESSAGES, REACTIONS, USERS, FRIENDS, RECEIPTS, SEEN, REJECTIONS];

pub(super) async fn all(connection: &mut PgConnection, missing: Needs, state: &mut State) -> sqlx::Result<()> {
    let Needs { rooms, members, messages, reactions, users, friends, receipts, seen, rejected } = missing;
    let ids = rooms.iter().map(|id| id.0).collect();
    table(&mut state.rooms, rooms, ids_only(connection, ROOMS, ids).await?, room)?;
    let keys = members.iter().map(|key| (key.0.0, key.1.0)).unzip();
    table(&mut state.members, members, pairs(connection, MEMBERS, keys).await?, member)?;
    let keys = messages.iter().map(|key| (key.0.0, key.1.0)).unzip();
    table(&mut state.messages, messages, pairs(connection, MESSAGES, keys).await?, message)?;
    load_reactions(connection, reactions, state).await?;
    let ids = users.iter().map(|id| id.0).collect();
    table(&mut state.users, users, ids_only(connection, USERS, ids).await?, user)?;
    let keys = friends.iter().map(|key| (key.0.0, key.1.0)).unzip();
    table(&mut state.friends, friends, pairs(connection, FRIENDS, keys).await?, friend)?;
    let keys = receipts.iter().map(|key| (key.0.0, key.1.0)).unzip();
    table(&mut state.receipts, receipts, pairs(connection, RECEIPTS, keys).await?, receipt)?;
    load_seen(connection, seen, rejected, state).await
}

async fn ids_only(connection: &mut PgConnection, statement: &'static str, ids: Vec<Uuid>) -> sqlx::Result<Vec<PgRow>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query(statement).bind(ids).fetch_all(connection).await
}

async fn pairs(
    connection: &mut PgConnection,
    statement: &'static str,
    (first, second): (Vec<Uuid>, Vec<Uuid>),
) -> sqlx::Result<Vec<PgRow>> {
    if first.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query(statement).bind(first).bind(second).fetch_all(connection).await
}

/// Takes in the rows found, and every other wanted key as absent.
fn table<K: Copy + Eq + Hash + Ord, V: Clone>(
    table: &mut Table<K, V>,
    wanted: HashSet<K>,
    rows: Vec<PgRow>,
    read: impl Fn(&PgRow) -> sqlx::Result<(K, V)>,
) -> sqlx::Result<()> {
    for key in wanted {
        table.load(key, None);
    }
    for row in rows {
        let (key, value) = read(&row)?;
        table.load(key, Some(value));
    }
    Ok(())
}

async fn load_reactions(
    connection: &mut PgConnection,
    wanted: HashSet<(RoomId, MessageId, UserId, String)>,
    state: &mut State,
) -> sqlx::Result<()> {
    if wanted.is_empty() {
        return Ok(());
    }
    let mut columns: (Vec<Uuid>, Vec<Uuid>, Vec<Uuid>, Vec<&str>) = Default::default();
    for (room, message, user, emoji) in &wanted {
        state.reactions.load((*room, *message, *user, EmojiHash::of(emoji)), None);
        columns.0.push(room.0);
        columns.1.push(message.0);
        columns.2.push(user.0);
        columns.3.push(emoji);
    }
    let query = sqlx::query(REACTIONS).bind(columns.0).bind(columns.1).bind(columns.2).bind(columns.3);
    for row in query.fetch_all(connection).await? {
        let message_id = MessageId(row.try_get("message_id")?);
        let hash = EmojiHash::of(row.try_get("emoji")?);
        let key = (RoomId(row.try_get("room_id")?), message_id, UserId(row.try_get("user_id")?), hash);
        let reaction = Reaction { message_id, seq: row.try_get("seq")?, rev: row.try_get("rev")? };
        state.reactions.load(key, Some(reaction));
    }
    Ok(())
}

/// Two tables answer whether an event was seen: applied ones and rejected ones.
async fn load_seen(
    connection: &mut PgConnection,
    seen: HashSet<(Uuid, EventId)>,
    rejected: HashSet<(Uuid, EventId)>,
    state: &mut State,
) -> sqlx::Result<()> {
    let columns = |keys: &HashSet<(Uuid, EventId)>| keys.iter().map(|key| (key.0, key.1.0)).unzip();
    let applied = pairs(connection, SEEN, columns(&seen)).await?;
    let refused = pairs(connection, REJECTIONS, columns(&rejected)).await?;
    let mut found = HashMap::with_capacity(applied.len() + refused.len());
    for row in applied {
        found.insert(key_and_event(&row)?, Seen::Applied { rev: row.try_get("rev")? });
    }
    for row in refused {
        found.insert(key_and_event(&row)?, Seen::Rejected(word(&row, "reason", Reason::from_word)?));
    }
    for key in seen.into_iter().chain(rejected) {
        state.seen.load(key, found.get(&key).copied());
    }
    Ok(())
}

fn key_and_event(row: &PgRow) -> sqlx::Result<(Uuid, EventId)> {
    Ok((row.try_get("key_id")?, EventId(row.try_get("event_id")?)))
}

/// A column that holds one of a fixed set of words.
fn word<T>(row: &PgRow, column: &str, read: impl Fn(&str) -> Option<T>) -> sqlx::Result<T> {
    let text: &str = row.try_get(column)?;
    read(text).ok_or_else(|| bad_column(column, format!("`{text}` is not a word of this version")))
}

fn bad_column(column: &str, problem: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: column.to_owned(), source: problem.into() }
}

fn time(row: &PgRow, column: &str) -> sqlx::Result<event_schema::Timestamp> {
    Ok(row.try_get::<DateTime<Utc>, _>(column)?.into())
}

fn digest(row: &PgRow) -> sqlx::Result<[u8; 32]> {
    let bytes: &[u8] = row.try_get("digest")?;
    bytes.try_into().map_err(|error: std::array::TryFromSliceError| bad_column("digest", error))
}

fn room(row: &PgRow) -> sqlx::Result<(RoomId, Room)> {
    let last_message_at: Option<DateTime<Utc>> = row.try_get("last_message_at")?;
    let room = Room {
        workspace_id: row.try_get::<Uuid, _>("workspace_id")?.into(),
        kind: word(row, "kind", RoomKind::from_word)?,
        name: row.try_get("name")?,
        join_rule: word(row, "join_rule", JoinRule::from_word)?,
        history_visibility: word(row, "history_visibility", HistoryVisibility::from_word)?,
        archived: row.try_get("archived")?,
        creator_id: UserId(row.try_get("creator_id")?),
        created_at: time(row, "created_at")?,
        last_message_at: last_message_at.map(Into::into),
        last_seq: row.try_get("last_seq")?,
        rev: row.try_get("rev")?,
        member_count: row.try_get("member_count")?,
        digest: digest(row)?,
    };
    Ok((RoomId(row.try_get("room_id")?), room))
}

fn member(row: &PgRow) -> sqlx::Result<((RoomId, UserId), Member)> {
    let member = Member {
        state: word(row, "state", MemberState::from_word)?,
        role: word(row, "role", Role::from_word)?,
        join_seq: row.try_get("join_seq")?,
        last_own_seq: row.try_get("last_own_seq")?,
        since: time(row, "since")?,
    };
    Ok(((RoomId(row.try_get("room_id")?), UserId(row.try_get("user_id")?)), member))
}

fn message(row: &PgRow) -> sqlx::Result<((RoomId, MessageId), Message)> {
    let item: Item = serde_json::from_str(row.try_get("item")?).map_err(|error| bad_column("item", error))?;
    let message = Message { seq: row.try_get("seq")?, reply_to: row.try_get("reply_to")?, item };
    Ok(((RoomId(row.try_get("room_id")?), MessageId(row.try_get("message_id")?)), message))
}

fn user(row: &PgRow) -> sqlx::Result<(UserId, User)> {
    let kinds = [AccountKind::Human, AccountKind::Bot, AccountKind::Imported];
    let user = User {
        workspace_id: row.try_get::<Uuid, _>("workspace_id")?.into(),
        kind: word(row, "kind", |text| kinds.into_iter().find(|kind| kind.as_str() == text))?,
        username: row.try_get("username")?,
        display_name: row.try_get("display_name")?,
        locale: row.try_get("locale")?,
        status: row.try_get("status")?,
        deactivated: row.try_get("deactivated")?,
        pending: row.try_get("pending")?,
        rev: row.try_get("rev")?,
        created_at: time(row, "created_at")?,
        digest: digest(row)?,
    };
    Ok((UserId(row.try_get("user_id")?), user))
}

fn friend(row: &PgRow) -> sqlx::Result<((UserId, UserId), Friend)> {
    let key = (UserId(row.try_get("user_id")?), UserId(row.try_get("friend_id")?));
    Ok((key, Friend { added_at: time(row, "added_at")? }))
}

fn receipt(row: &PgRow) -> sqlx::Result<((RoomId, UserId), Receipt)> {
    let key = (RoomId(row.try_get("room_id")?), UserId(row.try_get("user_id")?));
    Ok((key, Receipt { read_seq: row.try_get("read_seq")? }))
}
