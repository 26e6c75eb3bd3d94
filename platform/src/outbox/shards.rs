//! Which shards a relay holds: advisory locks of one session of its own, so that they fall free with its connection.

use std::collections::BTreeSet;

use sqlx::PgConnection;

use super::SHARDS;
use crate::postgres;
use crate::settings::PostgresSettings;

/// Class of the lock of each shard (first key of the two-key form).
const SHARD_CLASS: i32 = 0x6f75_7462;
/// Class of the lock by which relays see each other.
const RELAY_CLASS: i32 = 0x6f75_7463;

/// A session and the shards it holds.
pub(super) struct Shards {
    session: PgConnection,
    held: BTreeSet<i16>,
}

impl Shards {
    /// Opens the session; no shard is held yet.
    pub(super) async fn connect(settings: &PostgresSettings) -> Result<Self, sqlx::Error> {
        let mut session = postgres::connect(settings, postgres::CONTROL_PATH).await?;
        // Shared by all relays: how many hold it is how many share the shards.
        sqlx::query!("select pg_advisory_lock_shared($1, 0)", RELAY_CLASS).fetch_one(&mut session).await?;
        Ok(Self { session, held: BTreeSet::new() })
    }

    /// The shards that are held as long as the session lives.
    pub(super) fn held(&self) -> Vec<i16> {
        self.held.iter().copied().collect()
    }

    /// Gives up what is more than a fair share and takes what is free up to it. Fails when the session is lost, and with it
    /// every shard. No row may be on its way while this runs.
    pub(super) async fn balance(&mut self) -> Result<(), sqlx::Error> {
        let relays = sqlx::query_scalar!(
            r#"select count(distinct pid) as "relays!" from pg_locks
               where locktype = 'advisory' and classid::bigint = $1 and objsubid = 2 and granted
                 and database = (select oid from pg_database where datname = current_database())"#,
            i64::from(RELAY_CLASS),
        )
        .fetch_one(&mut self.session)
        .await?;
        let relays = usize::try_from(relays).unwrap_or(1).max(1);
        let fair = usize::from(SHARDS.unsigned_abs()).div_ceil(relays);
        while self.held.len() > fair {
            let Some(shard) = self.held.pop_last() else { break };
            sqlx::query!("select pg_advisory_unlock($1, $2)", SHARD_CLASS, i32::from(shard))
                .fetch_one(&mut self.session)
                .await?;
        }
        for shard in 0..SHARDS {
            if self.held.len() >= fair {
                break;
            }
            if self.held.contains(&shard) {
                continue;
            }
            let taken = sqlx::query_scalar!(
                r#"select pg_try_advisory_lock($1, $2) as "taken!""#,
                SHARD_CLASS,
                i32::from(shard)
            )
            .fetch_one(&mut self.session)
            .await?;
            if taken {
                self.held.insert(shard);
            }
        }
        Ok(())
    }
}
