//! The outbox: events whose rows commit together with what they tell about, and the relay that brings them into the log.
//!
//! Order: whoever inserts rows of a key holds that key's lock (its account row, its partition) until commit, so a key's
//! rows become visible in the order of their ids. There is no high-water mark: ids of different keys commit out of order.

mod lanes;
mod published;
mod relay;

use event_schema::topics::key_hash;
use event_schema::{Event, Topic, record};
use sqlx::PgConnection;

use crate::kafka::SendError;

pub use published::Outbox;
pub use relay::Relay;

/// How many relays can share the work. Fixed for ever: the number is stored with each row.
pub const SHARDS: i16 = 16;

/// Why events cannot be put into the outbox.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// Too large, or without an encoding.
    #[error(transparent)]
    Event(#[from] SendError),
    /// The row was not written.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// A row of the outbox, to ask about after the commit ([`Outbox::published`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued {
    pub id: i64,
    pub topic: Topic,
    pub key: String,
}

/// The shard of a key.
#[must_use]
pub fn shard_of(key: &str) -> i16 {
    let hash = blake3::hash(key.as_bytes());
    i16::from(hash.as_bytes()[0]) % SHARDS
}

/// Puts events into the outbox, in this order, within the caller's transaction. After the commit call [`Outbox::wake`], or
/// [`Outbox::published`], which does.
pub async fn insert(tx: &mut PgConnection, events: &[Event]) -> Result<Vec<Queued>, OutboxError> {
    let mut rows = Rows::default();
    for event in events {
        rows.push(None, event)?;
    }
    rows.insert(tx).await
}

/// Puts an effect of the fold into the outbox, once however often it is folded: `origin` names its cause
/// (topic/partition/offset/n).
pub async fn insert_effect(tx: &mut PgConnection, origin: &str, event: &Event) -> Result<(), OutboxError> {
    insert_effects(tx, &[(origin.to_owned(), event.clone())]).await
}

/// [`insert_effect`] for many at once.
pub async fn insert_effects(tx: &mut PgConnection, effects: &[(String, Event)]) -> Result<(), OutboxError> {
    let mut rows = Rows::default();
    for (origin, event) in effects {
        rows.push(Some(origin.clone()), event)?;
    }
    rows.insert(tx).await.map(drop)
}

#[derive(Default)]
struct Rows {
    shards: Vec<i16>,
    origins: Vec<Option<String>>,
    topics: Vec<String>,
    keys: Vec<String>,
    key_hashes: Vec<i32>,
    headers: Vec<serde_json::Value>,
    values: Vec<Vec<u8>>,
}

impl Rows {
    fn push(&mut self, origin: Option<String>, event: &Event) -> Result<(), SendError> {
        let record = record::encode(event)?;
        self.shards.push(shard_of(&record.key));
        self.origins.push(origin);
        self.topics.push(record.topic.name().to_owned());
        self.key_hashes.push(key_hash(&record.key));
        self.keys.push(record.key);
        // A list of pairs keeps their order.
        self.headers.push(serde_json::json!(record.headers));
        self.values.push(record.value);
        Ok(())
    }

    async fn insert(self, tx: &mut PgConnection) -> Result<Vec<Queued>, OutboxError> {
        if self.keys.is_empty() {
            return Ok(Vec::new());
        }
        // Function Scan on unnest -> Sort by ordinality -> Insert: ids follow the order of the list.
        let rows = sqlx::query!(
            r#"insert into control.outbox (shard, origin, topic, key, headers, value, key_hash)
               select shard, origin, topic, key, headers, value, key_hash
               from unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::jsonb[], $6::bytea[], $7::int[])
                    with ordinality as rows (shard, origin, topic, key, headers, value, key_hash, n)
               order by n
               on conflict (origin) do nothing
               returning id, topic, key"#,
            &self.shards,
            &self.origins as &[Option<String>],
            &self.topics,
            &self.keys,
            &self.headers,
            &self.values,
            &self.key_hashes,
        )
        .fetch_all(tx)
        .await?;
        let queued = |topic: &str, id, key| Some(Queued { id, topic: Topic::from_name(topic)?, key });
        Ok(rows.into_iter().filter_map(|row| queued(&row.topic, row.id, row.key)).collect())
    }
}
