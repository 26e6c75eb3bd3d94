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
