//! Single records of the log, read by their place: whose event it is, and which.
//!
//! The log never changes, so that what was read is kept. Everything is bounded: who reads waits for one of a few consumers,
//! made when they are needed and given back; a record that does not come in time is an error of the brokers.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use api_kit::Problem;
use event_schema::{Event, EventId, EventType, Topic, UserId};
use platform::kafka::{self, Kafka, KafkaError, Quiet};
use rdkafka::Message as _;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::BorrowedMessage;
use rdkafka::{Offset, TopicPartitionList};
use tokio::sync::Semaphore;
use uuid::Uuid;

/// Consumers at work at a time; each has threads and a connection.
const READERS: usize = 4;
/// How long a record may take to come.
const PATIENCE: Duration = Duration::from_secs(2);
/// Records remembered, some 100 bytes each.
const KEPT: usize = 4_096;

/// Where a record is.
pub type RecordAddress = (Topic, i32, i64);

/// What is known of an event without its payload.
#[derive(Clone, Copy, Debug)]
pub struct Heading {
    /// The id that is its key.
    pub key: Uuid,
    pub id: EventId,
    pub actor: UserId,
    pub event_type: EventType,
}

/// Reads single records. Cheap to clone.
#[derive(Clone)]
pub struct LogReader(Arc<Inner>);

struct Inner {
    kafka: Kafka,
    places: Semaphore,
    idle: Mutex<Option<BaseConsumer<Quiet>>>,
    kept: Mutex<Kept>,
}

/// The headings read last, the oldest first to go.
#[derive(Default)]
struct Kept {
    headings: HashMap<RecordAddress, Option<Heading>>,
    order: VecDeque<RecordAddress>,
}

impl LogReader {
    /// Reads this log; connects when it is first asked.
    #[must_use]
    pub fn new(kafka: &Kafka) -> Self {
        Self(Arc::new(Inner {
            kafka: kafka.clone(),
            places: Semaphore::new(READERS),
            idle: Mutex::default(),
            kept: Mutex::default(),
        }))
    }

    /// The event at a place within the log; none where the record is no event with an id for its key.
    pub async fn heading(&self, place: RecordAddress) -> Result<Option<Heading>, Problem> {
        let kept = self.kept(|kept| kept.headings.get(&place).copied());
        if let Some(heading) = kept {
            return Ok(heading);
        }
        let Ok(_place) = self.0.places.acquire().await else { return Err(Problem::unavailable()) };
        let reader = self.clone();
        let read = tokio::task::spawn_blocking(move || reader.read(place)).await;
        let heading = read.unwrap_or_else(|error| Err(KafkaError::Record(error.to_string())))?;
        self.kept(|kept| kept.keep(place, heading));
        Ok(heading)
    }

    fn kept<T>(&self, ask: impl FnOnce(&mut Kept) -> T) -> T {
        ask(&mut self.0.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Option<BaseConsumer<Quiet>>> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Blocks until the record is there.
    fn read(&self, place: RecordAddress) -> Result<Option<Heading>, KafkaError> {
        let idle = self.idle().take();
        let consumer = idle.map_or_else(|| self.consumer(), Ok)?;
        let heading = self.fetch(&consumer, place);
        // Nothing is fetched on while nobody asks. A consumer that failed is not used again.
        if heading.is_ok() && consumer.unassign().is_ok() {
            *self.idle() = Some(consumer);
        }
        heading
    }

    fn consumer(&self) -> Result<BaseConsumer<Quiet>, KafkaError> {
        let mut config = self.0.kafka.consumer_config("chatlog-outcomes");
        // One record is wanted, not what lies behind it.
        config.set("queued.min.messages", "1").set("queued.max.messages.kbytes", "64");
        config.set("fetch.message.max.bytes", "16384").set("fetch.wait.max.ms", "10");
        config.create_with_context(Quiet).map_err(|error| KafkaError::Settings(error.to_string()))
    }

    fn fetch(&self, consumer: &BaseConsumer<Quiet>, place: RecordAddress) -> Result<Option<Heading>, KafkaError> {
        let (topic, partition, offset) = place;
        let mut assignment = TopicPartitionList::new();
        assignment.add_partition_offset(&self.0.kafka.topic_name(topic), partition, Offset::Offset(offset))?;
        consumer.assign(&assignment)?;
        let deadline = Instant::now() + PATIENCE;
        while let Some(left) = deadline.checked_duration_since(Instant::now()) {
            if let Some(message) = consumer.poll(left) {
                let message = message?;
                // What an earlier assignment left in the queue is passed over.
                if message.partition() == partition
                    && message.offset() == offset
                    && message.topic() == self.0.kafka.topic_name(topic)
                {
                    return Ok(heading(topic, &message));
                }
            }
        }
        Err(KafkaError::Record(format!("no record at offset {offset} in time")))
    }
}

impl Kept {
    fn keep(&mut self, place: RecordAddress, heading: Option<Heading>) {
        if self.headings.insert(place, heading).is_none() {
            self.order.push_back(place);
        }
        if self.order.len() > KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.headings.remove(&oldest);
        }
    }
}

fn heading(topic: Topic, message: &BorrowedMessage<'_>) -> Option<Heading> {
    let Event { key, envelope, payload } = kafka::read(topic, message).ok()?;
    Some(Heading { key: key.id()?, id: envelope.id, actor: envelope.actor, event_type: payload.event_type() })
}
