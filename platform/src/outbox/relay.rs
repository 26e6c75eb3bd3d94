//! The relay: brings rows of the outbox into the log, each key's in the order of their ids, and deletes a row after its
//! ack.
//!
//! Relays share the shards by leases. Rows go by lanes, one for each partition of a topic: a partition that takes nothing
//! holds up no other. An unknown outcome is retried before that key's next row. A relay that lost its shards without
//! noticing sends rows that another sends too; since each sends a key's next row only after the ack of the one before, the
//! first copies are in order, and consumers drop a repeated event id.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use event_schema::Topic;
use futures::future::{BoxFuture, join_all};
use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, StreamExt as _};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::SHARDS;
use super::lanes::{Lane, Lanes, Round, RoundOutcome, RowKey};
use crate::backoff::Backoff;
use crate::kafka::{Kafka, RawRecord, SendError};
use crate::leases::{LeaseError, Leases};
use crate::platform::Platform;

/// What is shared, as the leases name it.
const WORK: &str = "outbox";
/// Between two tries to connect.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Rows taken at a time.
const BATCH: i64 = 1_000;
/// Acked rows deleted at a time, at most.
const DELETE: usize = 500;
/// How long a relay without work waits before it reads again.
const IDLE: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(1));
/// Between two reads while there is work: lanes that end together are filled together.
const BUSY: Duration = Duration::from_millis(5);

/// A row of the outbox.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) id: i64,
    pub(super) shard: i32,
    pub(super) record: RawRecord,
}

/// One relay of the outbox. Any number may run.
pub struct Relay {
    platform: Platform,
    shutdown: CancellationToken,
    leases: Leases,
    lanes: Lanes,
    rounds: FuturesUnordered<BoxFuture<'static, (Lane, RoundOutcome)>>,
    acks: (mpsc::UnboundedSender<i64>, mpsc::UnboundedReceiver<i64>),
    /// Shards that others are to have.
    leaving: BTreeSet<i32>,
}

impl Relay {
    /// Relays until the token is cancelled; outlives the absence of Kafka and Postgres. Every role that fills the outbox
    /// starts one; where several share a process, the first does the work.
    pub async fn run(platform: Platform, shutdown: CancellationToken) {
        let outbox = platform.outbox.clone();
        if !outbox.begin_relay() {
            return;
        }
        let mut pause = Backoff::up_to(LONGEST_PAUSE);
        while !shutdown.is_cancelled() {
            let began = Instant::now();
            let Err(error) = Self::session(&platform, &shutdown).await else { break };
            if began.elapsed() > LONGEST_PAUSE {
                pause = Backoff::up_to(LONGEST_PAUSE);
            }
            tracing::warn!(%error, "outbox relay lost its leases; reconnecting");
            let _ = tokio::time::timeout(pause.next_pause(), shutdown.cancelled()).await;
        }
        outbox.end_relay();
    }

    async fn session(platform: &Platform, shutdown: &CancellationToken) -> Result<(), LeaseError> {
        let leases = Leases::connect(&platform.settings.postgres, WORK, i32::from(SHARDS)).await?;
        let mut relay = Self {
            platform: platform.clone(),
            shutdown: shutdown.clone(),
            leases,
            lanes: Lanes::default(),
            rounds: FuturesUnordered::new(),
            acks: mpsc::unbounded_channel(),
            leaving: BTreeSet::new(),
        };
        relay.work().await?;
        relay.finish().await?;
        Ok(relay.leases.leave().await?)
    }

