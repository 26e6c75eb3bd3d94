//! What is parked, by key; and what is asked about it.

use chrono::{DateTime, Utc};
use event_schema::EventId;
use read_model::parked::is_any_key_parked;
use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

/// A key that waits.
#[derive(Clone, Debug)]
pub struct KeyRow {
    /// The room or user.
    pub key_id: Uuid,
    /// Where its events are.
    pub topic: String,
    /// And in which partition.
    pub partition: i32,
    /// The first parked offset.
    pub first_offset: i64,
    /// When it was parked.
    pub since: DateTime<Utc>,
    pub events: i64,
    /// Why the first cannot be processed.
    pub reason: Option<String>,
}

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct EventRow {
    /// Where its events are.
    pub topic: String,
    /// And in which partition.
    pub partition: i32,
    /// And at which offset.
    pub at_offset: i64,
    pub event_id: Uuid,
    /// Its type, with version.
    pub event_type: String,
    /// Why the first cannot be processed.
    pub reason: Option<String>,
    /// When it was set aside.
    pub parked_at: DateTime<Utc>,
}

/// A generation that is folded.
#[derive(Clone, Debug)]
pub struct ParkedGenerationRow {
    pub number: i32,
    /// Where its tables are.
    pub schema: String,
    pub active: bool,
}

/// The parked keys after one of them: a walk along `parked_pkey`, grouped as it comes.
pub async fn keys(db: &mut PgConnection, after: (Uuid, &str), limit: i64) -> sqlx::Result<Vec<KeyRow>> {
    sqlx::query_as!(
        KeyRow,
        r#"select key_id, topic, min(partition) as "partition!", min(at_offset) as "first_offset!",
                  min(parked_at) as "since!", count(*) as "events!", (array_agg(reason order by at_offset))[1] as reason
           from parked where (key_id, topic) > ($1, $2)
           group by key_id, topic order by key_id, topic limit $3"#,
        after.0,
        after.1,
        limit,
    )
    .fetch_all(db)
    .await
}

/// The parked events of a key after one of them, in the log's order.
pub async fn events(db: &mut PgConnection, key: Uuid, after: (&str, i64), limit: i64) -> sqlx::Result<Vec<EventRow>> {
    sqlx::query_as!(
        EventRow,
        "select topic, partition, at_offset, event_id, event_type, reason, parked_at from parked
         where key_id = $1 and (topic, at_offset) > ($2, $3) order by topic, at_offset limit $4",
        key,
        after.0,
        after.1,
        limit,
    )
    .fetch_all(db)
    .await
}

/// Whether anything of a key waits in a topic.
pub async fn is_parked(db: &mut PgConnection, key: Uuid, topic: &str) -> sqlx::Result<bool> {
    is_any_key_parked(db, topic, &[key]).await
}

/// Whether an event was given up.
pub async fn is_given_up(db: &mut PgConnection, key: Uuid, event: EventId) -> sqlx::Result<bool> {
    let found = sqlx::query_scalar!(
        r#"select exists (select from control.dropped_events where topic = 'chat.rooms' and key_id = $1 and event_id = $2) as "found!""#,
        key,
        event.0
    );
    found.fetch_one(db).await
}

/// The generations that are folded.
pub(super) async fn generations(db: &mut PgConnection) -> sqlx::Result<Vec<ParkedGenerationRow>> {
    sqlx::query_as!(
        ParkedGenerationRow,
        r#"select generation as number, schema_name as schema, state = 'active' as "active!"
           from control.generations where state <> 'loading' order by generation"#
    )
    .fetch_all(db)
    .await
}

/// Asks the owners of a key in a generation to try again; how many topics it is parked in.
pub(super) async fn ask_retry(db: &mut PgConnection, generation: &ParkedGenerationRow, key: Uuid) -> sqlx::Result<u64> {
    // The schema's name is made of a number.
    let sql = format!(
        "insert into control.parked_requests (generation, topic, partition, key_id, action)
         select $1, topic, partition, key_id, 'retry' from {}.parked where key_id = $2 group by topic, partition, key_id
         on conflict on constraint parked_requests_once do update set created_at = now()",
        generation.schema
    );
    let asked = sqlx::query(AssertSqlSafe(sql)).bind(generation.number).bind(key).execute(db).await?;
    Ok(asked.rows_affected())
}

/// The first parked event of a key in each topic.
pub(super) async fn firsts(
    db: &mut PgConnection,
    generation: &ParkedGenerationRow,
    key: Uuid,
) -> sqlx::Result<Vec<EventRow>> {
    let sql = format!(
        "select distinct on (topic) topic, partition, at_offset, event_id, event_type, reason, parked_at
         from {}.parked where key_id = $1 order by topic, at_offset",
        generation.schema
    );
    sqlx::query_as(AssertSqlSafe(sql)).bind(key).fetch_all(db).await
}

/// Whether a generation is behind an event and has not parked it.
pub(super) async fn has_folded(
    db: &mut PgConnection,
    generation: &ParkedGenerationRow,
    key: Uuid,
    event: &EventRow,
) -> sqlx::Result<bool> {
    let schema = &generation.schema;
    let sql = format!(
        "select exists (select from {schema}.checkpoints where topic = $1 and partition = $2 and next_offset > $3)
            and not exists (select from {schema}.parked where key_id = $4 and topic = $1 and at_offset = $3)"
    );
    let query = sqlx::query_scalar(AssertSqlSafe(sql)).bind(&event.topic).bind(event.partition);
    query.bind(event.at_offset).bind(key).fetch_one(db).await
}

/// Asks the owner of a key to give its first parked event up.
pub(super) async fn ask_drop(db: &mut PgConnection, generation: i32, key: Uuid, event: &EventRow) -> sqlx::Result<()> {
    let insert = sqlx::query!(
        "insert into control.parked_requests (generation, topic, partition, key_id, action, event_id)
         values ($1, $2, $3, $4, 'drop', $5)
         on conflict on constraint parked_requests_once do update set event_id = excluded.event_id, created_at = now()",
        generation,
        event.topic,
        event.partition,
        key,
        event.event_id
    );
    insert.execute(db).await.map(drop)
}
