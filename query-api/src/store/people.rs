//! Friends, and what an account says that never enters the log.

use chrono::{DateTime, Utc};
use event_schema::UserId;
use sqlx::PgConnection;
use uuid::Uuid;

/// Somebody in a list of friends.
#[derive(Clone, Debug)]
pub struct FriendRow {
    pub user_id: Uuid,
    pub since: DateTime<Utc>,
    pub mutual: bool,
    pub deactivated: bool,
}

/// Those whom somebody has added, after one of them, in the order of their ids: a walk along `friends_pkey`, and two look-ups
/// each.
pub async fn friends(db: &mut PgConnection, of: UserId, after: UserId, limit: i64) -> sqlx::Result<Vec<FriendRow>> {
    sqlx::query_as!(
        FriendRow,
        r#"select f.friend_id as "user_id!", f.added_at as "since!",
                  exists (select from friends b where b.user_id = f.friend_id and b.friend_id = $1) as "mutual!",
                  coalesce((select u.deactivated from users u where u.user_id = f.friend_id), false) as "deactivated!"
           from friends f where f.user_id = $1 and f.friend_id > $2 order by f.friend_id limit $3"#,
        of.0,
        after.0,
        limit,
    )
    .fetch_all(db)
    .await
}

/// Those who have added somebody who has not added them, in the order of their ids: a walk along `friends_by_friend`, and two
/// look-ups each. Whoever closes an account takes back whom they added.
pub async fn incoming(db: &mut PgConnection, of: UserId, after: UserId, limit: i64) -> sqlx::Result<Vec<FriendRow>> {
    sqlx::query_as!(
        FriendRow,
        r#"select f.user_id as "user_id!", f.added_at as "since!", false as "mutual!",
                  coalesce((select u.deactivated from users u where u.user_id = f.user_id), false) as "deactivated!"
           from friends f
           where f.friend_id = $1 and f.user_id > $2
             and not exists (select from friends b where b.user_id = $1 and b.friend_id = f.user_id)
           order by f.user_id limit $3"#,
        of.0,
        after.0,
        limit,
    )
    .fetch_all(db)
    .await
}

/// An account as its owner may see it.
#[derive(Clone, Debug, Default)]
pub struct AccountRow {
    pub email: Option<String>,
    pub roles: Vec<String>,
    pub status: Option<String>,
}

/// Somebody's account, where there is one.
pub async fn account(db: &mut PgConnection, user: UserId) -> sqlx::Result<Option<AccountRow>> {
    sqlx::query_as!(
        AccountRow,
        r#"select email, roles, status as "status?" from identity.accounts where user_id = $1"#,
        user.0,
    )
    .fetch_optional(db)
    .await
}

/// What may be known of a person.
#[derive(Clone, Debug)]
pub struct UserRow {
    pub user_id: Uuid,
    pub kind: String,
    pub username: Option<String>,
    pub display_name: Option<String>,
    pub locale: String,
    pub status: Option<String>,
    pub deactivated: bool,
    pub created_at: DateTime<Utc>,
}

/// The profiles of these people, in no order.
pub async fn users(db: &mut PgConnection, ids: &[UserId]) -> sqlx::Result<Vec<UserRow>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    sqlx::query_as!(
        UserRow,
        "select user_id, kind, username, display_name, locale, status, deactivated, created_at
         from users where user_id = any($1) and not pending",
        &ids,
    )
    .fetch_all(db)
    .await
}

/// How a person is shown beside messages.
#[derive(Clone, Debug)]
pub struct NamesRow {
    pub user_id: Uuid,
    pub username: Option<String>,
    pub display_name: Option<String>,
}

/// The names of these people, in no order.
pub async fn names(db: &mut PgConnection, ids: &[Uuid]) -> sqlx::Result<Vec<NamesRow>> {
    sqlx::query_as!(
        NamesRow,
        "select user_id, username, display_name from users where user_id = any($1) and not pending",
        ids,
    )
    .fetch_all(db)
    .await
}
