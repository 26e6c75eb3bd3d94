//! Making another generation the one that queries read, there and back.
//!
//! The old one is held at its checkpoints for the moment that the new one needs to reach them; so whoever has read the old
//! one never sees less in the new one. Before that it is looked, without holding anybody, whether a moment is enough. In the same transaction it is settled from which offset on the new one tells the
//! world what the fold causes: what it has folded in silence, the old one tells still.

use std::collections::BTreeMap;
use std::time::Duration;

use read_model::generations::{Fold, schema_name};
use read_model::integrity;
use sqlx::{AssertSqlSafe, Executor as _, PgConnection, PgPool, Row as _};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long the old generation may be held; projectors have more patience with a lock.
const HOLD: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(2);
/// How soon the new one has to be where the old one was, before that one is held for it.
const NEAR: Duration = Duration::from_millis(500);
const LOOK_FROM_AFAR: Duration = Duration::from_millis(20);
const BETWEEN: Duration = Duration::from_millis(300);
/// How long the new one may stay behind.
const PATIENCE: Duration = Duration::from_mins(1);

/// Why the active generation is the one that it was.
#[derive(Debug, thiserror::Error)]
pub enum ActivateError {
    #[error("Postgres: {0}")]
    Postgres(#[from] sqlx::Error),
    /// There is none of this number and log that is complete.
    #[error("generation {0} cannot be read: it is not there, not complete, or of another log")]
    NotReady(i32),
    /// Whether it is complete, only a program of its own fold can say.
    #[error(
        "generation {generation} is of fold version {theirs}, this program is of {ours}: use the one that folds it"
    )]
    OtherFold { generation: i32, theirs: i32, ours: i32 },
    /// No projector folds it, or too slowly.
    #[error("generation {0} stays behind; is a projector running?")]
    Behind(i32),
    #[error("interrupted")]
    Interrupted,
}

/// How far each partition of a generation is.
type Reached = BTreeMap<(String, i32), i64>;

/// Makes a generation the active one. Gives the one that was; the same again changes nothing.
pub async fn activate(
    db: &PgPool,
    to: i32,
    fold: Fold,
    stop: &CancellationToken,
) -> Result<Option<i32>, ActivateError> {
    let until = Instant::now() + PATIENCE;
    loop {
        if keeps_up(db, to, fold).await?
            && let Some(done) = attempt(db, to, fold).await?
        {
            return Ok(done.filter(|from| *from != to));
        }
        if Instant::now() >= until {
            return Err(ActivateError::Behind(to));
        }
        tokio::select! {
            () = stop.cancelled() => return Err(ActivateError::Interrupted),
            () = tokio::time::sleep(BETWEEN) => {}
        }
    }
}

/// Whether the new generation is soon where the old one is now. For one that nobody folds, or that is far behind, the old one
/// is not held: queries would wait for what it folds, and in vain.
async fn keeps_up(db: &PgPool, to: i32, fold: Fold) -> Result<bool, ActivateError> {
    let mut tx = db.begin().await?;
    let from = active_beside(&mut tx, to, fold).await?;
    tx.rollback().await?;
    let Some(from) = from.filter(|from| *from != to) else { return Ok(true) };
    let mut connection = db.acquire().await?;
    if is_lost(&mut connection, from).await? {
        return Ok(true);
    }
    let mark = reached(&mut connection, from, false).await?;
    let until = Instant::now() + NEAR;
    while is_behind(&reached(&mut connection, to, false).await?, &mark) {
        if Instant::now() >= until {
            return Ok(false);
        }
        tokio::time::sleep(LOOK_FROM_AFAR).await;
    }
    Ok(true)
}

/// The active generation, if the other one can be read. No generation changes its state until the transaction ends.
async fn active_beside(tx: &mut PgConnection, to: i32, fold: Fold) -> Result<Option<i32>, ActivateError> {
    // In the order of numbers: two that switch at the same time wait for each other.
    let rows = sqlx::query!(
        r#"select generation, state, fold_version, log_id = $1 as "of_this_log!" from control.generations
           order by generation for update"#,
        fold.log_id.0
    );
    let rows = rows.fetch_all(tx).await?;
    let meant = rows.iter().find(|it| it.generation == to && it.of_this_log && it.state != "loading");
    let theirs = meant.ok_or(ActivateError::NotReady(to))?.fold_version;
    if theirs != fold.version {
        return Err(ActivateError::OtherFold { generation: to, theirs, ours: fold.version });
    }
    Ok(rows.iter().find(|it| it.state == "active").map(|it| it.generation))
}

