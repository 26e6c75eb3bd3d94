//! The pool that reads the active generation, and how far that is.
//!
//! Activation is one updated row: every process notices within a second, warms a pool whose search path leads to the new
//! generation, swaps it in, and closes the old one when its readers are done. SQL never names a generation.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use platform::platform::retry_while_starting;
use platform::settings::PostgresSettings;
use platform::{HealthCheck, LogId, Platform, StartError, postgres};
use sqlx::{PgPool, Postgres, Transaction};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::generations::{Fold, Generation, active_generation, ensure_generation, search_path};
use crate::{Progress, integrity};

/// How often the active generation is looked up.
const LOOK: Duration = Duration::from_secs(1);
/// How often it is checked that its tables are there.
const CHECK: Duration = Duration::from_secs(5);
/// A generation that has just become active is at most a moment behind the one before.
const BEHIND: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// Longer than any request lasts.
const DRAIN: Duration = Duration::from_mins(1);
/// How long closing the pool may take when the process ends.
const CLOSE: Duration = Duration::from_millis(500);

/// The tables that queries read: the pool of the active generation, and how far that is. Cheap to clone.
#[derive(Clone)]
pub struct ReadModel {
    /// How far the active generation is.
    pub progress: Progress,
    /// What this process folds, and by which fold.
    pub fold: Fold,
    active: ActiveGeneration,
}

/// The pool of the active generation. Cheap to clone.
#[derive(Clone)]
pub struct ActiveGeneration {
    current: Arc<ArcSwap<Current>>,
    settings: Arc<PostgresSettings>,
    control: PgPool,
}

struct Current {
    generation: i32,
    repairs: i32,
    pool: PgPool,
}

impl ReadModel {
    /// Finds the active generation (makes the first one where there is none), with patience for servers that are coming up;
    /// checks that tables and log belong together; and follows both until the process ends.
    pub async fn connect(platform: &Platform) -> Result<Self, StartError> {
        Self::connect_as(platform, Fold::of(platform.log_id)).await
    }

    /// [`Self::connect`] for a program of another fold version.
    pub async fn connect_as(platform: &Platform, fold: Fold) -> Result<Self, StartError> {
        let check = platform.health.register("read models");
        let find = || find_generation(&platform.db, fold.log_id);
        let generation = retry_while_starting(&platform.lifecycle, &check, find).await?;
        let active = ActiveGeneration::new(&platform.settings.postgres, platform.db.clone(), &generation)?;
        platform.lifecycle.spawn("generations", active.clone().watch(check, platform.lifecycle.soft()));
        let kafka = platform.kafka.clone();
        let progress = Progress::start(kafka, active.clone(), &platform.redis, fold.log_id, &platform.lifecycle);
        Ok(Self { progress, fold, active })
    }

    /// Closes the pool: after the process has drained.
    pub async fn close(&self) {
        let _ = tokio::time::timeout(CLOSE, self.pool().close()).await;
    }
}

impl Deref for ReadModel {
    type Target = ActiveGeneration;

    fn deref(&self) -> &ActiveGeneration {
        &self.active
    }
}

async fn find_generation(db: &PgPool, log: LogId) -> Result<Generation, StartError> {
    let found = ensure_generation(db, log).await.map_err(|error| match &error {
        // undefined_table, invalid_schema_name
        sqlx::Error::Database(database) if matches!(database.code().as_deref(), Some("42P01" | "3F000")) => {
            StartError::NotMigrated
        }
        _ => error.into(),
    })?;
    if found.log_id != log {
        return Err(StartError::OtherLog { tables: found.log_id, log });
    }
    Ok(found)
}

impl ActiveGeneration {
    /// Reads this generation until another becomes active.
    pub fn new(settings: &PostgresSettings, control: PgPool, generation: &Generation) -> Result<Self, sqlx::Error> {
        let pool = postgres::pool(settings, &search_path(generation.number))?;
        let current = Current { generation: generation.number, repairs: generation.repairs, pool };
        let current = Arc::new(ArcSwap::from_pointee(current));
        Ok(Self { current, settings: Arc::new(settings.clone()), control })
    }

    /// Connections that see the active generation.
    #[must_use]
    pub fn pool(&self) -> PgPool {
        self.current.load().pool.clone()
    }

