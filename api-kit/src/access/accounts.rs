//! How accounts stand: a bounded copy of rows in Postgres, and the question which of them have changed.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use event_schema::UserId;
use quick_cache::sync::Cache;
use sqlx::PgPool;
use tokio::time::Instant;

/// How often Postgres is asked what has changed.
pub(super) const LOOK: Duration = Duration::from_millis(300);
/// What nobody could ask about for so long is read again: less than the second that a change may take to count.
const TRUSTED: Duration = Duration::from_millis(900);
/// What is kept is read again after so long, whatever was heard: for changes whose commit took longer than `OVERLAP`.
const KEPT: Duration = Duration::from_secs(30);
/// Changes are looked for so far back: a row's time is set a moment before it can be seen.
const OVERLAP: Duration = Duration::from_secs(10);
/// Accounts kept; each takes some 150 bytes.
const ACCOUNTS: usize = 10_000;
/// More changed rows than this are not looked at one by one.
const MANY: i64 = 5_000;

/// How an account stands.
#[derive(Clone, Debug)]
pub struct AccountStatus {
    usable: bool,
    roles: Arc<[String]>,
    /// In seconds since 1970.
    not_before: i64,
    changed_at: DateTime<Utc>,
    loaded: Instant,
}

impl AccountStatus {
    /// Whether a token issued then (`iat`) counts.
    #[must_use]
    pub fn admits(&self, issued_at: i64) -> bool {
        self.usable && issued_at >= self.not_before
    }

    /// Whether the account has a role beyond its own rooms, and may use it.
    #[must_use]
    pub fn has_role(&self, role: &str) -> bool {
        self.usable && self.roles.iter().any(|name| name == role)
    }

    /// Which state of the row this is.
    pub(super) fn changed_at(&self) -> DateTime<Utc> {
        self.changed_at
    }
}

/// Why there is nothing to keep.
enum Missing {
    NoAccount,
    Database(sqlx::Error),
}

/// Which accounts have changed lately.
pub(super) enum Changed {
    These(Vec<(UserId, DateTime<Utc>)>),
    Many,
}

pub(super) struct Accounts {
    db: PgPool,
    kept: Cache<UserId, AccountStatus>,
    /// When the last question about changes that was answered was asked.
    heard: RwLock<Instant>,
}

impl Accounts {
    pub(super) fn new(db: PgPool) -> Self {
        Self { db, kept: Cache::new(ACCOUNTS), heard: RwLock::new(Instant::now()) }
    }

    pub(super) async fn get(&self, user: UserId) -> Result<Option<AccountStatus>, sqlx::Error> {
        let heard = self.last_heard();
        match self.kept.get(&user) {
            Some(status) if is_trusted(&status, heard) => return Ok(Some(status)),
            Some(_) => drop(self.kept.remove_if(&user, |status| !is_trusted(status, heard))),
            None => {}
        }
        // Of several who ask at once one asks Postgres.
        match self.kept.get_or_insert_async(&user, self.load(user)).await {
            Ok(status) => Ok(Some(status)),
            Err(Missing::NoAccount) => Ok(None),
            Err(Missing::Database(error)) => Err(error),
        }
    }

    pub(super) fn forget(&self, user: UserId) {
        self.kept.remove(&user);
    }

    /// Which accounts have changed lately; what was kept of them in another state is forgotten. What was just being read
    /// while it changed is found by the next call.
    pub(super) async fn changed(&self) -> Result<Changed, sqlx::Error> {
        let asked = Instant::now();
        let back = OVERLAP + self.last_heard().elapsed();
        // Index Scan using accounts_by_standing
        let rows = sqlx::query!(
            "select user_id, standing_changed_at from identity.accounts
             where standing_changed_at > clock_timestamp() - make_interval(secs => $1) limit $2",
            back.as_secs_f64(),
            MANY,
        )
        .fetch_all(&self.db)
        .await?;
        let many = i64::try_from(rows.len()).is_ok_and(|rows| rows >= MANY);
        let changed = if many {
            Changed::Many
        } else {
            Changed::These(rows.into_iter().map(|row| (UserId(row.user_id), row.standing_changed_at)).collect())
        };
        self.apply_changes(asked, &changed);
        Ok(changed)
    }

    /// Only after what changed is forgotten may the rest be trusted for longer.
    fn apply_changes(&self, asked: Instant, changed: &Changed) {
        match changed {
            Changed::These(rows) => {
                for (user, changed_at) in rows {
                    self.kept.remove_if(user, |status| status.changed_at != *changed_at);
                }
            }
            Changed::Many => self.kept.clear(),
        }
        *self.heard.write().unwrap_or_else(PoisonError::into_inner) = asked;
    }

    fn last_heard(&self) -> Instant {
        *self.heard.read().unwrap_or_else(PoisonError::into_inner)
    }

    async fn load(&self, user: UserId) -> Result<AccountStatus, Missing> {
        let loaded = Instant::now();
        let row = sqlx::query!(
            r#"select status in ('registered', 'verified') as "usable!", roles, sessions_not_before, standing_changed_at
               from identity.accounts where user_id = $1"#,
            user.0,
        )
        .fetch_optional(&self.db)
        .await
        .map_err(Missing::Database)?;
        let row = row.ok_or(Missing::NoAccount)?;
        Ok(AccountStatus {
            usable: row.usable,
            roles: row.roles.into(),
            not_before: row.sessions_not_before.map_or(i64::MIN, |time| time.timestamp()),
            changed_at: row.standing_changed_at,
            loaded,
        })
    }
}

fn is_trusted(status: &AccountStatus, heard: Instant) -> bool {
    status.loaded.elapsed() < KEPT && status.loaded.max(heard).elapsed() < TRUSTED
}
