//! Work that processes share: numbered items, each leased by one process at a time, as many by each as is fair.
//!
//! A lease is a row in Postgres. It ends when its holder does not renew it within [`TERM`] by Postgres's clock, so that a
//! process that is frozen holds nothing for long, and at once when the session that its holder keeps open is gone, so that
//! one that was killed holds nothing. A holder that was frozen may not know yet that its leases are others' now: what is
//! done under a lease must bear that somebody else does it too (an epoch, a conditional update, a repeated event id).
//!
//! This follows the lease of Gray and Cheriton (SOSP 1989), with one clock for all.

use std::collections::BTreeSet;
use std::time::Duration;

use sqlx::PgConnection;

use crate::postgres;
use crate::settings::PostgresSettings;

/// How long a lease lasts that is not renewed.
pub const TERM: Duration = Duration::from_secs(10);
/// Between two renewals.
const RENEW: Duration = Duration::from_millis(500);
/// Everybody has renewed within this time, and knows who is leaving.
pub const NOTICE: Duration = Duration::from_millis(600);
/// Between two renewals while items are to be handed over.
const HAND_OVER: Duration = Duration::from_millis(100);
/// The class of the advisory locks by which sessions are seen.
const SESSIONS: i32 = 0x6c65_6173;

/// Why leases cannot be held.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// They were not renewed in time, and are others' now.
    #[error("the leases of {work} ended because they were not renewed in time")]
    Expired { work: String },
    /// Postgres is away, or the session is gone.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// A session and the items it holds.
pub struct Leases {
    session: PgConnection,
    work: String,
    holder: i32,
    held: BTreeSet<i32>,
    /// Whether everybody has what is fair.
    settled: bool,
}

impl Leases {
    /// Enters among those who share this work, of `items` items numbered from 0. None is held before [`Self::renew`].
    pub async fn connect(settings: &PostgresSettings, work: &str, items: i32) -> Result<Self, sqlx::Error> {
        let mut session = postgres::connect(settings, postgres::CONTROL_PATH).await?;
        sqlx::query!(
            "insert into control.leases (work, item) select $1, item from generate_series(0, $2 - 1) as items (item)
             on conflict do nothing",
            work,
            items
        )
        .execute(&mut session)
        .await?;
        let holder = enter(&mut session, work).await?;
        Ok(Self { session, work: work.to_owned(), holder, held: BTreeSet::new(), settled: false })
    }

    /// The items held, in their order.
    #[must_use]
    pub fn held(&self) -> Vec<i32> {
        self.held.iter().copied().collect()
    }

    /// When to renew next.
    #[must_use]
    pub fn next_renewal(&self) -> Duration {
        if self.settled { RENEW } else { HAND_OVER }
    }

    /// Keeps what is held for another [`TERM`], ends what others did not renew, and takes what is free up to a fair share.
    /// Says which items are more than that: to be given back by [`Self::release`] as soon as nothing of them is in hand.
    pub async fn renew(&mut self) -> Result<Vec<i32>, LeaseError> {
        self.extend().await?;
        self.end_dead_holders().await?;
        let share = self.share().await?;
        let fair = share.fair();
        if share.free > 0 && self.held.len() < fair {
            self.take(fair - self.held.len()).await?;
        }
        self.settled = share.free == 0 && share.largest <= fair && share.leaving == 0;
        Ok(self.held.iter().skip(fair).copied().collect())
    }

    /// Gives items to whoever takes them.
    pub async fn release(&mut self, items: &[i32]) -> Result<(), sqlx::Error> {
        sqlx::query!(
            "update control.leases set holder = null where work = $1 and item = any($2) and holder = $3",
            self.work,
            items,
            self.holder
        )
        .execute(&mut self.session)
        .await?;
        self.held.retain(|item| !items.contains(item));
        self.settled = false;
        Ok(())
    }

    /// Says that this holder will leave: after [`NOTICE`], what it releases is taken within a moment. Whether there is anybody to
    /// take it.
    pub async fn announce_leave(&mut self) -> Result<bool, sqlx::Error> {
        let others = sqlx::query_scalar!(
            r#"with announced as (update control.lease_holders set leaving = true where holder = $1 returning work)
               select exists (select from control.lease_holders others join announced using (work)
                              where others.holder <> $1 and not others.leaving) as "others!""#,
            self.holder
        );
        others.fetch_one(&mut self.session).await
    }

    /// Gives everything up, at once.
    pub async fn leave(mut self) -> Result<(), sqlx::Error> {
        sqlx::query!("delete from control.lease_holders where holder = $1", self.holder)
            .execute(&mut self.session)
            .await
            .map(drop)
    }