    /// The number of the generation that [`Self::pool`] sees.
    #[must_use]
    pub fn generation(&self) -> i32 {
        self.current.load().generation
    }

    /// The generation that is read, and how often rooms of it had been repaired at the last look: what was kept of rows by
    /// their revs alone is worth something only while this is the same.
    #[must_use]
    pub fn edition(&self) -> (i32, i32) {
        let current = self.current.load();
        (current.generation, current.repairs)
    }

    /// Both at once, so that they belong together.
    #[must_use]
    pub fn snapshot(&self) -> (i32, PgPool) {
        let current = self.current.load();
        (current.generation, current.pool.clone())
    }

    /// Looks every second whether another generation is active, and changes to it.
    pub(crate) async fn watch(self, check: HealthCheck, shutdown: CancellationToken) {
        let mut checked: Option<Instant> = None;
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
            match self.refresh().await {
                Ok(()) => {}
                Err(error) if postgres::is_transient(&error) => {
                    tracing::debug!(%error, "failed to look up the active generation; retrying");
                }
                Err(error) => tracing::warn!(%error, "failed to look up the active generation; retrying"),
            }
            if checked.is_none_or(|at| at.elapsed() >= CHECK) {
                checked = Some(Instant::now());
                self.check_tables(&check).await;
            }
        }
    }

    /// Says what the generation that is read has lost.
    async fn check_tables(&self, check: &HealthCheck) {
        let generation = self.generation();
        let missing = async { integrity::missing(&mut *self.control.acquire().await?, generation).await };
        match missing.await {
            Ok(missing) if missing.is_empty() => check.ready(),
            Ok(missing) => check.degraded(integrity::describe(generation, &missing)),
            // Whether Postgres answers at all is watched elsewhere.
            Err(error) => tracing::debug!(%error, "tables were not checked"),
        }
    }

    /// Changes to the active generation if it is another one.
    pub async fn refresh(&self) -> Result<(), sqlx::Error> {
        let Some(active) = active_generation(&self.control).await? else { return Ok(()) };
        let before = self.current.load_full();
        let (generation, repairs) = (active.number, active.repairs);
        if generation == before.generation {
            if repairs != before.repairs {
                self.current.store(Arc::new(Current { generation, repairs, pool: before.pool.clone() }));
            }
            return Ok(());
        }
        let pool = postgres::pool(&self.settings, &search_path(generation))?;
        warm(&pool, before.pool.size()).await?;
        // Both are being folded, each at its own pace: nobody who has read the old one may see less in the new one.
        let held = tokio::time::timeout(BEHIND, overtaken(&before.pool, &pool)).await;
        self.current.store(Arc::new(Current { generation, repairs, pool }));
        drop(held);
        tracing::info!(from = before.generation, to = generation, "active generation switched");
        tokio::spawn(async move {
            // Whoever took the old pool just now may still ask it for a connection.
            tokio::time::sleep(DRAIN).await;
            before.pool.close().await;
        });
        Ok(())
    }
}

/// Holds one generation where it is until another one has reached that. Whoever drops the transaction lets it go on. An error
/// means that the old one cannot be read, so that nobody has read more in it.
async fn overtaken(old: &PgPool, new: &PgPool) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    let mut hold = old.begin().await?;
    // Every commit moves its checkpoint first, and waits here.
    let mark = sqlx::query!("select topic, partition, next_offset from checkpoints order by 1, 2 for share");
    let mark = mark.fetch_all(&mut *hold).await?;
    loop {
        let rows = sqlx::query!("select topic, partition, next_offset from checkpoints").fetch_all(new).await?;
        let reached: HashMap<_, _> =
            rows.iter().map(|row| ((row.topic.as_str(), row.partition), row.next_offset)).collect();
        if mark.iter().all(|it| reached.get(&(it.topic.as_str(), it.partition)).is_some_and(|at| *at >= it.next_offset))
        {
            return Ok(hold);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Opens as many connections as the old pool had, so that the swap is not felt.
async fn warm(pool: &PgPool, connections: u32) -> Result<(), sqlx::Error> {
    let mut open = Vec::new();
    for _ in 0..connections.max(1) {
        open.push(pool.acquire().await?);
    }
    Ok(())
}
