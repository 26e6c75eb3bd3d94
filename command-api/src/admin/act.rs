//! The acts themselves.

use event_schema::admin::ActionTaken;
use event_schema::envelope::RULES;
use event_schema::topics::Key;
use event_schema::{ClientKind, CommandId, Envelope, Event, EventId, UserId, WorkspaceId};
use platform::settings::RedisSettings;
use platform::{Clock, Ids, Redis, outbox};
use serde_json::{Map, Value, json};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::store::{self, Account};
use super::{AdminError, REASON_CHARS, ServerRole};
use crate::accounts::sessions::Sessions;
use crate::accounts::username;

/// Where the events say that they come from.
const SOURCE: &str = "/chatlog/admin";

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
    /// With these tables (control path) and this Redis, which is asked only when an account is suspended.
    pub fn new(db: PgPool, redis: &RedisSettings) -> Result<Self, redis::RedisError> {
        let (clock, ids) = (Clock::system(), Ids::new());
        let sessions = Sessions::new(Redis::new(redis)?, clock.clone(), ids.clone());
        Ok(Self { db, sessions, clock, ids })
    }

    /// The account that somebody means by an id or a username.
    pub async fn find(&self, user: &str) -> Result<Account, AdminError> {
        let found = store::find(&self.db, Uuid::parse_str(user).ok(), &username::key(user)).await?;
        found.ok_or_else(|| AdminError::NoAccount(user.to_owned()))
    }

    /// Gives a role.
    pub async fn grant(&self, user: UserId, role: ServerRole) -> Result<Acted, AdminError> {
        let details = json!({"user_id": user, "role": role.as_str()});
        self.act(user, "role_granted", details, async |tx| store::grant(tx, user, role.as_str()).await).await
    }

    /// Takes a role.
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
        let done =
            self.act(user, "account_suspended", details, async |tx| store::suspend(tx, user, reason).await).await?;
        if done == Acted::Unchanged {
            let status = self.find(&user.to_string()).await?.status;
            if status != "suspended" {
                return Err(AdminError::NotUsable { user, status });
            }
        }
        // After the commit: nobody refreshes or logs in between. Again for one that was suspended before, in case Redis was
        // away then.
        self.sessions.close_all(user).await?;
        Ok(done)
    }

    /// Makes a suspended account what it was.
    pub async fn unsuspend(&self, user: UserId) -> Result<Acted, AdminError> {
        let details = json!({"user_id": user});
        self.act(user, "account_unsuspended", details, async |tx| store::unsuspend(tx, user).await).await
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
        outbox::insert(&mut tx, &[self.event(user, action, details)]).await?;
        tx.commit().await?;
        Ok(Acted::Done)
    }

    fn event(&self, user: UserId, action: &str, details: Map<String, Value>) -> Event {
        let payload = ActionTaken { action: action.to_owned(), target: Some(user.to_string()), details };
        let envelope = Envelope {
            id: EventId(self.ids.v7()),
            source: SOURCE.to_owned(),
            time: self.clock.now(),
            subject: user.to_string(),
            rules: RULES,
            actor: UserId::PLATFORM,
            command: CommandId(self.ids.v7()),
            client: ClientKind::Platform,
            workspace: WorkspaceId::DEFAULT,
            traceparent: None,
        };
        Event { key: Key::Id(UserId::PLATFORM.0), envelope, payload: payload.into() }
    }
}
