//! Sign-ups whose participants did not all answer in time are rejected, by whichever replica sees it first.
//!
//! A deadline is the participants' time: it counts from when they can read the request. While that waits in the outbox, and
//! after an outage of Kafka, it begins anew. It passes only once everything that was said until then is taken in, by any
//! replica: answers that lie unread in the log, because nobody ran or Kafka was away, were given in time.

use std::time::Duration;

use api_kit::ApiContext;
use event_schema::{RegistrationId, Timestamp, Topic};
use platform::kafka::KafkaError;
use platform::outbox::OutboxError;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::followers::Followers;
use super::saga::{DEADLINE, Registration, SagaDecision};
use super::settle::settle;
use super::store;

/// How often is looked.
const LOOK: Duration = Duration::from_secs(1);
/// How many are rejected in one transaction.
const BATCH: i64 = 100;

/// Why there was no look.
#[derive(Debug, thiserror::Error)]
enum Unlooked {
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    #[error(transparent)]
    Outbox(#[from] OutboxError),
    #[error("Postgres: {0}")]
    Postgres(#[from] sqlx::Error),
}

/// Where `chat.registrations` ended, and when at the earliest.
struct Ends {
    at: Timestamp,
    offsets: Vec<(i32, i64)>,
}

/// Lets deadlines pass until the process ends.
pub async fn run(context: ApiContext, followers: Followers, deadline: Duration, soft: CancellationToken) {
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut deadlines = Deadlines { context, followers, deadline, ends: None, away: false };
    loop {
        tokio::select! {
            () = soft.cancelled() => return,
            _ = look.tick() => {}
        }
        loop {
            match deadlines.pass().await {
                // There may be more.
                Ok(rejected) if rejected == BATCH && !soft.is_cancelled() => {}
                Ok(_) => break,
                Err(error) => {
                    tracing::warn!(%error, "failed to check deadlines of sign-ups; retrying");
                    break;
                }
            }
        }
    }
}

struct Deadlines {
    context: ApiContext,
    followers: Followers,
    /// How long participants have, from when they can read the request.
    deadline: Duration,
    /// What has to be taken in before deadlines pass.
    ends: Option<Ends>,
    /// The brokers did not answer the last time.
    away: bool,
}

impl Deadlines {
    /// Rejects what is overdue; how many.
    async fn pass(&mut self) -> Result<i64, Unlooked> {
        let db = &self.context.db;
        if !store::is_any_pending(db).await? {
            self.ends = None;
            return Ok(0);
        }
        store::postpone_unpublished(db, self.full_time()).await?;
        let asked = self.ends().await;
        let Ok(now) = asked else {
            self.away = true;
            return asked.map(|_| 0).map_err(Unlooked::from);
        };
        if std::mem::take(&mut self.away) {
            // Nobody could read or answer meanwhile.
            tracing::info!("Kafka answers again; open sign-ups get their whole time");
            store::postpone_all(db, self.full_time()).await?;
        }
        let waited = self.ends.is_some();
        let ends = self.ends.take().unwrap_or(now);
        let missing = self.missing(&ends).await?;
        if missing.is_empty() {
            return Ok(self.reject(ends.at).await?);
        }
        if waited {
            self.skip_gaps(&missing).await?;
        }
        self.ends = Some(ends);
        Ok(0)
    }

    /// The deadline of a request that can be read only now.
    fn full_time(&self) -> Timestamp {
        self.context.clock.now().plus(self.deadline)
    }

    async fn ends(&self) -> Result<Ends, KafkaError> {
        let (kafka, at) = (&self.context.kafka, self.context.clock.now());
        let mut offsets = Vec::new();
        for partition in 0..kafka.partitions(Topic::Registrations).await? {
            offsets.push((partition, kafka.end_offset(Topic::Registrations, partition).await?));
        }
        Ok(Ends { at, offsets })
    }

    /// Partitions that are not taken in so far, and where they are.
    async fn missing(&self, ends: &Ends) -> Result<Vec<(i32, i64)>, sqlx::Error> {
        let partitions = i32::try_from(ends.offsets.len()).unwrap_or(i32::MAX);
        let mut places = store::places(&self.context.db, partitions).await?;
        places.retain(|place| ends.offsets.iter().any(|end| place.0 == end.0 && place.1 < end.1));
        Ok(places)
    }

    /// Behind the last record there may be offsets that no consumer is given, as transactions of participants leave them: no
    /// answer moves the place over them.
    async fn skip_gaps(&self, missing: &[(i32, i64)]) -> Result<(), Unlooked> {
        for (partition, place) in missing {
            let next = self.context.kafka.next_record(Topic::Registrations, *partition, *place).await?;
            if next.record.is_none() && next.end > *place {
                store::advance(&mut *self.context.db.acquire().await?, *partition, *place, next.end).await?;
            }
        }
        Ok(())
    }

    /// Rejects what was overdue at this time.
    async fn reject(&self, until: Timestamp) -> Result<i64, OutboxError> {
        let context = &self.context;
        let mut tx = context.db.begin().await?;
        let mut overdue = store::overdue(&mut tx, until, BATCH).await?;
        if overdue.is_empty() {
            return Ok(0);
        }
        let reject = |it: &mut Registration| (it.id, it.reject(None, DEADLINE));
        let follows: Vec<(RegistrationId, SagaDecision)> = overdue.iter_mut().map(reject).collect();
        let settled = settle(&mut tx, overdue, &follows, context.clock.now()).await?;
        tx.commit().await?;
        let rejected = i64::try_from(follows.len()).unwrap_or(BATCH);
        metrics::counter!("registrations_decided_total", "decision" => "deadline").increment(follows.len() as u64);
        tracing::info!(rejected, "sign-ups rejected: deadline passed");
        context.outbox.wake();
        self.followers.notify(&settled.changed);
        Ok(rejected)
    }
}
