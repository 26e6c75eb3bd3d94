//! Accounts and credentials (schema `identity`).

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use event_schema::user::AccountKind;
use event_schema::{Timestamp, UserId, WorkspaceId};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::accounts::details::Email;
use crate::accounts::username::Username;

/// An account as it is written.
#[derive(Clone, Debug)]
pub struct NewAccount {
    pub user_id: UserId,
    /// Name to log in with.
    pub username: Username,
    /// Where its mails go.
    pub email: Email,
    pub display_name: String,
    pub locale: String,
    pub secret: String,
    pub created_at: Timestamp,
}

/// What a log-in is checked against.
#[derive(Clone, Debug)]
pub struct Credential {
    pub user_id: UserId,
    pub secret: String,
    /// Whether the account may log in at all.
    pub active: bool,
    /// The second before which no session counts.
    pub not_before: i64,
    /// Whether its address is proved.
    pub verified: bool,
}

/// How somebody names themself when logging in, as keys.
#[derive(Clone, Copy, Debug)]
pub enum Login<'a> {
    Username(&'a str),
    Email(&'a str),
}

impl<'a> Login<'a> {
    #[must_use]
    pub fn key(self) -> &'a str {
        match self {
            Self::Username(key) | Self::Email(key) => key,
        }
    }
}

/// Writes an account with its password: nobody can use it yet. Name and address are unique by constraint.
pub async fn insert(tx: &mut PgConnection, account: &NewAccount) -> Result<(), sqlx::Error> {
    let created_at = account.created_at.to_datetime();
    sqlx::query!(
        "insert into identity.accounts (user_id, workspace_id, kind, username, username_key, username_skeleton,
                                        email, email_key, display_name, locale, status, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'pending', $11)",
        account.user_id.0,
        WorkspaceId::DEFAULT.0,
        AccountKind::Human.as_str(),
        account.username.shown,
        account.username.key,
        account.username.skeleton,
        account.email.address,
        account.email.key,
        account.display_name,
        account.locale,
        created_at,
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "insert into identity.credentials (user_id, kind, secret, changed_at) values ($1, 'password', $2, $3)",
        account.user_id.0,
        account.secret,
        created_at,
    )
    .execute(&mut *tx)
    .await?;
    Ok(())
}

/// The password of whoever logs in.
pub async fn credential(db: &PgPool, login: Login<'_>) -> Result<Option<Credential>, sqlx::Error> {
    let (username, email) = match login {
        Login::Username(key) => (Some(key), None),
        Login::Email(key) => (None, Some(key)),
    };
    let row = sqlx::query!(
        r#"select a.user_id, c.secret, a.sessions_not_before, a.status in ('registered', 'verified') as "active!",
                   a.status = 'verified' as "verified!"
           from identity.accounts a join identity.credentials c on c.user_id = a.user_id and c.kind = 'password'
           where a.workspace_id = $1 and (a.username_key = $2 or a.email_key = $3)"#,
        WorkspaceId::DEFAULT.0,
        username,
        email,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Credential {
        user_id: UserId(row.user_id),
        secret: row.secret,
        active: row.active,
        not_before: seconds(row.sessions_not_before),
        verified: row.verified,
    }))
}

/// The second before which no session of an account counts; `None` where the account cannot be used, or is not verified and
/// has to be.
pub async fn sessions_not_before(
    db: &PgPool,
    user: UserId,
    require_verified: bool,
) -> Result<Option<i64>, sqlx::Error> {
    let row = sqlx::query!(
        "select sessions_not_before from identity.accounts
         where user_id = $1 and (status = 'verified' or status = 'registered' and not $2)",
        user.0,
        require_verified,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| seconds(row.sessions_not_before)))
}

fn seconds(not_before: Option<DateTime<Utc>>) -> i64 {
    not_before.map_or(0, |time| time.timestamp())
}

/// Which of these people have an account that may be used.
pub async fn active(db: &PgPool, users: &[Uuid]) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "select user_id from identity.accounts where user_id = any($1) and status in ('registered', 'verified')",
        users,
    )
    .fetch_all(db)
    .await
}

/// Whose names these are, by the keys of the names: accounts, and people whom only the log knows (imported). Read models
/// and accounts lie in one database, so this is one question.
pub async fn named(read_model: &PgPool, keys: &[String]) -> Result<HashMap<String, UserId>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select lower(username) as "key!", user_id as "user_id!" from users
           where workspace_id = $1 and lower(username) = any($2) and not deactivated and not pending
           union all
           select username_key, user_id from identity.accounts
           where workspace_id = $1 and username_key = any($2) and status in ('registered', 'verified')"#,
        WorkspaceId::DEFAULT.0,
        keys,
    )
    .fetch_all(read_model)
    .await?;
    Ok(rows.into_iter().map(|row| (row.key, UserId(row.user_id))).collect())
}
