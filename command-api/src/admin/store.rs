//! Accounts as administrators see and change them (schema `identity`).

use chrono::{DateTime, Utc};
use event_schema::{UserId, WorkspaceId};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// Serialises what administrators do, so that their events keep the order of their transactions.
const LOCK: i64 = 0x6368_6174_0000_0010;

/// An account, without what nobody needs to see: its address stays where it is, its password too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountSummary {
    pub user_id: Uuid,
    pub username: String,
    /// The name's key, which lists are ordered by.
    pub username_key: String,
    pub display_name: String,
    /// `human`, `bot` or `imported`.
    pub kind: String,
    pub roles: Vec<String>,
    /// `pending`, `registered`, `verified`, `suspended` or `deactivated`.
    pub status: String,
    /// Why it is suspended.
    pub suspended_reason: Option<String>,
    /// Since when it is there.
    pub created_at: DateTime<Utc>,
}

/// Accounts whose name begins with `prefix` (a key), by name, those after `after`.
pub async fn page(db: &PgPool, prefix: &str, after: &str, limit: i64) -> Result<Vec<AccountSummary>, sqlx::Error> {
    sqlx::query_as!(
        AccountSummary,
        "select user_id, username, username_key, display_name, kind, roles, status, suspended_reason, created_at
         from identity.accounts
         where workspace_id = $1 and username_key > $2 and starts_with(username_key, $3)
         order by username_key limit $4",
        WorkspaceId::DEFAULT.0,
        after,
        prefix,
        limit,
    )
    .fetch_all(db)
    .await
}

/// The account of this id, or of this name (a key).
pub async fn find(db: &PgPool, id: Option<Uuid>, key: &str) -> Result<Option<AccountSummary>, sqlx::Error> {
    sqlx::query_as!(
        AccountSummary,
        "select user_id, username, username_key, display_name, kind, roles, status, suspended_reason, created_at
         from identity.accounts where user_id = $1 or (workspace_id = $2 and username_key = $3)
         order by user_id = $1 desc limit 1",
        id,
        WorkspaceId::DEFAULT.0,
        key,
    )
    .fetch_optional(db)
    .await
}

/// Nobody else administers until the end of the transaction, and the account's status stays what it is.
pub async fn lock(tx: &mut PgConnection, user: UserId) -> Result<Option<String>, sqlx::Error> {
    sqlx::query!("select pg_advisory_xact_lock($1)", LOCK).fetch_one(&mut *tx).await?;
    sqlx::query_scalar!("select status from identity.accounts where user_id = $1 for update", user.0)
        .fetch_optional(tx)
        .await
}

/// Gives a role; whether the account did not have it.
pub async fn grant(tx: &mut PgConnection, user: UserId, role: &str) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "update identity.accounts set roles = array_append(roles, $2) where user_id = $1 and not $2 = any(roles)",
        user.0,
        role,
    );
    Ok(done.execute(tx).await?.rows_affected() > 0)
}

/// Takes a role; whether the account had it.
pub async fn revoke(tx: &mut PgConnection, user: UserId, role: &str) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "update identity.accounts set roles = array_remove(roles, $2) where user_id = $1 and $2 = any(roles)",
        user.0,
        role,
    );
    Ok(done.execute(tx).await?.rows_affected() > 0)
}

/// Suspends an account that can be used; whether it was one.
pub async fn suspend(tx: &mut PgConnection, user: UserId, reason: Option<&str>) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "update identity.accounts set suspended_from = status, suspended_reason = $2, status = 'suspended'
         where user_id = $1 and status in ('registered', 'verified')",
        user.0,
        reason,
    );
    Ok(done.execute(tx).await?.rows_affected() > 0)
}

/// Makes a suspended account what it was; whether it was suspended.
pub async fn unsuspend(tx: &mut PgConnection, user: UserId) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "update identity.accounts set status = suspended_from, suspended_from = null, suspended_reason = null
         where user_id = $1 and status = 'suspended' and suspended_from is not null",
        user.0,
    );
    Ok(done.execute(tx).await?.rows_affected() > 0)
}
