//! Up to where each generation has folded, kept beside its tables: what it had to tell before that is told, or in the outbox.
//!
//! A generation's own checkpoints say it too, as long as they are there. When its tables are lost, this is what keeps the
//! next one from telling again, or not at all. Moved in the transaction that tells effects, and from time to time where there
//! are none.

use sqlx::{PgConnection, PgPool};

use crate::Partition;

/// The first offset of a partition whose effects may not have been told: the lowest that its owner (`control.effect_owners`)
/// has not folded. A generation that was made active ahead of the one before leaves to that one what it had folded in
/// silence, so this may lie below what the active generation has folded.
pub async fn first_untold(connection: &mut PgConnection, partition: Partition) -> sqlx::Result<i64> {
    let untold = sqlx::query_scalar!(
        r#"with owned as (
               select generation, from_offset,
                      lead(from_offset, 1, 9223372036854775807) over (order by from_offset, id) as to_offset
               from control.effect_owners where topic = $1 and partition = $2
               union all
               select generation, 0, 9223372036854775807 from control.generations
               where state = 'active'
                 and not exists (select from control.effect_owners where topic = $1 and partition = $2)
           )
           select coalesce(min(greatest(owned.from_offset, coalesce(mark.next_offset, 0))), 0) as "offset!"
           from owned
           join control.generations using (generation)
           left join control.effect_marks mark
               on mark.generation = owned.generation and mark.topic = $1 and mark.partition = $2
           where owned.from_offset < owned.to_offset and coalesce(mark.next_offset, 0) < owned.to_offset"#,
        partition.topic.name(),
        partition.number
    );
    untold.fetch_one(connection).await
}

/// A generation has folded everything before an offset; never back.
pub async fn advance(
    connection: &mut PgConnection,
    generation: i32,
    partition: Partition,
    next_offset: i64,
) -> sqlx::Result<()> {
    let advance = sqlx::query!(
        "insert into control.effect_marks as mark (generation, topic, partition, next_offset) values ($1, $2, $3, $4)
         on conflict (generation, topic, partition) do update set next_offset = excluded.next_offset
         where mark.next_offset < excluded.next_offset",
        generation,
        partition.topic.name(),
        partition.number,
        next_offset
    );
    advance.execute(connection).await.map(drop)
}

/// A generation has folded so far in each of these partitions: its commits put effects and checkpoint into one transaction, and
/// this statement becomes durable after them. Of a generation that was dropped meanwhile nothing is kept.
pub async fn advance_all(pool: &PgPool, generation: i32, reached: &[(Partition, i64)]) -> sqlx::Result<()> {
    let topics: Vec<String> = reached.iter().map(|(partition, _)| partition.topic.name().to_owned()).collect();
    let numbers: Vec<i32> = reached.iter().map(|(partition, _)| partition.number).collect();
    let offsets: Vec<i64> = reached.iter().map(|(_, offset)| *offset).collect();
    let advance = sqlx::query!(
        "insert into control.effect_marks as mark (generation, topic, partition, next_offset)
         select generation, topic, partition, next_offset
         from control.generations,
              unnest($2::text[], $3::int[], $4::bigint[]) as reached (topic, partition, next_offset)
         where generation = $1
         on conflict (generation, topic, partition) do update set next_offset = excluded.next_offset
         where mark.next_offset < excluded.next_offset",
        generation,
        &topics,
        &numbers,
        &offsets
    );
    advance.execute(pool).await.map(drop)
}
