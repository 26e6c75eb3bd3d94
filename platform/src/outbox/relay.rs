//! The relay: brings rows of the outbox into the log, each key's in the order of their ids, and deletes a row after its
//! ack.
//!
//! An unknown outcome is retried before that key's next row. A relay that lost its shards without noticing sends rows that
//! another sends too; since each sends a key's next row only after the ack of the one before, the first copies are in order,
//! and consumers drop a repeated event id.

use std::borrow::Cow;
use std::collections::HashMap;
use std::time::Duration;

use event_schema::Topic;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::SHARED;
use crate::backoff::Backoff;
use crate::kafka::{RawRecord, SendError};
use crate::platform::Platform;
use crate::shard_locks::ShardLocks;

/// Between two tries to connect.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Rows taken at a time.
const BATCH: i64 = 1_000;
/// Rows of one key sent before others have their turn: one after another they take a while, and all else waits for them.
const OF_A_KEY: usize = 50;
/// Acked rows deleted at a time, at least where there are so many.
const DELETE: usize = 200;
/// How long a relay without work waits before it looks again.
const IDLE: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(1));
/// How often relays look at each other.
const BALANCE: Duration = Duration::from_secs(1);
/// How long a key rests whose row was not taken.
const REST: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// One relay of the outbox. Any number may run.
pub struct Relay {
    platform: Platform,
    shutdown: CancellationToken,
    /// Keys whose head was not taken by the log, and until when they rest.
    resting: HashMap<String, (Instant, Duration)>,
    /// Keys with more rows than were sent, which are passed over once.
    long: Vec<String>,
}

struct Row {
    id: i64,
    record: RawRecord,
}

impl Relay {
    /// Relays until the token is cancelled; outlives the absence of Kafka and Postgres. Every role that fills the outbox
    /// starts one; where several share a process, the first does the work.
    pub async fn run(platform: Platform, shutdown: CancellationToken) {
        let outbox = platform.outbox.clone();
        if !outbox.begin_relay() {
            return;
        }
        Self::relay(platform, shutdown).await;
        outbox.end_relay();
    }

    async fn relay(platform: Platform, shutdown: CancellationToken) {
        let mut relay = Self { platform, shutdown, resting: HashMap::new(), long: Vec::new() };
        let mut pause = Backoff::up_to(LONGEST_PAUSE);
        while !relay.shutdown.is_cancelled() {
            let settings = relay.platform.settings.postgres.clone();
            let worked = match ShardLocks::connect(&settings, SHARED).await {
                Ok(shards) => relay.work(shards, &mut pause).await,
                Err(error) => Err(error),
            };
            if let Err(error) = worked {
                tracing::warn!(%error, "outbox relay lost its connection; reconnecting");
                tokio::time::sleep(pause.next_pause()).await;
            }
        }
    }

    async fn work(&mut self, mut shards: ShardLocks, pause: &mut Backoff) -> Result<(), sqlx::Error> {
        let mut balanced: Option<Instant> = None;
        let mut idle = IDLE.0;
        loop {
            if balanced.is_none_or(|at| at.elapsed() >= BALANCE) {
                shards.balance().await?;
                balanced = Some(Instant::now());
                *pause = Backoff::up_to(LONGEST_PAUSE);
            }
            let passed_over = std::mem::take(&mut self.long);
            let rows = self.fetch(&shards.held(), &passed_over).await?;
            let sent = if rows.is_empty() { 0 } else { self.send(rows).await? };
            if self.shutdown.is_cancelled() {
                return Ok(());
            }
            if sent > 0 || !passed_over.is_empty() {
                idle = IDLE.0;
                continue;
            }
            let outbox = self.platform.outbox.clone();
            tokio::select! {
                () = self.shutdown.cancelled() => return Ok(()),
                () = outbox.woken() => idle = IDLE.0,
                () = tokio::time::sleep(self.until_next(idle)) => idle = (idle * 2).min(IDLE.1),
            }
        }
    }

    fn until_next(&self, idle: Duration) -> Duration {
        let now = Instant::now();
        let resting = self.resting.values().map(|(until, _)| until.duration_since(now));
        resting.filter(|rest| !rest.is_zero()).min().map_or(idle, |rest| rest.min(idle))
    }

