//! Work that processes share: numbered pieces, each held by one process at a time, as many by each as is fair.
//!
//! A piece is an advisory lock of one session of its own, so that it falls free with its holder's connection. A holder whose
//! connection was lost may not know it yet: what is done under a lock must bear that somebody else does it too.

use std::collections::BTreeSet;

use sqlx::PgConnection;

use crate::postgres;
use crate::settings::PostgresSettings;

#[derive(Clone, Copy, Debug)]
pub struct ShardSet {
    /// Class of the lock of each piece (first key of the two-key form).
    pub pieces_class: i32,
    /// Class of the lock by which those who share see each other.
    pub sharers_class: i32,
    /// Pieces are numbered from 0.
    pub pieces: i16,
}

/// A session and the pieces it holds.
pub struct ShardLocks {
    work: ShardSet,
    session: PgConnection,
    held: BTreeSet<i16>,
}

impl ShardLocks {
    /// Opens the session; no piece is held yet.
    pub async fn connect(settings: &PostgresSettings, work: ShardSet) -> Result<Self, sqlx::Error> {
        let mut session = postgres::connect(settings, postgres::CONTROL_PATH).await?;
        // Shared by all: how many hold it is how many share the pieces.
        sqlx::query!("select pg_advisory_lock_shared($1, 0)", work.sharers_class).fetch_one(&mut session).await?;
        Ok(Self { work, session, held: BTreeSet::new() })
    }

    /// The pieces that are held as long as the session lives.
    #[must_use]
    pub fn held(&self) -> Vec<i16> {
        self.held.iter().copied().collect()
    }

    /// Gives up what is more than a fair share and takes what is free up to it. Fails when the session is lost, and with it
    /// every piece. Nothing may be in hand while this runs.
    pub async fn balance(&mut self) -> Result<(), sqlx::Error> {
        let sharers = sqlx::query_scalar!(
            r#"select count(distinct pid) as "sharers!" from pg_locks
               where locktype = 'advisory' and classid::bigint = $1 and objsubid = 2 and granted
                 and database = (select oid from pg_database where datname = current_database())"#,
            i64::from(self.work.sharers_class),
        )
        .fetch_one(&mut self.session)
        .await?;
        let sharers = usize::try_from(sharers).unwrap_or(1).max(1);
        let fair = usize::try_from(self.work.pieces).unwrap_or_default().div_ceil(sharers);
        while self.held.len() > fair {
            let Some(piece) = self.held.pop_last() else { break };
            sqlx::query!("select pg_advisory_unlock($1, $2)", self.work.pieces_class, i32::from(piece))
                .fetch_one(&mut self.session)
                .await?;
        }
        for piece in 0..self.work.pieces {
            if self.held.len() >= fair {
                break;
            }
            if self.held.contains(&piece) {
                continue;
            }
            let taken = sqlx::query_scalar!(
                r#"select pg_try_advisory_lock($1, $2) as "taken!""#,
                self.work.pieces_class,
                i32::from(piece)
            )
            .fetch_one(&mut self.session)
            .await?;
            if taken {
                self.held.insert(piece);
            }
        }
        Ok(())
    }
}