    async fn extend(&mut self) -> Result<(), LeaseError> {
        let renewed = sqlx::query!(
            "update control.lease_holders set expires_at = clock_timestamp() + make_interval(secs => $2) where holder = $1",
            self.holder,
            TERM.as_secs_f64()
        );
        if renewed.execute(&mut self.session).await?.rows_affected() == 0 {
            self.held.clear();
            return Err(LeaseError::Expired { work: self.work.clone() });
        }
        let held = sqlx::query_scalar!("select item from control.leases where holder = $1", self.holder);
        self.held = held.fetch_all(&mut self.session).await?.into_iter().collect();
        Ok(())
    }

    /// Holders that did not renew, or whose session is gone. One that somebody else looks at just now is passed over: two
    /// that both came too late do not wait for each other.
    async fn end_dead_holders(&mut self) -> Result<(), sqlx::Error> {
        let dead = sqlx::query_scalar!(
            r#"with dead as (
                   select holder from control.lease_holders
                   where work = $1 and holder <> $2 and (expires_at <= clock_timestamp() or not exists (
                       select from pg_locks
                       where locktype = 'advisory' and classid::bigint = $3 and objid::bigint = holder and objsubid = 2
                         and granted and database = (select oid from pg_database where datname = current_database())))
                   for update skip locked
               )
               delete from control.lease_holders where holder in (select holder from dead) returning holder"#,
            self.work,
            self.holder,
            i64::from(SESSIONS)
        );
        let dead = dead.fetch_all(&mut self.session).await?;
        if !dead.is_empty() {
            tracing::warn!(work = self.work, holders = ?dead, "leases ended: their holders were gone or did not renew");
            metrics::counter!("leases_expired_total", "work" => self.work.clone()).increment(dead.len() as u64);
        }
        Ok(())
    }

    async fn share(&mut self) -> Result<Share, sqlx::Error> {
        let row = sqlx::query!(
            r#"select count(*) as "items!", count(*) filter (where holder is null) as "free!",
                      (select count(*) from control.lease_holders where work = $1 and not leaving) as "holders!",
                      (select count(*) from control.lease_holders where work = $1 and leaving) as "leaving!",
                      coalesce((select max(held) from (
                          select count(*) as held from control.leases
                          where work = $1 and holder is not null group by holder) as each), 0) as "largest!"
               from control.leases where work = $1"#,
            self.work
        );
        let row = row.fetch_one(&mut self.session).await?;
        let count = |count: i64| usize::try_from(count).unwrap_or_default();
        Ok(Share {
            items: count(row.items),
            holders: count(row.holders),
            leaving: count(row.leaving),
            free: count(row.free),
            largest: count(row.largest),
        })
    }

    async fn take(&mut self, most: usize) -> Result<(), sqlx::Error> {
        let taken = sqlx::query_scalar!(
            "update control.leases set holder = $2, epoch = epoch + 1
             where work = $1 and item in (
                 select item from control.leases where work = $1 and holder is null
                 order by item limit $3 for update skip locked)
             returning item",
            self.work,
            self.holder,
            i64::try_from(most).unwrap_or(i64::MAX)
        );
        self.held.extend(taken.fetch_all(&mut self.session).await?);
        Ok(())
    }
}

/// The lock is there before anybody sees the row.
async fn enter(session: &mut PgConnection, work: &str) -> Result<i32, sqlx::Error> {
    use sqlx::Connection as _;
    let mut tx = session.begin().await?;
    let holder = sqlx::query_scalar!(
        "insert into control.lease_holders (work, expires_at)
         values ($1, clock_timestamp() + make_interval(secs => $2)) returning holder",
        work,
        TERM.as_secs_f64()
    );
    let holder = holder.fetch_one(&mut *tx).await?;
    // Of the session, not of the transaction.
    sqlx::query!("select pg_advisory_lock($1, $2)", SESSIONS, holder).fetch_one(&mut *tx).await?;
    tx.commit().await?;
    Ok(holder)
}

/// How the items are spread.
#[derive(Clone, Copy, Debug)]
struct Share {
    items: usize,
    /// Who goes on.
    holders: usize,
    leaving: usize,
    free: usize,
    /// The most that one holder has.
    largest: usize,
}

impl Share {
    fn fair(self) -> usize {
        self.items.div_ceil(self.holders.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fair_share_leaves_nothing_over() {
        for (items, holders, fair) in [(16, 1, 16), (16, 3, 6), (9, 2, 5), (9, 20, 1), (0, 2, 0)] {
            let share = Share { items, holders, leaving: 0, free: 0, largest: 0 };
            assert_eq!(share.fair(), fair);
            assert!(share.fair() * holders >= items);
        }
    }
}