    /// The next rows, oldest first, without keys that rest or are passed over.
    async fn fetch(&mut self, shards: &[i16], passed_over: &[String]) -> Result<Vec<Row>, sqlx::Error> {
        let now = Instant::now();
        // A key that has rested is tried again, but remembers how long it rests next time.
        self.resting.retain(|_, (until, _)| *until + REST.1 > now);
        let resting = self.resting.iter().filter(|(_, (until, _))| *until > now).map(|(key, _)| key.clone());
        let resting: Vec<String> = resting.chain(passed_over.iter().cloned()).collect();
        // Index Scan per shard on outbox_by_shard, then a bounded sort of what is left.
        let rows = sqlx::query!(
            r#"select id, topic, key, headers as "headers: sqlx::types::Json<Vec<(String, String)>>", value
               from control.outbox where shard = any($1) and key <> all($2) order by id limit $3"#,
            shards,
            &resting,
            BATCH,
        )
        .fetch_all(&self.platform.db)
        .await?;
        let mut known = Vec::with_capacity(rows.len());
        for row in rows {
            let Some(topic) = Topic::from_name(&row.topic) else {
                // Written by a later version: its relay sends it.
                tracing::warn!(
                    id = row.id,
                    topic = row.topic,
                    "outbox row of an unknown topic; waiting for a newer relay"
                );
                self.rest(row.key);
                continue;
            };
            let headers = row.headers.0.into_iter().map(|(name, value)| (Cow::Owned(name), value)).collect();
            known.push(Row { id: row.id, record: RawRecord { topic, key: row.key, headers, value: row.value } });
        }
        Ok(known)
    }

    /// Sends keys side by side and each key's rows one after another; says how many are in the log.
    async fn send(&mut self, rows: Vec<Row>) -> Result<usize, sqlx::Error> {
        let mut by_key: HashMap<String, Vec<Row>> = HashMap::new();
        for row in rows {
            by_key.entry(row.record.key.clone()).or_default().push(row);
        }
        for (key, rows) in &mut by_key {
            if rows.len() > OF_A_KEY {
                rows.truncate(OF_A_KEY);
                self.long.push(key.clone());
            }
        }
        let (platform, shutdown) = (self.platform.clone(), self.shutdown.clone());
        let (acked, mut acks) = tokio::sync::mpsc::unbounded_channel();
        let mut keys: FuturesUnordered<_> =
            by_key.into_iter().map(|(key, rows)| send_key(&platform, &shutdown, key, rows, acked.clone())).collect();
        drop(acked);
        let mut failed = Vec::new();
        let mut done = Vec::new();
        let mut sent = 0;
        loop {
            tokio::select! {
                Some((key, outcome)) = keys.next() => match outcome {
                    Ok(()) => drop(self.resting.remove(&key)),
                    Err(error) => failed.push((key, error)),
                },
                Some(id) = acks.recv() => {
                    done.push(id);
                    if done.len() >= DELETE {
                        sent += self.delete(&mut done).await?;
                    }
                }
                else => break,
            }
        }
        sent += self.delete(&mut done).await?;
        for (key, error) in failed {
            tracing::warn!(key, %error, "failed to publish outbox row; retrying");
            self.rest(key);
        }
        Ok(sent)
    }

    async fn delete(&self, done: &mut Vec<i64>) -> Result<usize, sqlx::Error> {
        if done.is_empty() {
            return Ok(0);
        }
        sqlx::query!("delete from control.outbox where id = any($1)", &*done).execute(&self.platform.db).await?;
        metrics::counter!("outbox_sent_total").increment(done.len() as u64);
        Ok(std::mem::take(done).len())
    }

    fn rest(&mut self, key: String) {
        let rest = self.resting.get(&key).map_or(REST.0, |(_, rest)| (*rest * 2).min(REST.1));
        self.resting.insert(key, (Instant::now() + rest, rest));
    }
}

/// Sends one key's rows; ends at the first that the log did not take.
async fn send_key(
    platform: &Platform,
    shutdown: &CancellationToken,
    key: String,
    rows: Vec<Row>,
    acked: tokio::sync::mpsc::UnboundedSender<i64>,
) -> (String, Result<(), SendError>) {
    for row in rows {
        if shutdown.is_cancelled() {
            break;
        }
        let delivery = match platform.kafka.enqueue_record(&row.record) {
            Ok(delivery) => delivery.await,
            Err(error) => Err(error),
        };
        match delivery {
            Ok(placed) => {
                platform.outbox.placed(row.id, placed);
                // The receiver lives until all keys are done.
                let _ = acked.send(row.id);
            }
            Err(error) => return (key, Err(error)),
        }
    }
    (key, Ok(()))
}
