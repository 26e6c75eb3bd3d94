//! Accounts as their owners change them, and what the read model says of people.

use event_schema::{EventId, RoomId, Topic, UserId};
use platform::outbox::Queued;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// An account, locked until the end of the transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub display_name: String,
    pub locale: String,
    /// `pending`, `registered`, `verified`, `suspended` or `deactivated`.
    pub status: String,
}

impl Account {
    /// Whether its owner may do anything with it.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        matches!(self.status.as_str(), "registered" | "verified")
    }
}

/// Locks an account: whoever holds it puts the next events of its owner into the outbox.
pub async fn lock(tx: &mut PgConnection, user: UserId) -> Result<Option<Account>, sqlx::Error> {
    sqlx::query_as!(
        Account,
        "select display_name, locale, status from identity.accounts where user_id = $1 for update",
        user.0,
    )
    .fetch_optional(tx)
    .await
}

/// Notes a command by the id of its first event; whether it is noted for the first time.
pub async fn is_first(tx: &mut PgConnection, user: UserId, event: EventId) -> Result<bool, sqlx::Error> {
    let noted = sqlx::query!(
        "insert into identity.commands (user_id, event_id) values ($1, $2) on conflict do nothing",
        user.0,
        event.0,
    );
    Ok(noted.execute(tx).await?.rows_affected() > 0)
}

/// Whether events of a key wait in the outbox.
pub async fn is_queued(tx: &mut PgConnection, key: &str) -> Result<bool, sqlx::Error> {
    let shard = platform::outbox::shard_of(key);
    let found = sqlx::query_scalar!(
        r#"select exists (select from control.outbox where shard = $1 and key = $2) as "found!""#,
        shard,
        key,
    );
    found.fetch_one(tx).await
}

/// The events of a person that wait in the outbox.
pub async fn queued(db: &PgPool, user: UserId) -> Result<Vec<Queued>, sqlx::Error> {
    let key = user.to_string();
    let ids = sqlx::query_scalar!(
        "select id from control.outbox where shard = $1 and key = $2",
        platform::outbox::shard_of(&key),
        key,
    );
    let queued = |id| Queued { id, topic: Topic::Users, key: key.clone() };
    Ok(ids.fetch_all(db).await?.into_iter().map(queued).collect())
}

/// The profile as its owner wants it.
pub async fn change_profile(tx: &mut PgConnection, user: UserId, account: &Account) -> Result<(), sqlx::Error> {
    let changed = sqlx::query!(
        "update identity.accounts set display_name = $2, locale = $3 where user_id = $1",
        user.0,
        account.display_name,
        account.locale,
    );
    changed.execute(tx).await.map(drop)
}

/// Takes from an account everything that is not shown beside what its owner wrote: the ways to log in, the address (which is
/// free again), roles, language. The username stays taken, so that nobody speaks in its name.
pub async fn deactivate(tx: &mut PgConnection, user: UserId) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from identity.credentials where user_id = $1", user.0).execute(&mut *tx).await?;
    let changed = sqlx::query!(
        "update identity.accounts
         set status = 'deactivated', email = null, email_key = null, display_name = username, locale = 'en', roles = '{}'
         where user_id = $1",
        user.0,
    );
    changed.execute(tx).await.map(drop)
}

/// What an account is, where there is one.
pub async fn status(db: &PgPool, user: UserId) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar!("select status from identity.accounts where user_id = $1", user.0).fetch_optional(db).await
}

/// Whether somebody has called another a friend, and how many friends they have. Counted up to a limit.
pub async fn friend(
    read_model: &PgPool,
    user: UserId,
    friend: UserId,
    limit: usize,
) -> Result<(bool, usize), sqlx::Error> {
    let row = sqlx::query!(
        r#"select exists (select from friends where user_id = $1 and friend_id = $2) as "is_friend!",
                  (select count(*) from (select from friends where user_id = $1 limit $3) f) as "friends!""#,
        user.0,
        friend.0,
        i64::try_from(limit).unwrap_or(i64::MAX),
    )
    .fetch_one(read_model)
    .await?;
    Ok((row.is_friend, usize::try_from(row.friends).unwrap_or_default()))
}

/// What somebody leaves behind who closes their account.
#[derive(Clone, Debug, Default)]
pub struct Ties {
    /// Whether they have a status line.
    pub has_status: bool,
    /// Those whom they call friends.
    pub friends: Vec<UserId>,
    /// The rooms that they are in or invited to, apart from direct ones.
    pub rooms: Vec<RoomId>,
}

/// The ties of somebody: three look-ups by their id.
pub async fn ties(read_model: &PgPool, user: UserId) -> Result<Ties, sqlx::Error> {
    let row = sqlx::query!(
        r#"select exists (select from users where user_id = $1 and status is not null) as "has_status!",
                  array(select friend_id from friends where user_id = $1 order by friend_id) as "friends!: Vec<Uuid>",
                  array(select m.room_id from room_members m join rooms r on r.room_id = m.room_id
                        where m.user_id = $1 and m.state in ('joined', 'invited') and r.kind <> 'direct'
                        order by m.room_id) as "rooms!: Vec<Uuid>""#,
        user.0,
    )
    .fetch_one(read_model)
    .await?;
    Ok(Ties {
        has_status: row.has_status,
        friends: row.friends.into_iter().map(UserId).collect(),
        rooms: row.rooms.into_iter().map(RoomId).collect(),
    })
}