/// `None` if the new generation was too far behind.
async fn attempt(db: &PgPool, to: i32, fold: Fold) -> Result<Option<Option<i32>>, ActivateError> {
    let mut tx = db.begin().await?;
    let from = active_beside(&mut tx, to, fold).await?;
    if from == Some(to) {
        return Ok(Some(from));
    }
    if let Some(from) = from
        && is_lost(&mut tx, from).await?
    {
        standby(&mut tx, from).await?;
    } else if let Some(from) = from {
        let held = reached(&mut tx, from, true).await?;
        let until = Instant::now() + HOLD;
        while is_behind(&reached(&mut tx, to, false).await?, &held) {
            if Instant::now() >= until {
                return Ok(None);
            }
            tokio::time::sleep(LOOK).await;
        }
        let mine = reached(&mut tx, to, true).await?;
        settle(&mut tx, from, to, &mine).await?;
        standby(&mut tx, from).await?;
    }
    let update =
        sqlx::query!("update control.generations set state = 'active', activated_at = now() where generation = $1", to);
    update.execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(Some(from))
}

async fn standby(connection: &mut PgConnection, generation: i32) -> sqlx::Result<()> {
    let update = sqlx::query!("update control.generations set state = 'standby' where generation = $1", generation);
    update.execute(connection).await.map(drop)
}

/// Whether the tables of a generation are gone, so that nobody has read more in it, and nobody folds it: it is not waited for,
/// and the new one tells effects already.
async fn is_lost(connection: &mut PgConnection, generation: i32) -> sqlx::Result<bool> {
    Ok(!integrity::has_table(connection, generation, "checkpoints").await?)
}

fn is_behind(reached: &Reached, mark: &Reached) -> bool {
    mark.iter().any(|(place, next)| reached.get(place).copied().unwrap_or(0) < *next)
}

/// The checkpoints of a generation; with `hold`, nobody moves them until the transaction ends.
async fn reached(connection: &mut PgConnection, generation: i32, hold: bool) -> sqlx::Result<Reached> {
    let hold = if hold { "for update" } else { "" };
    // The schema's name is made of a number.
    let schema = schema_name(generation);
    let sql = format!("select topic, partition, next_offset from {schema}.checkpoints order by 1, 2 {hold}");
    let rows = connection.fetch_all(AssertSqlSafe(sql)).await?;
    rows.iter().map(|row| Ok(((row.try_get(0)?, row.try_get(1)?), row.try_get(2)?))).collect()
}

/// From where the new one is on, it tells; the old one, which is not ahead of it, tells all before.
async fn settle(connection: &mut PgConnection, from: i32, to: i32, reached: &Reached) -> sqlx::Result<()> {
    let topics: Vec<String> = reached.keys().map(|(topic, _)| topic.clone()).collect();
    let partitions: Vec<i32> = reached.keys().map(|(_, partition)| *partition).collect();
    let offsets: Vec<i64> = reached.values().copied().collect();
    let first = sqlx::query!(
        "insert into control.effect_owners (topic, partition, from_offset, generation)
         select topic, partition, 0, $3 from unnest($1::text[], $2::int[]) as place (topic, partition)
         where not exists (select from control.effect_owners known
                           where known.topic = place.topic and known.partition = place.partition)",
        &topics,
        &partitions,
        from
    );
    first.execute(&mut *connection).await?;
    let next = sqlx::query!(
        "insert into control.effect_owners (topic, partition, from_offset, generation)
         select topic, partition, from_offset, $4
         from unnest($1::text[], $2::int[], $3::bigint[]) as place (topic, partition, from_offset)",
        &topics,
        &partitions,
        &offsets,
        to
    );
    next.execute(connection).await.map(drop)
}

/// The generation that was read before the active one and is still folded by this fold.
pub async fn previous(db: &PgPool, fold: Fold) -> sqlx::Result<Option<i32>> {
    let row = sqlx::query_scalar!(
        "select generation from control.generations
         where state = 'standby' and fold_version = $1 and log_id = $2
         order by activated_at desc nulls last limit 1",
        fold.version,
        fold.log_id.0
    );
    row.fetch_optional(db).await
}
