//! Who may still come in, although access tokens are verified without a look-up: sessions that are over, and how accounts
//! stand (ADR 0011).
//!
//! - **Sessions that are over** stand in Redis for as long as access tokens live. Every process has a copy, kept right by
//!   messages, and by reading four times a second what was added. While Redis is away the copies stay as they are.
//! - **Accounts** (status, roles, the time before which no session counts) are rows in Postgres. A process keeps those it
//!   was asked about; it asks three times a second which have changed, and trusts nothing that it could not ask about for
//!   nearly a second. So a change counts everywhere within a second, whoever made it, with or without Redis.
//!
//! A long-lived answer takes a [`SessionWatch`] and ends when that says so.

mod accounts;
mod revocations;
mod watch;

use std::sync::Arc;

use event_schema::UserId;
use futures::StreamExt as _;
use platform::lifecycle::Lifecycle;
use platform::redis::Redis;
use redis::RedisError;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::caller::Caller;
use crate::tokens::Claims;

pub use accounts::AccountStatus;
pub use watch::SessionWatch;

use accounts::Accounts;
use revocations::Revocations;
use watch::Watches;

/// The Redis channel of what has just changed.
const CHANNEL: &str = "access";

/// What processes know of sessions and accounts. Cheap to clone.
#[derive(Clone)]
pub struct Access(Arc<Inner>);

struct Inner {
    redis: Redis,
    revocations: Revocations,
    accounts: Accounts,
    watches: Watches,
}

impl Access {
    /// Knows nothing yet. A process that serves requests also follows what changes; a tool need not.
    #[must_use]
    pub fn new(db: PgPool, redis: Redis) -> Self {
        let revocations = Revocations::new(redis.clone());
        Self(Arc::new(Inner { redis, revocations, accounts: Accounts::new(db), watches: Watches::default() }))
    }

    /// Follows what changes, as long as the process lives. What is over already is known when this returns, if Redis answers.
    pub(crate) async fn start(&self, lifecycle: &Lifecycle) {
        self.read_news().await;
        lifecycle.spawn("sessions that are over", self.clone().follow_revocations(lifecycle.soft()));
        lifecycle.spawn("accounts", self.clone().follow_accounts(lifecycle.soft()));
        lifecycle.spawn("news of sessions", self.clone().listen(lifecycle.soft()));
    }

    /// Whether a token with a good signature still counts.
    pub async fn admits(&self, claims: &Claims) -> Result<bool, sqlx::Error> {
        if self.0.revocations.contains(claims.sid) {
            return Ok(false);
        }
        let status = self.account_status(claims.sub).await?;
        Ok(status.is_some_and(|status| status.admits(claims.iat)))
    }

    /// How an account stands, as of at most a second ago; `None` where there is none.
    pub async fn account_status(&self, user: UserId) -> Result<Option<AccountStatus>, sqlx::Error> {
        self.0.accounts.get(user).await
    }

    /// Ends sessions: from now on no token of theirs counts here, and within a second nowhere. Others are told first: were it
    /// over here alone, whoever repeats it after a failure would be refused before they could.
    pub async fn end_sessions(&self, user: UserId, sessions: &[Uuid]) -> Result<(), RedisError> {
        self.0.revocations.publish(user, sessions).await?;
        for session in sessions {
            self.session_is_over(user, *session);
        }
        Ok(())
    }

    /// After the commit of a change of an account: it counts at once here, and in moments elsewhere. A hint: without it, or
    /// while Redis is away, others notice within a second.
    pub async fn account_changed(&self, user: UserId) {
        self.account_is_stale(user).await;
        if let Err(error) = self.0.redis.publish(CHANNEL, revocations::account_message(user).as_bytes()).await {
            tracing::debug!(%error, "others will notice by themselves");
        }
    }

    /// Watches over the caller's session for as long as the watch is held.
    pub async fn watch(&self, caller: &Caller) -> SessionWatch {
        let watch = self.0.watches.begin(caller);
        // Looked at after the watch began, so that nothing falls between.
        if self.0.revocations.contains(caller.session_id) {
            self.0.watches.end(caller.user_id, caller.session_id);
        } else {
            self.check(caller.user_id).await;
        }
        watch
    }

    fn session_is_over(&self, user: UserId, session: Uuid) {
        self.0.revocations.add(session);
        self.0.watches.end(user, session);
    }

    async fn account_is_stale(&self, user: UserId) {
        self.0.accounts.forget(user);
        if self.0.watches.any_of(user) {
            self.check(user).await;
        }
    }

    /// Ends the watches of an account that do not count any more. Where it cannot be asked, the next look will see it.
    async fn check(&self, user: UserId) {
        match self.account_status(user).await {
            Ok(status) => self.0.watches.judge(user, status.as_ref()),
            Err(error) => tracing::debug!(%error, "an account is looked at later"),
        }
    }

    async fn read_news(&self) -> bool {
        match self.0.revocations.news().await {
            Ok(news) => {
                for (user, session) in news {
                    self.session_is_over(user, session);
                }
                true
            }
            Err(error) => {
                tracing::debug!(%error, "sessions that are over are not read");
                false
            }
        }
    }

    async fn follow_revocations(self, shutdown: CancellationToken) {
        let mut away = false;
        while !shutdown.is_cancelled() {
            let heard = self.read_news().await;
            if heard == away {
                tracing::warn!(heard, "subscription to ended sessions changed");
            }
            away = !heard;
            pause(&shutdown, revocations::LOOK).await;
        }
    }

    async fn follow_accounts(self, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            match self.0.accounts.changed().await {
                Ok(accounts::Changed::These(rows)) => {
                    for (user, _) in rows.into_iter().filter(|(user, at)| self.0.watches.missed(*user, *at)) {
                        self.check(user).await;
                    }
                }
                Ok(accounts::Changed::Many) => {
                    for user in self.0.watches.users() {
                        self.check(user).await;
                    }
                }
                Err(error) => tracing::debug!(%error, "accounts are not looked at"),
            }
            pause(&shutdown, accounts::LOOK).await;
        }
    }

    async fn listen(self, shutdown: CancellationToken) {
        let mut messages = Box::pin(self.0.redis.subscribe(CHANNEL));
        loop {
            let message = tokio::select! {
                () = shutdown.cancelled() => return,
                message = messages.next() => message,
            };
            match message.as_deref().and_then(revocations::read_message) {
                Some(revocations::Message::Session(user, session)) => self.session_is_over(user, session),
                Some(revocations::Message::Account(user)) => self.account_is_stale(user).await,
                None => tracing::debug!("a message that nobody understands"),
            }
        }
    }
}

async fn pause(shutdown: &CancellationToken, time: std::time::Duration) {
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = tokio::time::sleep(time) => {}
    }
}
