//! What is known of the generations.

use chrono::{DateTime, Utc};
use platform::postgres;
use platform::settings::PostgresSettings;
use read_model::generations::{Fold, schema_name};
use read_model::{Partition, effect_marks, integrity};
use serde::Serialize;
use sqlx::{AssertSqlSafe, PgConnection, PgPool};
use uuid::Uuid;

use super::RebuildError;

/// Any number that nobody else uses: one rebuild at a time.
const LOCK: i64 = 0x6368_6174_0000_0004;

/// What a generation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Bare tables that are being filled.
    Loading,
    /// Complete, and folded beside the active one.
    Building,
    Active,
    /// Queries read it before; folded on, for a rollback.
    Standby,
}

impl State {
    fn from_word(word: &str) -> Option<Self> {
        match word {
            "loading" => Some(Self::Loading),
            "building" => Some(Self::Building),
            "active" => Some(Self::Active),
            "standby" => Some(Self::Standby),
            _ => None,
        }
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Loading => "loading",
            Self::Building => "building",
            Self::Active => "active",
            Self::Standby => "standby",
        }
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct GenerationStatus {
    pub generation: i32,
    /// What it is for.
    pub state: State,
    /// The fold that writes it.
    pub fold_version: i32,
    /// When it was begun.
    pub created_at: DateTime<Utc>,
    /// When queries began to read it, the last time.
    pub activated_at: Option<DateTime<Utc>>,
    /// Events folded into it.
    pub events: i64,
    /// Its size on disk.
    pub bytes: i64,
}

/// All generations, in order.
pub async fn status(db: &PgPool) -> Result<Vec<GenerationStatus>, RebuildError> {
    let rows = sqlx::query!(
        r#"select generation, state, fold_version, created_at, activated_at,
              coalesce((select sum(pg_total_relation_size(c.oid)) from pg_class c
                        where c.relnamespace = to_regnamespace(schema_name) and c.relkind = 'r'), 0)::bigint as "bytes!"
           from control.generations order by generation"#
    );
    let mut all = Vec::new();
    for row in rows.fetch_all(db).await? {
        let Some(state) = State::from_word(&row.state) else { continue };
        let sql =
            format!("select coalesce(sum(next_offset), 0)::bigint from {}.checkpoints", schema_name(row.generation));
        let events = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(db).await?;
        let (fold_version, created_at, activated_at) = (row.fold_version, row.created_at, row.activated_at);
        let generation = row.generation;
        all.push(GenerationStatus {
            generation,
            state,
            fold_version,
            created_at,
            activated_at,
            events,
            bytes: row.bytes,
        });
    }
    Ok(all)
}

/// The right to rebuild, for as long as the connection lives.
pub(super) async fn lock(settings: &PostgresSettings) -> sqlx::Result<Option<PgConnection>> {
    let mut connection = postgres::connect(settings, postgres::CONTROL_PATH).await?;
    let locked = sqlx::query_scalar!(r#"select pg_try_advisory_lock($1) as "locked!""#, LOCK);
    let locked = locked.fetch_one(&mut connection).await?;
    Ok(locked.then_some(connection))
}

/// A generation that was begun and is not read yet.
pub(super) async fn unfinished(db: &PgPool, fold: Fold) -> sqlx::Result<Option<(i32, State)>> {
    let row = sqlx::query!(
        "select generation, state from control.generations
         where state in ('loading', 'building') and fold_version = $1 and log_id = $2
         order by generation desc limit 1",
        fold.version,
        fold.log_id.0
    );
    let row = row.fetch_optional(db).await?;
    Ok(row.and_then(|row| Some((row.generation, State::from_word(&row.state)?))))
}

/// From now on projectors fold it.
pub(super) async fn loaded(db: &PgPool, generation: i32) -> sqlx::Result<()> {
    let update = "update control.generations set state = 'building' where generation = $1 and state = 'loading'";
    sqlx::query(update).bind(generation).execute(db).await.map(drop)
}

/// Keys that are parked in a generation and not in the one that is read, the first few.
pub(super) async fn newly_parked(db: &PgPool, generation: i32) -> sqlx::Result<Vec<Uuid>> {
    let active = sqlx::query_scalar!("select generation from control.generations where state = 'active'");
    let Some(active) = active.fetch_optional(db).await? else { return Ok(Vec::new()) };
    // Of one whose tables are lost, nobody knows what was parked.
    if !integrity::has_table(&mut *db.acquire().await?, active, "parked").await? {
        return Ok(Vec::new());
    }
    // The schemas' names are made of numbers.
    let sql = format!(
        "select distinct key_id from {}.parked its
         where not exists (select from {}.parked theirs where theirs.key_id = its.key_id and theirs.topic = its.topic)
         order by key_id limit 20",
        schema_name(generation),
        schema_name(active)
    );
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(db).await
}

/// The active generation, if nobody knows any more how far it is: its checkpoints are lost.
pub(super) async fn lost(db: &PgPool) -> sqlx::Result<Option<i32>> {
    let Some(active) = read_model::generations::active_generation(db).await? else { return Ok(None) };
    let known = integrity::has_table(&mut *db.acquire().await?, active.number, "checkpoints").await?;
    Ok((!known).then_some(active.number))
}

/// A generation takes the place of one whose tables are lost: from the first effect that may not have been told
/// (`control.effect_marks`), all effects are its own to tell.
pub(super) async fn take_over_effects(db: &PgPool, generation: i32, partitions: &[Partition]) -> sqlx::Result<()> {
    let mut tx = db.begin().await?;
    for partition in partitions {
        let from = effect_marks::first_untold(&mut tx, *partition).await?;
        let (topic, number) = (partition.topic.name(), partition.number);
        // Of two owners from the same offset the later is right; those from a later offset would still be asked first.
        let after = sqlx::query!(
            "delete from control.effect_owners where topic = $1 and partition = $2 and from_offset > $3",
            topic,
            number,
            from
        );
        after.execute(&mut *tx).await?;
        let own = sqlx::query!(
            "insert into control.effect_owners (topic, partition, from_offset, generation) values ($1, $2, $3, $4)",
            topic,
            number,
            from,
            generation
        );
        own.execute(&mut *tx).await?;
    }
    tx.commit().await
}
