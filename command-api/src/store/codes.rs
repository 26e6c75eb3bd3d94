//! Accounts as mailed codes see and change them (schema `identity`).

use event_schema::{Timestamp, UserId, WorkspaceId};
use platform::codes::Purpose;
use sqlx::PgConnection;

use crate::accounts::mails::Recipient;

/// An account whose row is locked.
#[derive(Clone, Debug)]
pub struct CodeAccount {
    /// Where its mails go.
    pub recipient: Recipient,
    /// Their name, as it is compared.
    pub username_key: String,
    status: String,
}

impl CodeAccount {
    /// Whether a code would be of use to it.
    #[must_use]
    pub fn may_use(&self, purpose: Purpose) -> bool {
        match purpose {
            Purpose::Verify => self.status == "registered",
            Purpose::Reset => matches!(self.status.as_str(), "registered" | "verified"),
        }
    }
}

/// The account of an address (a key), locked until the end of the transaction.
pub async fn lock(tx: &mut PgConnection, email_key: &str) -> Result<Option<CodeAccount>, sqlx::Error> {
    let row = sqlx::query!(
        "select user_id, locale, status, username_key from identity.accounts
         where workspace_id = $1 and email_key = $2 for update",
        WorkspaceId::DEFAULT.0,
        email_key,
    )
    .fetch_optional(tx)
    .await?;
    Ok(row.map(|row| CodeAccount {
        recipient: Recipient { user: UserId(row.user_id), locale: row.locale },
        username_key: row.username_key,
        status: row.status,
    }))
}

/// An account, locked until the end of the transaction.
pub async fn lock_user(tx: &mut PgConnection, user: UserId) -> Result<Option<CodeAccount>, sqlx::Error> {
    let row = sqlx::query!(
        "select locale, status, username_key from identity.accounts where user_id = $1 for update",
        user.0,
    );
    Ok(row.fetch_optional(tx).await?.map(|row| CodeAccount {
        recipient: Recipient { user, locale: row.locale },
        username_key: row.username_key,
        status: row.status,
    }))
}

/// The address of an account is its owner's; `false` where there is nothing to verify.
pub async fn set_verified(tx: &mut PgConnection, user: UserId) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "update identity.accounts set status = 'verified' where user_id = $1 and status = 'registered'",
        user.0,
    );
    Ok(done.execute(tx).await?.rows_affected() > 0)
}

/// Another password (a PHC string).
pub async fn set_password(
    tx: &mut PgConnection,
    user: UserId,
    secret: &str,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into identity.credentials (user_id, kind, secret, changed_at) values ($1, 'password', $2, $3)
         on conflict (user_id, kind) do update set secret = excluded.secret, changed_at = excluded.changed_at",
        user.0,
        secret,
        now.to_datetime(),
    )
    .execute(tx)
    .await?;
    Ok(())
}
