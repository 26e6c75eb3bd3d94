//! The statements of parking. `parked` belongs to a generation, `control` to all of them.
//!
//! Each walks `parked_pkey` or `parked_by_place` for one partition or key; the tables are empty unless something is wrong.

use std::collections::HashMap;
use std::time::Duration;

use event_schema::{Event, EventId, Topic};
use sqlx::{AssertSqlSafe, PgConnection, PgPool};
use tokio::time::Instant;
use uuid::Uuid;

use super::{Dropped, EventDrop, ParkedKey};
use crate::checkpoint::Checkpoint;
use crate::generations::schema_name;
use crate::{Partition, integrity};

/// The place of a parked event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParkedAddress {
    /// Its offset.
    pub offset: i64,
    /// Its id.
    pub event_id: EventId,
}

/// What is asked of the owner of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// The row of `control.parked_requests`.
    pub id: i64,
    /// Whose owner is asked.
    pub partition: Partition,
    /// The parked key.
    pub key: Uuid,
    /// The event to be given up; none if all is to be tried again.
    pub drop: Option<EventId>,
}

/// Everything that is parked in a partition, and given up.
pub async fn load(
    connection: &mut PgConnection,
    partition: Partition,
) -> sqlx::Result<(HashMap<Uuid, ParkedKey>, Dropped)> {
    let rows = sqlx::query!(
        r#"select key_id, count(*) as "events!",
                  (array_agg(reason order by at_offset))[1] is not null as "stuck!",
                  extract(epoch from now() - min(parked_at))::float8 as "seconds!"
           from parked where topic = $1 and partition = $2 group by key_id"#,
        partition.topic.name(),
        partition.number
    );
    let rows = rows.fetch_all(&mut *connection).await?;
    let keys: HashMap<Uuid, ParkedKey> =
        rows.into_iter().map(|row| (row.key_id, held(row.events, row.stuck, row.seconds))).collect();
    Ok((keys, dropped(connection, partition).await?))
}

/// What was given up in a partition.
pub async fn dropped(connection: &mut PgConnection, partition: Partition) -> sqlx::Result<Dropped> {
    let rows = sqlx::query!(
        "select key_id, event_id, at_offset from control.dropped_events where topic = $1 and partition = $2",
        partition.topic.name(),
        partition.number
    );
    let mut dropped = Dropped::default();
    for row in rows.fetch_all(connection).await? {
        dropped.add(row.key_id, EventId(row.event_id), row.at_offset);
    }
    Ok(dropped)
}

/// What was given up of a key.
pub async fn dropped_of_key(
    connection: &mut PgConnection,
    partition: Partition,
    key: Uuid,
) -> sqlx::Result<Vec<(EventId, Option<i64>)>> {
    let rows = sqlx::query!(
        "select event_id, at_offset from control.dropped_events
         where topic = $1 and partition = $2 and key_id = $3 order by event_id",
        partition.topic.name(),
        partition.number,
        key
    );
    let rows = rows.fetch_all(connection).await?.into_iter();
    Ok(rows.map(|row| (EventId(row.event_id), row.at_offset)).collect())
}

/// A key that waited already when this process came to know of it is as old as the table says.
fn held(events: i64, stuck: bool, seconds: f64) -> ParkedKey {
    let now = Instant::now();
    let age = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    ParkedKey { stuck, events, since: now.checked_sub(age).unwrap_or(now) }
}

/// What is parked of a key.
pub async fn of_key(connection: &mut PgConnection, partition: Partition, key: Uuid) -> sqlx::Result<Option<ParkedKey>> {
    let row = sqlx::query!(
        r#"select count(*) as "events!",
                  coalesce((array_agg(reason order by at_offset))[1] is not null, false) as "stuck!",
                  coalesce(extract(epoch from now() - min(parked_at)), 0)::float8 as "seconds!"
           from parked where key_id = $1 and topic = $2"#,
        key,
        partition.topic.name()
    );
    let row = row.fetch_one(connection).await?;
    Ok((row.events > 0).then(|| held(row.events, row.stuck, row.seconds)))
}

/// An event to be set aside.
#[derive(Clone, Copy, Debug)]
pub struct NewParked {
    /// Its key.
    pub key: Uuid,
    /// Its offset.
    pub offset: i64,
    /// Its id.
    pub event_id: EventId,
    /// The name of its type, with version.
    pub event_type: &'static str,
}

/// Sets events aside; a reason belongs to the first of a key.
pub async fn park(
    connection: &mut PgConnection,
    partition: Partition,
    events: &[(i64, &Event)],
    reason: Option<&str>,
) -> sqlx::Result<()> {
    let events: Vec<NewParked> = events
        .iter()
        .filter_map(|(offset, event)| {
            let event_type = event.payload.event_type().name();
            Some(NewParked { key: event.key.id()?, offset: *offset, event_id: event.envelope.id, event_type })
        })
        .collect();
    park_all(connection, partition, &events, reason).await
}

