//! The participant's own tables. What it remembers of each registration makes a repeated record harmless.

use std::time::Duration;

use anyhow::{Context as _, Result};
use event_schema::{Event, Payload, RegistrationId, UserId};
use sqlx::postgres::PgPoolOptions;
use sqlx::{PgConnection, PgPool};

const TABLES: &str = "
    select pg_advisory_xact_lock(hashtext('customers'));
    create schema if not exists customers;
    create table if not exists customers.accounts (
        user_id uuid primary key,
        balance bigint not null
    );
    create table if not exists customers.registrations (
        registration_id uuid primary key,
        user_id         uuid not null,
        -- open, refused, closed
        state           text not null
    );";
/// Between two tries while the database is away.
const AGAIN: Duration = Duration::from_millis(500);

/// What became of a record, to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The account is open.
    Opened,
    /// There is none, and will be none.
    Refused,
    /// It is closed again, or there was none.
    Closed,
}

pub struct Accounts(PgPool);

impl Accounts {
    /// Connects, and makes the tables where they are not there.
    pub async fn connect(url: &str) -> Result<Self> {
        let pool = PgPoolOptions::new().max_connections(2).connect(url).await?;
        let mut tx = pool.begin().await?;
        sqlx::raw_sql(TABLES).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(Self(pool))
    }

    /// Does what an event asks for. While the database is away, it is tried again.
    pub async fn take(&self, event: &Event, refuses: impl Fn(&str) -> bool) -> Result<Option<Outcome>> {
        let user = UserId(event.key.id().context("a user's id")?);
        loop {
            match self.try_take(user, &event.payload, &refuses).await {
                Ok(outcome) => return Ok(outcome),
                Err(error @ (sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::Database(_))) => {
                    crate::log::complain(format_args!("the database: {error}; trying again"));
                    tokio::time::sleep(AGAIN).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn try_take(
        &self,
        user: UserId,
        payload: &Payload,
        refuses: &impl Fn(&str) -> bool,
    ) -> sqlx::Result<Option<Outcome>> {
        match payload {
            Payload::RegistrationRequested(asked) => {
                let is_unwanted = refuses(asked.username.as_str().unwrap_or_default());
                self.open(asked.registration_id, user, is_unwanted).await
            }
            Payload::RegistrationRejected(rejected) => self.close(rejected.registration_id, user).await,
            _ => Ok(None),
        }
    }

    /// The first answer to a request is the answer to all its repetitions.
    async fn open(&self, registration: RegistrationId, user: UserId, refused: bool) -> sqlx::Result<Option<Outcome>> {
        let mut tx = self.0.begin().await?;
        let state = if refused { "refused" } else { "open" };
        let new = sqlx::query("insert into customers.registrations values ($1, $2, $3) on conflict do nothing")
            .bind(registration.0)
            .bind(user.0)
            .bind(state)
            .execute(&mut *tx)
            .await?;
        if new.rows_affected() > 0 && !refused {
            let account = sqlx::query("insert into customers.accounts values ($1, 0) on conflict do nothing");
            account.bind(user.0).execute(&mut *tx).await?;
        }
        let state = state_of(&mut tx, registration).await?;
        tx.commit().await?;
        Ok(match state.as_deref() {
            Some("open") => Some(Outcome::Opened),
            Some("refused") => Some(Outcome::Refused),
            // Rejected since: an old record, read again. Nothing may be opened any more.
            _ => None,
        })
    }

    /// Also where nothing is open, and however often it is said.
    async fn close(&self, registration: RegistrationId, user: UserId) -> sqlx::Result<Option<Outcome>> {
        let mut tx = self.0.begin().await?;
        let closed = sqlx::query(
            "insert into customers.registrations values ($1, $2, 'closed')
             on conflict (registration_id) do update set state = 'closed' where registrations.state <> 'refused'",
        );
        let closed = closed.bind(registration.0).bind(user.0).execute(&mut *tx).await?;
        sqlx::query("delete from customers.accounts where user_id = $1").bind(user.0).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok((closed.rows_affected() > 0).then_some(Outcome::Closed))
    }
}

async fn state_of(tx: &mut PgConnection, registration: RegistrationId) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar("select state from customers.registrations where registration_id = $1")
        .bind(registration.0)
        .fetch_optional(tx)
        .await
}