    async fn work(&mut self) -> Result<(), LeaseError> {
        let outbox = self.platform.outbox.clone();
        let shutdown = self.shutdown.clone();
        let mut idle = IDLE.0;
        let (mut renew, mut read) = (Instant::now(), Instant::now());
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return Ok(()),
                () = tokio::time::sleep_until(renew) => {
                    self.renew().await?;
                    renew = Instant::now() + self.leases.next_renewal();
                }
                Some((lane, outcome)) = self.rounds.next() => {
                    self.end_round(lane, &outcome).await?;
                    idle = IDLE.0;
                    read = read.min(Instant::now() + BUSY);
                }
                Some(id) = self.acks.1.recv() => self.delete_acked(Some(id)).await?,
                () = outbox.woken() => read = Instant::now(),
                () = tokio::time::sleep_until(read) => {
                    let found = self.read().await?;
                    idle = if found { IDLE.0 } else { (idle * 2).min(IDLE.1) };
                    let now = Instant::now();
                    let next = if self.lanes.has_long_keys() { now + BUSY } else { now + idle };
                    read = self.lanes.next_wake(now).map_or(next, |wake| wake.min(next));
                }
            }
        }
    }

    /// Lets what is in hand come to its end.
    async fn finish(&mut self) -> Result<(), sqlx::Error> {
        while let Some((lane, outcome)) = self.rounds.next().await {
            self.end_round(lane, &outcome).await?;
        }
        Ok(())
    }

    async fn renew(&mut self) -> Result<(), LeaseError> {
        self.leaving.extend(self.leases.renew().await?);
        let idle = self.lanes.idle(&self.leaving.iter().copied().collect::<Vec<_>>());
        if !idle.is_empty() {
            self.leases.release(&idle).await?;
            self.leaving.retain(|shard| !idle.contains(shard));
        }
        Ok(())
    }

    /// Reads rows for the lanes that have nothing in hand, and sends them; whether there were any.
    async fn read(&mut self) -> Result<bool, sqlx::Error> {
        let partitions = partitions(&self.platform.kafka).await;
        let rows = self.fetch(&partitions).await?;
        let found = !rows.is_empty();
        for (lane, round) in self.lanes.begin(rows, &partitions) {
            let (platform, shutdown, acks) = (self.platform.clone(), self.shutdown.clone(), self.acks.0.clone());
            self.rounds.push(
                async move {
                    let outcome = send(&platform, &shutdown, lane, round, &acks).await;
                    (lane, outcome)
                }
                .boxed(),
            );
        }
        Ok(found)
    }

    /// The next rows, oldest first, without lanes and keys that rest or are in hand.
    async fn fetch(&mut self, partitions: &HashMap<Topic, i32>) -> Result<Vec<Row>, sqlx::Error> {
        let now = Instant::now();
        let shards: Vec<i16> = self
            .leases
            .held()
            .into_iter()
            .filter(|shard| !self.leaving.contains(shard))
            .filter_map(|shard| shard.try_into().ok())
            .collect();
        let name = |topic: &Topic| topic.name().to_owned();
        // A row of another topic was written by a later version: its relay sends it.
        let known = Topic::ALL.map(|topic| name(&topic));
        let (topics, counts): (Vec<String>, Vec<i32>) =
            partitions.iter().map(|(topic, count)| (name(topic), *count)).unzip();
        let (closed_topics, closed_partitions): (Vec<String>, Vec<i32>) =
            self.lanes.closed(now).iter().map(|(topic, partition)| (name(topic), *partition)).unzip();
        let (key_topics, keys): (Vec<String>, Vec<String>) =
            self.lanes.passed_over(now).into_iter().map(|(topic, key)| (name(&topic), key)).unzip();
        // Index Scan on outbox_by_shard per shard, hashed filters, then a bounded sort of what is left.
        let rows = sqlx::query!(
            r#"select id, shard, outbox.topic, key, value,
                      headers as "headers: sqlx::types::Json<Vec<(String, String)>>"
               from control.outbox
                    left join unnest($2::text[], $3::int[]) as counts (topic, partitions) on counts.topic = outbox.topic
               where shard = any($1) and outbox.topic = any($9)
                 and (outbox.topic, coalesce((key_hash & 2147483647) % partitions, -1)) not in
                     (select topic, partition from unnest($4::text[], $5::int[]) as closed (topic, partition))
                 and (outbox.topic, key) not in
                     (select topic, key from unnest($6::text[], $7::text[]) as passed_over (topic, key))
               order by id limit $8"#,
            &shards,
            &topics,
            &counts,
            &closed_topics,
            &closed_partitions,
            &key_topics,
            &keys,
            BATCH,
            known.as_slice(),
        )
        .fetch_all(&self.platform.db)
        .await?;
        let known = rows.into_iter().filter_map(|row| {
            let topic = Topic::from_name(&row.topic)?;
            let headers = row.headers.0.into_iter().map(|(name, value)| (Cow::Owned(name), value)).collect();
            let record = RawRecord { topic, key: row.key, headers, value: row.value };
            Some(Row { id: row.id, shard: row.shard.into(), record })
        });
        Ok(known.collect())
    }

    /// All of its acks have come before.
    async fn end_round(&mut self, lane: Lane, outcome: &RoundOutcome) -> Result<(), sqlx::Error> {
        self.delete_acked(None).await?;
        self.lanes.end(lane, outcome, Instant::now());
        Ok(())
    }

    async fn delete_acked(&mut self, first: Option<i64>) -> Result<(), sqlx::Error> {
        let mut done: Vec<i64> = first.into_iter().collect();
        loop {
            while done.len() < DELETE
                && let Ok(id) = self.acks.1.try_recv()
            {
                done.push(id);
            }
            if done.is_empty() {
                return Ok(());
            }
            sqlx::query!("delete from control.outbox where id = any($1)", &done).execute(&self.platform.db).await?;
            metrics::counter!("outbox_sent_total").increment(done.len() as u64);
            done.clear();
        }
    }
}

/// How many partitions topics have, as far as the brokers say; a topic that they do not know is a lane of its own.
async fn partitions(kafka: &Kafka) -> HashMap<Topic, i32> {
    let counts = Topic::ALL.map(|topic| async move { (topic, kafka.partitions(topic).await.ok()) });
    join_all(counts).await.into_iter().filter_map(|(topic, count)| Some((topic, count?))).collect()
}

/// Sends keys side by side and each key's rows one after another.
async fn send(
    platform: &Platform,
    shutdown: &CancellationToken,
    (topic, partition): Lane,
    round: Round,
    acks: &mpsc::UnboundedSender<i64>,
) -> RoundOutcome {
    let mut keys: FuturesUnordered<_> =
        round.into_iter().map(|(key, rows)| send_key(platform, shutdown, key, rows, acks)).collect();
    let mut outcome = RoundOutcome::default();
    while let Some((key, sent)) = keys.next().await {
        let Err(error) = sent else { continue };
        if matches!(error, SendError::TooLarge { .. } | SendError::Encode(_)) {
            tracing::error!(topic = topic.name(), partition, key = key.1, %error, "outbox row refused; its key waits");
            outcome.refused.push(key);
            continue;
        }
        if !outcome.unavailable {
            tracing::warn!(topic = topic.name(), partition, %error, "failed to publish outbox rows; retrying");
        }
        outcome.unavailable = true;
    }
    outcome
}

/// Sends one key's rows; ends at the first that the log did not take.
async fn send_key(
    platform: &Platform,
    shutdown: &CancellationToken,
    key: RowKey,
    rows: Vec<Row>,
    acks: &mpsc::UnboundedSender<i64>,
) -> (RowKey, Result<(), SendError>) {
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
                // The receiver lives until all rounds are done.
                let _ = acks.send(row.id);
            }
            Err(error) => return (key, Err(error)),
        }
    }
    (key, Ok(()))
}
