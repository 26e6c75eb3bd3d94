//! Takes answers in, each once: rows and the place in the log move in one transaction.
//!
//! Every replica reads all of `chat.registrations` and tries to take in what comes. Whoever moves a partition's place
//! first, by `where next_offset = …`, has taken it; the others see so, and go on behind it. There is no group, no owner and
//! nothing to hand over: a replica that is killed, frozen or cut off holds up nobody, and what it does too late changes
//! nothing. Answers are few beside messages, so reading them on every replica costs little.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use api_kit::ApiContext;
use event_schema::{RegistrationId, Topic};
use futures::FutureExt as _;
use platform::HealthCheck;
use platform::foreign_records::{self, ForeignRecord};
use platform::kafka::{KafkaError, Quiet};
use platform::outbox::OutboxError;
use rdkafka::Message as _;
use rdkafka::consumer::{Consumer as _, StreamConsumer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use tokio_util::sync::CancellationToken;

use super::followers::Followers;
use super::saga::{ParticipantAnswer, Registration, SagaDecision};
use super::settle::{Settled, settle};
use super::{answers, store};

/// Answers taken in at once, at most.
const BATCH: usize = 500;
/// Between two tries, doubled each time.
const REST: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// A wake-up of the client can be missed: it is asked again.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Why answers are not taken in at the moment.
#[derive(Debug, thiserror::Error)]
enum DeciderError {
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    #[error(transparent)]
    Outbox(#[from] OutboxError),
    #[error("the place in partition {0} went back")]
    WentBack(i32),
}

impl From<rdkafka::error::KafkaError> for DeciderError {
    fn from(error: rdkafka::error::KafkaError) -> Self {
        Self::Kafka(error.into())
    }
}

impl From<sqlx::Error> for DeciderError {
    fn from(error: sqlx::Error) -> Self {
        Self::Outbox(error.into())
    }
}

/// Offsets, and the answers at them; without one where a record is none, or is set aside.
type Records = Vec<(i64, Result<Option<ParticipantAnswer>, ForeignRecord>)>;

/// Takes answers in until the process ends; outlives the absence of Kafka and Postgres.
pub async fn run(context: ApiContext, followers: Followers, soft: CancellationToken) {
    let check = context.health.register("registrations");
    let mut rest = REST.0;
    while !soft.is_cancelled() {
        let (context, followers) = (context.clone(), followers.clone());
        let mut decider = Decider { context, followers, check: check.clone(), places: HashMap::new() };
        let Err(error) = decider.work(&soft).await else { return };
        tracing::warn!(%error, ?rest, "failed to process answers to sign-ups; retrying");
        // What went well for a while begins anew; what fails once may be well in a moment.
        let took = decider.took_something();
        if !took && rest > REST.0 {
            check.degraded(error.to_string());
        }
        rest = if took { REST.0 } else { (rest * 2).min(REST.1) };
        let _ = tokio::time::timeout(rest, soft.cancelled()).await;
    }
}

struct Decider {
    context: ApiContext,
    followers: Followers,
    check: HealthCheck,
    /// The next offset of each partition, and whether it has moved here.
    places: HashMap<i32, (i64, bool)>,
}

impl Decider {
    fn took_something(&self) -> bool {
        self.places.values().any(|(_, moved)| *moved)
    }

    /// Reads from the places in Postgres on.
    async fn work(&mut self, soft: &CancellationToken) -> Result<(), DeciderError> {
        let consumer = self.consumer().await?;
        self.check.ready();
        let worked = self.take_all(&consumer, soft).await;
        // A thread of its own: dropping a consumer blocks, and a broker that is away must not keep the process.
        std::thread::spawn(move || drop(consumer));
        worked
    }

    async fn take_all(
        &mut self,
        consumer: &StreamConsumer<Quiet>,
        soft: &CancellationToken,
    ) -> Result<(), DeciderError> {
        loop {
            let first = tokio::select! {
                () = soft.cancelled() => return Ok(()),
                message = tokio::time::timeout(LOOK_AGAIN, consumer.recv()) => message,
            };
            let Ok(first) = first else { continue };
            let mut batch: BTreeMap<i32, Records> = BTreeMap::new();
            let mut next = Some(first?);
            let mut taken = 0;
            while let Some(message) = next.take() {
                let records = batch.entry(message.partition()).or_default();
                records.push((message.offset(), answers::read(&message)));
                taken += 1;
                if taken < BATCH {
                    next = consumer.recv().now_or_never().transpose()?;
                }
            }
            for (partition, records) in batch {
                self.take(partition, records).await?;
            }
        }
    }

    async fn consumer(&mut self) -> Result<StreamConsumer<Quiet>, DeciderError> {
        let context = &self.context;
        let partitions = context.kafka.partitions(Topic::Registrations).await?;
        let places = store::places(&context.db, partitions).await?;
        self.places = places.iter().map(|(partition, offset)| (*partition, (*offset, false))).collect();
        let topic = context.kafka.topic_name(Topic::Registrations);
        let mut list = TopicPartitionList::new();
        for (partition, offset) in places {
            list.add_partition_offset(&topic, partition, Offset::Offset(offset))?;
        }
        // The client wants a group's name; nobody joins it, and nothing is committed to it.
        let group = format!("{}chatlog-registrations", context.settings.kafka.topic_prefix);
        let consumer: StreamConsumer<Quiet> = context.kafka.consumer_config(&group).create_with_context(Quiet)?;
        consumer.assign(&list)?;
        Ok(consumer)
    }

    /// Takes in what was read of a partition, unless another replica has.
    async fn take(&mut self, partition: i32, mut records: Records) -> Result<(), DeciderError> {
        loop {
            let (place, _) = self.places.get(&partition).copied().unwrap_or_default();
            records.retain(|(offset, _)| *offset >= place);
            let Some((last, _)) = records.last() else { return Ok(()) };
            let to = last + 1;
            if let Some(settled) = self.transaction(partition, (place, to), &records).await? {
                self.places.insert(partition, (to, true));
                if !settled.queued.is_empty() {
                    self.context.outbox.wake();
                }
                self.followers.notify(&settled.changed);
                return Ok(());
            }
            let found = store::place(&self.context.db, partition).await?;
            if found < place {
                return Err(DeciderError::WentBack(partition));
            }
            self.places.insert(partition, (found, true));
        }
    }

    /// `None` if somebody else was first.
    async fn transaction(
        &self,
        partition: i32,
        (from, to): (i64, i64),
        records: &Records,
    ) -> Result<Option<Settled>, DeciderError> {
        let now = self.context.clock.now();
        let mut tx = self.context.db.begin().await?;
        if !store::advance(&mut tx, partition, from, to).await? {
            return Ok(None);
        }
        let foreign: Vec<ForeignRecord> = records.iter().filter_map(|(_, read)| read.as_ref().err().cloned()).collect();
        foreign_records::set_aside(&mut tx, self.context.log_id, &foreign).await?;
        let answers: Vec<&ParticipantAnswer> =
            records.iter().filter_map(|(_, read)| read.as_ref().ok()?.as_ref()).collect();
        let ids: Vec<RegistrationId> = answers.iter().map(|answer| answer.registration).collect();
        let mut registrations = store::lock(&mut tx, &ids).await?;
        let (changed, follows) = receive(&mut registrations, &answers);
        let settled = settle(&mut tx, changed, &follows, now).await?;
        tx.commit().await?;
        for (_, follows) in &follows {
            count(follows);
        }
        Ok(Some(settled))
    }
}

fn count(follows: &SagaDecision) {
    let decision = match follows {
        SagaDecision::Nothing => return,
        SagaDecision::Register => "registered",
        SagaDecision::Reject => "rejected",
        SagaDecision::RejectAgain(_) => "rejected_again",
    };
    metrics::counter!("registrations_decided_total", "decision" => decision).increment(1);
}

/// Takes answers in, in the log's order: which registrations are different now, and what follows.
fn receive(
    registrations: &mut HashMap<RegistrationId, Registration>,
    answers: &[&ParticipantAnswer],
) -> (Vec<Registration>, Vec<(RegistrationId, SagaDecision)>) {
    let before = registrations.clone();
    let mut follows = Vec::new();
    for answer in answers {
        if let Some(registration) = registrations.get_mut(&answer.registration) {
            follows.push((answer.registration, registration.receive(answer)));
        } else {
            tracing::warn!(registration = %answer.registration, step = answer.step, "received an answer to an unknown sign-up; ignored");
        }
    }
    follows.retain(|(_, follows)| *follows != SagaDecision::Nothing);
    let follow = |id: &RegistrationId| follows.iter().any(|(it, _)| it == id);
    let changed = registrations.values().filter(|it| before.get(&it.id) != Some(it) || follow(&it.id));
    let mut changed: Vec<Registration> = changed.cloned().collect();
    for registration in &mut changed {
        registration.version += 1;
    }
    (changed, follows)
}
