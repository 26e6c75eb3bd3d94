//! Generations of the read models, and the pool that reads the active one.
//!
//! Activation is one updated row: every process notices within a second, warms a pool whose search path leads to the new
//! generation, swaps it in, and closes the old one when its readers are done. SQL never names a generation.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use sqlx::{AssertSqlSafe, PgPool, Postgres, Transaction, raw_sql};
use tokio_util::sync::CancellationToken;

use crate::position::LogId;
use crate::postgres;
use crate::settings::PostgresSettings;

/// The version of the fold that this build writes. Others refuse to write a generation of it.
pub const FOLD_VERSION: i32 = 2;

const TABLES: &str = include_str!("../../migrations/read-model/tables.sql");
const INDEXES: &str = include_str!("../../migrations/read-model/indexes.sql");
/// Any number that nobody else uses: serialises the making of generations.
const LOCK: i64 = 0x6368_6174_0000_0001;
/// How often the active generation is looked up.
const LOOK: Duration = Duration::from_secs(1);
/// A generation that has just become active is at most a moment behind the one before.
const BEHIND: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// Longer than any request lasts.
const DRAIN: Duration = Duration::from_mins(1);
/// How long after a switch somebody may still read the generation that was read before it: until the process has noticed, and
/// its last readers are done.
pub const LAST_READERS: Duration = Duration::from_secs(70);

/// What a program folds, and by which fold: it writes generations of this log and this version, and no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fold {
    /// The log.
    pub log_id: LogId,
    /// The version of the fold.
    pub version: i32,
}

impl Fold {
    /// As this build folds a log.
    #[must_use]
    pub fn of(log_id: LogId) -> Self {
        Self { log_id, version: FOLD_VERSION }
    }
}

/// One complete build of the read models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generation {
    /// Its number.
    pub number: i32,
    /// The log it was folded from.
    pub log_id: LogId,
    /// The fold that writes it.
    pub fold_version: i32,
    /// How often rooms of it were repaired.
    pub repairs: i32,
}

/// A generation's schema.
#[must_use]
pub fn schema_name(generation: i32) -> String {
    format!("g{generation}")
}

/// The search path that leads to a generation.
#[must_use]
pub fn search_path(generation: i32) -> String {
    format!("g{generation},{}", postgres::CONTROL_PATH)
}

/// Makes an empty generation. The first one is active at once, later ones are being built.
pub async fn create_generation(pool: &PgPool, log_id: LogId) -> Result<i32, sqlx::Error> {
    let mut tx = pool.begin().await?;
    lock(&mut tx).await?;
    let number = create(&mut tx, log_id).await?;
    tx.commit().await?;
    Ok(number)
}

/// Makes a generation of bare tables, to be loaded; its keys and indexes ([`index_statements`]) come afterwards. Until then
/// nothing is folded into it.
pub async fn begin_generation(pool: &PgPool, fold: Fold) -> Result<i32, sqlx::Error> {
    let mut tx = pool.begin().await?;
    lock(&mut tx).await?;
    let number = create_tables(&mut tx, "").await?;
    sqlx::query!(
        "insert into control.generations (generation, schema_name, fold_version, log_id, state)
         values ($1, $2, $3, $4, 'loading')",
        number,
        schema_name(number),
        fold.version,
        fold.log_id.0,
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(number)
}

/// The keys and indexes of a generation, one statement each, for a connection whose search path leads to it.
pub fn index_statements() -> impl Iterator<Item = String> {
    let code = INDEXES.lines().filter(|line| !line.trim_start().starts_with("--")).collect::<Vec<_>>().join("\n");
    let statements: Vec<String> = code.split(';').map(|statement| statement.trim().to_owned()).collect();
    statements.into_iter().filter(|statement| !statement.is_empty())
}

/// The active generation; makes the first one where there is none.
pub async fn ensure_generation(pool: &PgPool, log_id: LogId) -> Result<Generation, sqlx::Error> {
    if let Some(active) = active_generation(pool).await? {
        return Ok(active);
    }
    let mut tx = pool.begin().await?;
    lock(&mut tx).await?;
    let active = if let Some(active) = active_in(&mut tx).await? {
        active
    } else {
        let number = create(&mut tx, log_id).await?;
        Generation { number, log_id, fold_version: FOLD_VERSION, repairs: 0 }
    };
    tx.commit().await?;
    Ok(active)
}

/// The generation that queries read.
pub async fn active_generation(pool: &PgPool) -> Result<Option<Generation>, sqlx::Error> {
    active_in(&mut *pool.acquire().await?).await
}

async fn active_in(connection: &mut sqlx::PgConnection) -> Result<Option<Generation>, sqlx::Error> {
    let row = sqlx::query!(
        "select generation, log_id, fold_version, repairs from control.generations where state = 'active'"
    );
    let row = row.fetch_optional(connection).await?;
    Ok(row.map(|row| Generation {
        number: row.generation,
        log_id: LogId(row.log_id),
        fold_version: row.fold_version,
        repairs: row.repairs,
    }))
}

async fn lock(connection: &mut sqlx::PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!("select pg_advisory_xact_lock($1)", LOCK).fetch_one(connection).await?;
    Ok(())
}

async fn create_tables(connection: &mut sqlx::PgConnection, indexes: &str) -> Result<i32, sqlx::Error> {
    // Not one again that has told effects, dropped or not: what it told would be taken for the new one's.
    let next = sqlx::query_scalar!(
        r#"select coalesce(greatest((select max(generation) from control.generations),
                                    (select max(generation) from control.effect_owners)), 0) + 1 as "next!""#
    );
    let number = next.fetch_one(&mut *connection).await?;
    let schema = schema_name(number);
    // The schema's name is made of a number; the files are ours.
    let sql = format!("create schema {schema}; set local search_path = {schema}; {TABLES}; {indexes}");
    raw_sql(AssertSqlSafe(sql)).execute(&mut *connection).await?;
    // Whatever follows in the transaction sees what its connection is made to see.
    raw_sql("set local search_path to default").execute(connection).await?;
    Ok(number)
}

async fn create(connection: &mut sqlx::PgConnection, log_id: LogId) -> Result<i32, sqlx::Error> {
    let number = create_tables(connection, INDEXES).await?;
    let schema = schema_name(number);
    sqlx::query!(
        "insert into control.generations (generation, schema_name, fold_version, log_id, state, activated_at)
         select $1, $2, $3, $4, case when first then 'active' else 'building' end, case when first then now() end
         from (select not exists (select from control.generations where state = 'active') as first) as found",
        number,
        schema,
        FOLD_VERSION,
        log_id.0,
    )
    .execute(connection)
    .await?;
    Ok(number)
}

/// The pool of the active generation. Cheap to clone.
#[derive(Clone)]
pub struct ReadModel {
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
    pub(crate) async fn watch(self, shutdown: CancellationToken) {
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
            match self.refresh().await {
                Ok(()) => {}
                Err(error) if postgres::is_transient(&error) => tracing::debug!(%error, "no look at the generations"),
                Err(error) => tracing::warn!(%error, "no look at the generations"),
            }
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
        tracing::info!(from = before.generation, to = generation, "another generation is read from now on");
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