/// The same for events that are not at hand.
pub async fn park_all(
    connection: &mut PgConnection,
    partition: Partition,
    events: &[NewParked],
    reason: Option<&str>,
) -> sqlx::Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let keys: Vec<Uuid> = events.iter().map(|event| event.key).collect();
    let offsets: Vec<i64> = events.iter().map(|event| event.offset).collect();
    let ids: Vec<Uuid> = events.iter().map(|event| event.event_id.0).collect();
    let types: Vec<String> = events.iter().map(|event| event.event_type.to_owned()).collect();
    let insert = sqlx::query!(
        "insert into parked (key_id, topic, partition, at_offset, event_id, event_type, reason)
         select key_id, $1, $2, at_offset, event_id, event_type, $7
         from unnest($3::uuid[], $4::bigint[], $5::uuid[], $6::text[]) as rows (key_id, at_offset, event_id, event_type)",
        partition.topic.name(),
        partition.number,
        &keys,
        &offsets,
        &ids,
        &types,
        reason
    );
    insert.execute(connection).await.map(drop)
}

/// The first parked events of a key.
pub async fn first(
    connection: &mut PgConnection,
    partition: Partition,
    key: Uuid,
    limit: i64,
) -> sqlx::Result<Vec<ParkedAddress>> {
    let rows = sqlx::query!(
        "select at_offset, event_id from parked where key_id = $1 and topic = $2 order by at_offset limit $3",
        key,
        partition.topic.name(),
        limit
    );
    let rows = rows.fetch_all(connection).await?.into_iter();
    Ok(rows.map(|row| ParkedAddress { offset: row.at_offset, event_id: EventId(row.event_id) }).collect())
}

/// Takes events out; gives how many there were.
pub async fn unpark(
    connection: &mut PgConnection,
    partition: Partition,
    key: Uuid,
    offsets: &[i64],
) -> sqlx::Result<usize> {
    let delete = sqlx::query!(
        "delete from parked where key_id = $1 and topic = $2 and at_offset = any($3)",
        key,
        partition.topic.name(),
        offsets
    );
    let deleted = delete.execute(connection).await?.rows_affected();
    Ok(usize::try_from(deleted).unwrap_or(usize::MAX))
}

/// Says why the first parked event of a key cannot be folded, or that it is to be tried again.
pub async fn set_reason(
    connection: &mut PgConnection,
    partition: Partition,
    key: Uuid,
    reason: Option<&str>,
) -> sqlx::Result<()> {
    let update = sqlx::query!(
        "update parked set reason = $3 where key_id = $1 and topic = $2
         and at_offset = (select min(at_offset) from parked where key_id = $1 and topic = $2)",
        key,
        partition.topic.name(),
        reason
    );
    update.execute(connection).await.map(drop)
}

/// Takes out what is given up: the event wherever it is parked before an offset.
pub async fn give_up(
    connection: &mut PgConnection,
    partition: Partition,
    key: Uuid,
    event_id: EventId,
    before: Option<i64>,
) -> sqlx::Result<()> {
    let delete = sqlx::query!(
        "delete from parked where key_id = $1 and topic = $2 and event_id = $3 and at_offset < coalesce($4, at_offset + 1)",
        key,
        partition.topic.name(),
        event_id.0,
        before
    );
    delete.execute(connection).await.map(drop)
}

/// Remembers what is given up, and where the log says so.
pub async fn remember(
    connection: &mut PgConnection,
    partition: Partition,
    key: Uuid,
    event_id: EventId,
    at: Option<i64>,
) -> sqlx::Result<()> {
    let insert = sqlx::query!(
        "insert into control.dropped_events (topic, partition, key_id, event_id, at_offset) values ($1, $2, $3, $4, $5)
         on conflict (topic, partition, key_id, event_id)
         do update set at_offset = greatest(dropped_events.at_offset, excluded.at_offset)
         where dropped_events.at_offset is distinct from greatest(dropped_events.at_offset, excluded.at_offset)",
        partition.topic.name(),
        partition.number,
        key,
        event_id.0,
        at
    );
    insert.execute(connection).await.map(drop)
}

/// What the events of a batch give up.
pub async fn remember_all(
    connection: &mut PgConnection,
    partition: Partition,
    drops: &[EventDrop],
) -> sqlx::Result<()> {
    for it in drops {
        remember(&mut *connection, partition, it.key, it.event_id, Some(it.at)).await?;
        if it.of_parked {
            give_up(&mut *connection, partition, it.key, it.event_id, Some(it.at)).await?;
        }
    }
    Ok(())
}

/// Locks the checkpoint without moving it; `false` if it is not where the owner believes.
pub async fn hold(connection: &mut PgConnection, partition: Partition, held: &Checkpoint) -> sqlx::Result<bool> {
    let row = sqlx::query_scalar!(
        r#"select true as "held!" from checkpoints
           where topic = $1 and partition = $2 and epoch = $3 and next_offset = $4 for update"#,
        partition.topic.name(),
        partition.number,
        held.epoch,
        held.next_offset
    );
    Ok(row.fetch_optional(connection).await?.is_some())
}

