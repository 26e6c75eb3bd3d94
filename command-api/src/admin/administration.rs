//! The acts themselves.

use api_kit::{Access, tokens};
use event_schema::{Event, UserId};
use platform::settings::RedisSettings;
use platform::{Clock, Ids, Redis, outbox};
use serde_json::{Map, Value, json};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::store::{self, AccountSummary};
use super::{AdminError, REASON_CHARS, ServerRole};
use crate::accounts::change::kill_families;
use crate::accounts::sessions::Sessions;
use crate::accounts::username;
use crate::store::credentials;

/// Administrators' acts, from the command line: their actor is the platform itself.
pub struct Administration {
    db: PgPool,
    sessions: Sessions,
    clock: Clock,
    ids: Ids,
}

/// What an act did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acted {
    /// It changed the account, and is on its way into the log.
    Done,
    /// There was nothing to change.
    Unchanged,
}

impl Administration {
    /// With these tables (control path) and this Redis, which is told of what should count at once.
    pub fn new(db: PgPool, redis: &RedisSettings) -> Result<Self, redis::RedisError> {
        let (clock, ids) = (Clock::system(), Ids::new());
        let redis = Redis::new(redis)?;
        let access = Access::new(db.clone(), redis.clone());
        let sessions = Sessions::new(redis, access, clock.clone(), ids.clone());
        Ok(Self { db, sessions, clock, ids })
    }

    /// The account that somebody means by an id or a username.
    pub async fn find(&self, user: &str) -> Result<AccountSummary, AdminError> {
        let found = store::find(&self.db, Uuid::parse_str(user).ok(), &username::key(user)).await?;
        found.ok_or_else(|| AdminError::NoAccount(user.to_owned()))
    }

    pub async fn grant(&self, user: UserId, role: ServerRole) -> Result<Acted, AdminError> {
        let details = json!({"user_id": user, "role": role.as_str()});
        self.act(user, "role_granted", details, async |tx| store::grant(tx, user, role.as_str()).await).await
    }

    pub async fn revoke(&self, user: UserId, role: ServerRole) -> Result<Acted, AdminError> {
        let details = json!({"user_id": user, "role": role.as_str()});
        self.act(user, "role_revoked", details, async |tx| store::revoke(tx, user, role.as_str()).await).await
    }

    /// Ends an account's sessions, and lets nobody begin another. The reason stays with the account: words may name people,
    /// and the log is for ever.
    pub async fn suspend(&self, user: UserId, reason: Option<&str>) -> Result<Acted, AdminError> {
        if reason.is_some_and(|reason| reason.chars().count() > REASON_CHARS || reason.contains('\0')) {
            return Err(AdminError::BadReason);
        }
        let details = json!({"user_id": user});
        let change = async |tx: &mut PgConnection| {
            let suspended = store::suspend(tx, user, reason).await?;
            if suspended {
                // What was ended stays ended, also when the account is used again.
                credentials::end_sessions(tx, user).await?;
            }
            Ok(suspended)
        };
        let done = self.act(user, "account_suspended", details, change).await?;
        if done == Acted::Unchanged {
            let status = self.find(&user.to_string()).await?.status;
            if status != "suspended" {
                return Err(AdminError::NotUsable { user, status });
            }
        }
        // After the commit: nobody refreshes or logs in between. Again for one that was suspended before: it costs nothing.
        kill_families(&self.sessions, user).await;
        Ok(done)
    }

    /// Makes a suspended account what it was.
    pub async fn unsuspend(&self, user: UserId) -> Result<Acted, AdminError> {
        let details = json!({"user_id": user});
        self.act(user, "account_unsuspended", details, async |tx| store::unsuspend(tx, user).await).await
    }

    /// Makes another key sign access tokens, after so many seconds in which it is published only. Its name.
    pub async fn rotate_keys(&self, after_seconds: u32) -> Result<String, AdminError> {
        let mut tx = self.db.begin().await?;
        let kid = tokens::rotate(&mut tx, after_seconds).await?;
        let details = Map::from_iter([("signs_after_seconds".to_owned(), json!(after_seconds))]);
        outbox::insert(&mut tx, &[self.event(&kid, "keys_rotated", details)]).await?;
        tx.commit().await?;
        Ok(kid)
    }

    /// One act: the row and its event, or neither.
    async fn act(
        &self,
        user: UserId,
        action: &str,
        details: Value,
        change: impl AsyncFnOnce(&mut PgConnection) -> Result<bool, sqlx::Error>,
    ) -> Result<Acted, AdminError> {
        let mut tx = self.db.begin().await?;
        store::lock(&mut tx, user).await?.ok_or_else(|| AdminError::NoAccount(user.to_string()))?;
        if !change(&mut tx).await? {
            return Ok(Acted::Unchanged);
        }
        let details = details.as_object().cloned().unwrap_or_default();
        outbox::insert(&mut tx, &[self.event(&user.to_string(), action, details)]).await?;
        tx.commit().await?;
        Ok(Acted::Done)
    }

    fn event(&self, target: &str, action: &str, details: Map<String, Value>) -> Event {
        let told = (&self.ids, &self.clock);
        platform::audit::admin_action(told, UserId::PLATFORM, action, target.to_owned(), details)
    }
}
