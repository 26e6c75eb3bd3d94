//! Every statement of the importer. Many ids are asked about by a join, not by `any`: a list is compared one by one with
//! every row of the room where the planner takes the room for small.

use event_schema::{RoomId, UserId, WorkspaceId};
use sqlx::PgPool;
use uuid::Uuid;

use super::events::{Account, LOCALE};

/// Which of these messages are in the room.
pub async fn messages(read_model: &PgPool, room: RoomId, ids: &[Uuid]) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        "select message_id from unnest($2::uuid[]) as asked (id)
         join messages on room_id = $1 and message_id = asked.id",
        room.0,
        ids
    )
    .fetch_all(read_model)
    .await
}

/// Which of these events of the room, apart from messages, the fold has applied.
pub async fn applied(read_model: &PgPool, room: RoomId, ids: &[Uuid]) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        "select event_id from unnest($2::uuid[]) as asked (id)
         join seen_events on key_id = $1 and event_id = asked.id",
        room.0,
        ids
    )
    .fetch_all(read_model)
    .await
}

/// Which of these events of the room the fold has rejected, and why.
pub async fn rejected(read_model: &PgPool, room: RoomId, ids: &[Uuid]) -> sqlx::Result<Vec<(Uuid, String)>> {
    let rows = sqlx::query!(
        "select event_id, reason from unnest($2::uuid[]) as asked (id)
         join rejections on key_id = $1 and event_id = asked.id",
        room.0,
        ids
    );
    Ok(rows.fetch_all(read_model).await?.into_iter().map(|row| (row.event_id, row.reason)).collect())
}

/// Who is in the room.
pub async fn members(read_model: &PgPool, room: RoomId) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!("select user_id from room_members where room_id = $1 and state = 'joined'", room.0)
        .fetch_all(read_model)
        .await
}

/// Which of these users the read models know.
pub async fn users(read_model: &PgPool, ids: &[Uuid]) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!("select user_id from unnest($1::uuid[]) as asked (id) join users on user_id = asked.id", ids)
        .fetch_all(read_model)
        .await
}

/// The person who signed up under this name.
pub async fn human(db: &PgPool, username_key: &str) -> sqlx::Result<Option<UserId>> {
    let found = sqlx::query_scalar!(
        "select user_id from identity.accounts
         where workspace_id = $1 and username_key = $2 and kind = 'human' and status in ('registered', 'verified')",
        WorkspaceId::DEFAULT.0,
        username_key
    );
    Ok(found.fetch_optional(db).await?.map(UserId))
}

/// Which of these accounts there are.
pub async fn accounts(db: &PgPool, ids: &[Uuid]) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        "select user_id from unnest($1::uuid[]) as asked (id) join identity.accounts on user_id = asked.id",
        ids
    )
    .fetch_all(db)
    .await
}

/// Adds accounts that nobody can log in to; those that are there stay as they are.
pub async fn add_accounts(db: &PgPool, accounts: &[Account]) -> sqlx::Result<()> {
    let ids: Vec<Uuid> = accounts.iter().map(|account| account.user_id.0).collect();
    let column = |cell: fn(&Account) -> &String| -> Vec<String> { accounts.iter().map(cell).cloned().collect() };
    sqlx::query!(
        "insert into identity.accounts
             (user_id, workspace_id, kind, username, username_key, display_name, locale, status)
         select user_id, $5, 'imported', username, username_key, display_name, $6, 'registered'
         from unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) as a (user_id, username, username_key, display_name)
         on conflict do nothing",
        &ids,
        &column(|account| &account.username.shown),
        &column(|account| &account.username.key),
        &column(|account| &account.display_name),
        WorkspaceId::DEFAULT.0,
        LOCALE
    )
    .execute(db)
    .await?;
    Ok(())
}
