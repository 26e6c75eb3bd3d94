//! Generations of the read models: making them, and which one is active. Activation is one updated row.

use std::time::Duration;

use platform::LogId;
use platform::postgres;
use sqlx::{AssertSqlSafe, PgPool, raw_sql};

/// The version of the fold that this build writes. Others refuse to write a generation of it.
pub const FOLD_VERSION: i32 = 3;

pub(crate) const TABLES: &str = include_str!("../../migrations/read-model/tables.sql");
pub(crate) const INDEXES: &str = include_str!("../../migrations/read-model/indexes.sql");
/// Any number that nobody else uses: serialises the making of generations.
const LOCK: i64 = 0x6368_6174_0000_0001;
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
    // Not one again that has told effects, dropped or not: what it told would be taken for the new one's. Nor one whose schema
    // is there, although its row was lost.
    let next = sqlx::query_scalar!(
        r#"select coalesce(greatest((select max(generation) from control.generations),
                                    (select max(generation) from control.effect_owners),
                                    (select max(substr(nspname, 2)::integer) from pg_namespace
                                     where nspname ~ '^g[0-9]{1,9}$')), 0) + 1 as "next!""#
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
