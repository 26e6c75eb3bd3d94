//! How far each generation of the read models is.

use chrono::{DateTime, Utc};
use event_schema::Topic;
use read_model::generations::schema_name;
use sqlx::{AssertSqlSafe, PgConnection};

#[derive(Clone, Debug)]
pub struct ProjectionRow {
    pub generation: i32,
    pub state: String,
    pub fold_version: i32,
    pub created_at: DateTime<Utc>,
    pub activated_at: Option<DateTime<Utc>>,
    pub bytes: i64,
}

/// How far a generation is in a partition, and what waits there.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct PartitionRow {
    pub topic: String,
    pub partition: i32,
    pub next_offset: i64,
    pub parked_keys: i64,
    pub parked_events: i64,
}

/// All generations, in order, with what they take on disk.
pub async fn generations(db: &mut PgConnection) -> sqlx::Result<Vec<ProjectionRow>> {
    sqlx::query_as!(
        ProjectionRow,
        r#"select g.generation, g.state, g.fold_version, g.created_at, g.activated_at,
                  coalesce((select sum(pg_total_relation_size(c.oid)) from pg_class c
                            where c.relnamespace = to_regnamespace(g.schema_name) and c.relkind = 'r'),
                           0)::bigint as "bytes!"
           from control.generations g order by g.generation"#
    )
    .fetch_all(db)
    .await
}

/// The partitions of a generation; none if it has gone meanwhile.
pub async fn partitions(db: &mut PgConnection, generation: i32) -> sqlx::Result<Option<Vec<PartitionRow>>> {
    // The schema's name is made of a number. `parked` is empty unless something is wrong.
    let schema = schema_name(generation);
    let sql = format!(
        "select c.topic, c.partition, c.next_offset, count(distinct p.key_id) as parked_keys, count(p.key_id) as parked_events
         from {schema}.checkpoints c
         left join {schema}.parked p on p.topic = c.topic and p.partition = c.partition
         group by c.topic, c.partition, c.next_offset"
    );
    match sqlx::query_as(AssertSqlSafe(sql)).fetch_all(db).await {
        Ok(rows) => Ok(Some(rows)),
        // undefined_table, invalid_schema_name
        Err(sqlx::Error::Database(error)) if matches!(error.code().as_deref(), Some("42P01" | "3F000")) => Ok(None),
        Err(error) => Err(error),
    }
}

impl PartitionRow {
    /// A partition that nobody has begun to fold.
    #[must_use]
    pub fn untouched(topic: Topic, partition: i32) -> Self {
        Self { topic: topic.name().to_owned(), partition, next_offset: 0, parked_keys: 0, parked_events: 0 }
    }
}
