//! The end of a generation that nobody needs: not while somebody may still read it, and not before it has told what only it
//! can tell.

use std::time::Duration;

use read_model::generations::{LAST_READERS, schema_name};
use sqlx::{AssertSqlSafe, Executor as _, PgConnection, PgPool};
use tokio::time::Instant;

/// How long a projector may need to fold what is missing.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(100);

/// Why a generation was not dropped.
#[derive(Debug, thiserror::Error)]
pub enum DropError {
    #[error("Postgres: {0}")]
    Postgres(#[from] sqlx::Error),
    /// There is none of this number.
    #[error("there is no generation {0}")]
    Unknown(i32),
    #[error("generation {0} is the one that is read")]
    Active(i32),
    /// It was read a moment ago.
    #[error(
        "generation {generation} was read until a moment ago: its last readers are gone in {seconds} s (--force does not wait)"
    )]
    Readers { generation: i32, seconds: u64 },
    /// What it has folded is not all that it has to tell of.
    #[error(
        "generation {generation} has to tell of events that no other generation tells of: {what}. Let a projector fold it, and \
         let parked keys out (--force: senders are not told of these rejections; GET /v1/outcomes has them)"
    )]
    Untold { generation: i32, what: String },
}

/// Removes a generation that nobody reads. With `force`, last readers and untold effects are left to their fate.
pub async fn drop_generation(db: &PgPool, generation: i32, force: bool) -> Result<(), DropError> {
    let until = Instant::now() + PATIENCE;
    loop {
        match attempt(db, generation, force).await {
            // It may be just about to fold it.
            Err(DropError::Untold { .. }) if Instant::now() < until => tokio::time::sleep(LOOK).await,
            done => return done,
        }
    }
}

pub(crate) async fn attempt(db: &PgPool, generation: i32, force: bool) -> Result<(), DropError> {
    let mut tx = db.begin().await?;
    tx.execute("set local statement_timeout = 0").await?;
    // Nobody makes it the active one meanwhile.
    let row = sqlx::query!(
        r#"select state = 'active' as "active!", activated_at is not null as "was_read!",
                  (select extract(epoch from now() - max(activated_at))::float8 from control.generations) as switched
           from control.generations where generation = $1 for update"#,
        generation
    );
    let row = row.fetch_optional(&mut *tx).await?.ok_or(DropError::Unknown(generation))?;
    if row.active {
        return Err(DropError::Active(generation));
    }
    if !force {
        if row.was_read {
            check_readers(generation, row.switched)?;
        }
        let what = untold(&mut tx, generation).await?;
        if !what.is_empty() {
            return Err(DropError::Untold { generation, what: what.join(", ") });
        }
    }
    sqlx::query!("delete from control.generations where generation = $1", generation).execute(&mut *tx).await?;
    // Its name is made of a number.
    let sql = format!("drop schema if exists {} cascade", schema_name(generation));
    tx.execute(AssertSqlSafe(sql)).await?;
    tx.commit().await?;
    Ok(())
}

/// After a switch, each process reads the old generation for a moment still.
fn check_readers(generation: i32, switched: Option<f64>) -> Result<(), DropError> {
    let since = Duration::try_from_secs_f64(switched.unwrap_or(f64::MAX)).unwrap_or(Duration::MAX);
    let left = LAST_READERS.saturating_sub(since);
    // Rounded up: nobody is asked to wait for 0 s.
    let seconds = left.as_millis().div_ceil(1000);
    if seconds == 0 {
        return Ok(());
    }
    Err(DropError::Readers { generation, seconds: u64::try_from(seconds).unwrap_or(u64::MAX) })
}

/// Where a generation has still to tell of rejections: the offsets that it owns (see `activate`) and has not folded, or has
/// parked. What the checkpoint has passed is told, or is in the outbox.
async fn untold(connection: &mut PgConnection, generation: i32) -> sqlx::Result<Vec<String>> {
    let owned = sqlx::query!(
        r#"select topic, partition, from_offset, to_offset
           from (select topic, partition, from_offset, generation,
                        lead(from_offset) over (partition by topic, partition order by from_offset, id) as to_offset
                 from control.effect_owners) ranges
           where generation = $1 and (to_offset is null or to_offset > from_offset)
           order by topic, partition, from_offset"#,
        generation
    );
    let mut what = Vec::new();
    // Its name is made of a number.
    let schema = schema_name(generation);
    let sql = format!(
        "select coalesce((select next_offset from {schema}.checkpoints where topic = $1 and partition = $2), 0),
                (select count(*) from {schema}.parked
                 where topic = $1 and partition = $2 and at_offset >= $3 and at_offset < $4)"
    );
    for range in owned.fetch_all(&mut *connection).await? {
        let to = range.to_offset.unwrap_or(i64::MAX);
        let query = sqlx::query_as(AssertSqlSafe(sql.clone())).bind(&range.topic).bind(range.partition);
        let (reached, parked): (i64, i64) = query.bind(range.from_offset).bind(to).fetch_one(&mut *connection).await?;
        let place = format!("{}/{}", range.topic, range.partition);
        if reached < to {
            let end = range.to_offset.map_or_else(|| "no end".to_owned(), |to| format!("offset {to}"));
            what.push(format!("{place} up to {end} (folded up to {reached})"));
        }
        if parked > 0 {
            what.push(format!("{place} with {parked} parked events"));
        }
    }
    Ok(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_readers_are_waited_for() {
        assert!(matches!(check_readers(1, Some(0.0)), Err(DropError::Readers { seconds, .. }) if seconds > 60));
        assert!(matches!(
            check_readers(1, Some(LAST_READERS.as_secs_f64() - 0.1)),
            Err(DropError::Readers { seconds: 1, .. })
        ));
        assert!(check_readers(1, Some(LAST_READERS.as_secs_f64() + 0.1)).is_ok());
        assert!(check_readers(1, None).is_ok());
    }
}
