//! Passwords and the time before which no session counts (schema `identity`).

use event_schema::{Timestamp, UserId};
use sqlx::{PgConnection, PgPool};

/// The password of an account.
pub async fn secret_of(db: &PgPool, user: UserId) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar!("select secret from identity.credentials where user_id = $1 and kind = 'password'", user.0)
        .fetch_optional(db)
        .await
}

/// Whoever wants another password.
#[derive(Clone, Debug)]
pub struct Person {
    pub username: String,
    /// The name that is shown.
    pub display_name: String,
    /// Where their mails go.
    pub email: Option<String>,
    /// The present password (a PHC string).
    pub secret: Option<String>,
}

/// What another password is compared with; `None` where there is no account.
pub async fn person(db: &PgPool, user: UserId) -> Result<Option<Person>, sqlx::Error> {
    sqlx::query_as!(
        Person,
        r#"select a.username, a.display_name, a.email, c.secret as "secret?"
           from identity.accounts a left join identity.credentials c on c.user_id = a.user_id and c.kind = 'password'
           where a.user_id = $1"#,
        user.0,
    )
    .fetch_optional(db)
    .await
}

/// Locks the account's row until the end of the transaction; whether the account can be used, and a token of this age (in
/// seconds since 1970) still counts. Were that not asked, one token could end sessions that have not begun yet: each call
/// moves the time before which none counts.
pub async fn lock(tx: &mut PgConnection, user: UserId, issued_at: i64) -> Result<bool, sqlx::Error> {
    let usable = sqlx::query_scalar!(
        r#"select status in ('registered', 'verified')
                  and (sessions_not_before is null or extract(epoch from sessions_not_before) <= $2::bigint) as "usable!"
           from identity.accounts where user_id = $1 for update"#,
        user.0,
        issued_at,
    );
    Ok(usable.fetch_optional(tx).await?.unwrap_or(false))
}

/// Puts another password in the place of this one, or of any; whether it was there.
pub async fn replace(
    tx: &mut PgConnection,
    user: UserId,
    (secret, expected): (&str, Option<&str>),
    at: Timestamp,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "update identity.credentials set secret = $2, changed_at = $4
         where user_id = $1 and kind = 'password' and secret = coalesce($3, secret)",
        user.0,
        secret,
        expected,
        at.to_datetime(),
    );
    Ok(done.execute(tx).await?.rows_affected() > 0)
}

/// No token that was issued until now counts: two seconds, because tokens know seconds only, and clocks differ by up to one.
/// Sessions that begin from now on begin with that time, and each call ends those that began after the one before.
pub async fn end_sessions(tx: &mut PgConnection, user: UserId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update identity.accounts
         set sessions_not_before = greatest(date_trunc('second', clock_timestamp()) + interval '2 seconds',
                                            sessions_not_before + interval '1 second')
         where user_id = $1",
        user.0,
    )
    .execute(tx)
    .await?;
    Ok(())
}