/// What is asked of the owners of a generation's partitions.
pub async fn requests(pool: &PgPool, generation: i32) -> sqlx::Result<Vec<Request>> {
    let rows = sqlx::query!(
        "select id, topic, partition, key_id, event_id from control.parked_requests where generation = $1 order by id",
        generation
    );
    let request = |id, topic: &str, number, key, drop: Option<Uuid>| {
        let partition = Partition { topic: Topic::from_name(topic)?, number };
        Some(Request { id, partition, key, drop: drop.map(EventId) })
    };
    let rows = rows.fetch_all(pool).await?.into_iter();
    Ok(rows.filter_map(|row| request(row.id, &row.topic, row.partition, row.key_id, row.event_id)).collect())
}

/// Takes a request; `false` if it is done already.
pub async fn take_request(connection: &mut PgConnection, request: &Request) -> sqlx::Result<bool> {
    let delete = sqlx::query!("delete from control.parked_requests where id = $1", request.id);
    Ok(delete.execute(connection).await?.rows_affected() == 1)
}

/// Takes out whatever of a key is given up, in whichever generation that was asked for; gives how many events it was.
pub async fn leave_out(connection: &mut PgConnection, partition: Partition, key: Uuid) -> sqlx::Result<u64> {
    let delete = sqlx::query(
        "delete from parked p using control.dropped_events d
         where p.key_id = $3 and p.topic = $1 and p.partition = $2
         and d.topic = $1 and d.partition = $2 and d.key_id = $3 and d.event_id = p.event_id
         and (d.at_offset is null or p.at_offset < d.at_offset)",
    );
    let delete = delete.bind(partition.topic.name()).bind(partition.number).bind(key);
    Ok(delete.execute(connection).await?.rows_affected())
}

/// The first parked offset of every key.
pub async fn first_of_all(connection: &mut PgConnection) -> sqlx::Result<Vec<(Partition, Uuid, i64)>> {
    let rows = sqlx::query!(
        r#"select topic, partition, key_id, min(at_offset) as "first!" from parked group by topic, partition, key_id"#
    );
    let rows = rows.fetch_all(connection).await?.into_iter();
    let each = rows.filter_map(|row| {
        let partition = Partition { topic: Topic::from_name(&row.topic)?, number: row.partition };
        Some((partition, row.key_id, row.first))
    });
    Ok(each.collect())
}

/// Everything given up.
pub async fn all_dropped(connection: &mut PgConnection) -> sqlx::Result<Vec<(Partition, Uuid, EventId, Option<i64>)>> {
    let rows = sqlx::query!("select topic, partition, key_id, event_id, at_offset from control.dropped_events");
    let rows = rows.fetch_all(connection).await?.into_iter();
    let each = rows.filter_map(|row| {
        let partition = Partition { topic: Topic::from_name(&row.topic)?, number: row.partition };
        Some((partition, row.key_id, EventId(row.event_id), row.at_offset))
    });
    Ok(each.collect())
}

/// The first parked offset of the keys of a partition, in the generation that queries read.
pub async fn first_of_active(connection: &mut PgConnection, partition: Partition) -> sqlx::Result<Vec<(Uuid, i64)>> {
    let active = sqlx::query_scalar!("select generation from control.generations where state = 'active'");
    let Some(active) = active.fetch_optional(&mut *connection).await? else { return Ok(Vec::new()) };
    if !integrity::has_table(&mut *connection, active, "parked").await? {
        return Ok(Vec::new());
    }
    let schema = schema_name(active);
    // The schema's name is made of a number.
    let sql = format!(
        "select key_id, min(at_offset) from {schema}.parked where topic = $1 and partition = $2 group by key_id"
    );
    let query = sqlx::query_as(AssertSqlSafe(sql)).bind(partition.topic.name()).bind(partition.number);
    query.fetch_all(connection).await
}

/// How far the generation is that has folded most of a partition: all that the log gives up before is remembered.
pub async fn furthest(connection: &mut PgConnection, partition: Partition) -> sqlx::Result<i64> {
    let generations = sqlx::query_scalar!("select generation from control.generations where state <> 'loading'");
    let mut furthest = 0;
    for generation in generations.fetch_all(&mut *connection).await? {
        if !integrity::has_table(&mut *connection, generation, "checkpoints").await? {
            continue;
        }
        let schema = schema_name(generation);
        let sql = format!("select next_offset from {schema}.checkpoints where topic = $1 and partition = $2");
        let query = sqlx::query_scalar(AssertSqlSafe(sql)).bind(partition.topic.name()).bind(partition.number);
        let reached: Option<i64> = query.fetch_optional(&mut *connection).await?;
        furthest = furthest.max(reached.unwrap_or_default());
    }
    Ok(furthest)
}

/// Whether the events of any key are on their way out.
pub async fn is_any_free(connection: &mut PgConnection) -> sqlx::Result<bool> {
    let free = sqlx::query_scalar!(
        r#"select exists (select from (select distinct on (key_id, topic) reason from parked
                                       order by key_id, topic, at_offset) first
                          where reason is null) as "free!""#
    );
    free.fetch_one(connection).await
}
