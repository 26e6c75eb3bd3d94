//! Up to where the effects of the fold have been told, whichever generation told them.
//!
//! A generation's own checkpoints say it too, as long as they are there. When its tables are lost, this is what keeps the
//! next one from telling again, or not at all. Moved in the transaction that tells effects, and from time to time where there
//! are none.

use sqlx::{PgConnection, PgPool};

use crate::Partition;

/// The mark of a partition; 0 where nothing was told.
pub async fn read(connection: &mut PgConnection, partition: Partition) -> sqlx::Result<i64> {
    let mark = sqlx::query_scalar!(
        "select next_offset from control.effect_marks where topic = $1 and partition = $2",
        partition.topic.name(),
        partition.number
    );
    Ok(mark.fetch_optional(connection).await?.unwrap_or_default())
}

/// Everything before an offset is told; never back.
pub async fn advance(connection: &mut PgConnection, partition: Partition, next_offset: i64) -> sqlx::Result<()> {
    let advance = sqlx::query!(
        "insert into control.effect_marks as mark (topic, partition, next_offset) values ($1, $2, $3)
         on conflict (topic, partition) do update set next_offset = excluded.next_offset
         where mark.next_offset < excluded.next_offset",
        partition.topic.name(),
        partition.number,
        next_offset
    );
    advance.execute(connection).await.map(drop)
}

/// What the active generation has folded is told: its commits put effects and checkpoint into one transaction, and this
/// statement becomes durable after them.
pub async fn advance_all(pool: &PgPool, generation: i32, reached: &[(Partition, i64)]) -> sqlx::Result<()> {
    let topics: Vec<String> = reached.iter().map(|(partition, _)| partition.topic.name().to_owned()).collect();
    let numbers: Vec<i32> = reached.iter().map(|(partition, _)| partition.number).collect();
    let offsets: Vec<i64> = reached.iter().map(|(_, offset)| *offset).collect();
    let advance = sqlx::query!(
        "insert into control.effect_marks as mark (topic, partition, next_offset)
         select topic, partition, next_offset
         from unnest($2::text[], $3::int[], $4::bigint[]) as reached (topic, partition, next_offset)
         where exists (select from control.generations where generation = $1 and state = 'active')
         on conflict (topic, partition) do update set next_offset = excluded.next_offset
         where mark.next_offset < excluded.next_offset",
        generation,
        &topics,
        &numbers,
        &offsets
    );
    advance.execute(pool).await.map(drop)
}
