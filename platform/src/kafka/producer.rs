//! The producer: idempotent, acknowledged by all replicas, bounded in memory and time.
//!
//! librdkafka declares an idempotent producer dead when it could no longer keep its promise (a *fatal* error). What it had
//! in flight is then told as unknown, and a new producer takes its place: callers retry with the same event ids, and the
//! fold drops what it has seen.

use std::borrow::Cow;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use arc_swap::ArcSwap;
use event_schema::record::{EncodeError, Record};
use event_schema::{Topic, limits};
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode as Code};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{DeliveryFuture, FutureProducer, FutureRecord, Producer as _};

use super::client::Quiet;
use super::{KafkaError, config};
use crate::settings::KafkaSettings;

/// A record that is encoded already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawRecord {
    pub topic: Topic,
    pub key: String,
    /// Its headers, in order.
    pub headers: Vec<(Cow<'static, str>, String)>,
    pub value: Vec<u8>,
}

impl From<Record> for RawRecord {
    fn from(record: Record) -> Self {
        Self {
            topic: record.topic,
            key: record.key,
            headers: record.headers.into_iter().map(|(name, value)| (Cow::Borrowed(name), value)).collect(),
            value: record.value,
        }
    }
}

/// Where a record is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordMetadata {
    pub topic: Topic,
    pub partition: i32,
    pub offset: i64,
}

/// Why a record is not, or not known to be, in the log.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// It may be in the log or not. Safe to send again: consumers drop a repeated event id.
    #[error("whether the log has the record is not known: {0}")]
    Unknown(String),
    /// It is not in the log.
    #[error("the log takes no records: {0}")]
    Unavailable(String),
    /// Larger than a record may be.
    #[error("the record is {bytes} bytes; at most {} are allowed", limits::VALUE_BYTES)]
    TooLarge { bytes: usize },
    /// It has no encoding.
    #[error("the event cannot be encoded: {0}")]
    Encode(String),
}

impl From<EncodeError> for SendError {
    fn from(error: EncodeError) -> Self {
        match error {
            EncodeError::TooLarge { bytes } => Self::TooLarge { bytes },
            other => Self::Encode(other.to_string()),
        }
    }
}

pub(super) type Client = rdkafka::client::Client<rdkafka::producer::future_producer::FutureProducerContext<Quiet>>;

type Running = FutureProducer<Quiet>;

pub(super) struct Producer {
    settings: KafkaSettings,
    running: Arc<ArcSwap<Running>>,
}

impl Producer {
    pub(super) fn new(settings: &KafkaSettings) -> Result<Self, KafkaError> {
        let running = Arc::new(ArcSwap::from_pointee(start(settings)?));
        Ok(Self { settings: settings.clone(), running })
    }

    pub(super) fn enqueue(&self, topic: &str, record: &RawRecord) -> Result<Delivery, SendError> {
        let producer = self.running.load_full();
        let mut headers = OwnedHeaders::new_with_capacity(record.headers.len());
        for (name, value) in &record.headers {
            headers = headers.insert(Header { key: name, value: Some(value.as_bytes()) });
        }
        let kafka_record = FutureRecord::to(topic).key(record.key.as_bytes()).payload(&record.value).headers(headers);
        match producer.send_result(kafka_record) {
            Ok(future) => Ok(Delivery { future, topic: record.topic, bytes: record.value.len() }),
            Err((ClientError::MessageProduction(Code::QueueFull), _)) => {
                metrics::counter!("kafka_queue_full_total").increment(1);
                Err(SendError::Unavailable("the producer's queue is full".to_owned()))
            }
            Err((error, _)) => {
                self.replace_if_dead(&producer);
                Err(judge(&error, record.value.len(), false))
            }
        }
    }

    /// A dead producer refuses everything for ever: another takes its place.
    fn replace_if_dead(&self, producer: &Arc<Running>) {
        let Some((code, reason)) = producer.client().fatal_error() else { return };
        metrics::counter!("kafka_producer_replaced_total").increment(1);
        tracing::error!(%code, reason, "Kafka producer failed; starting a new one");
        match start(&self.settings) {
            // Only the first who noticed replaces it.
            Ok(new) => drop(self.running.compare_and_swap(producer, Arc::new(new))),
            Err(error) => tracing::error!(%error, "failed to start a Kafka producer; retrying"),
        }
    }

    pub(super) fn with_client<T>(&self, question: impl FnOnce(&Client) -> T) -> T {
        question(self.running.load_full().client())
    }

    pub(super) fn flush(&self, within: Duration) -> Result<(), ClientError> {
        self.running.load_full().flush(within)
    }
}

fn start(settings: &KafkaSettings) -> Result<Running, KafkaError> {
    config::producer(settings).create_with_context(Quiet).map_err(|error| KafkaError::Settings(error.to_string()))
}

/// The outcome of an enqueued record.
#[must_use = "the record's fate is not known before this is awaited"]
pub struct Delivery {
    future: DeliveryFuture,
    topic: Topic,
    bytes: usize,
}

impl Future for Delivery {
    type Output = Result<RecordMetadata, SendError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let delivered = ready!(Pin::new(&mut self.future).poll(context));
        Poll::Ready(match delivered {
            Ok(Ok(at)) => Ok(RecordMetadata { topic: self.topic, partition: at.partition, offset: at.offset }),
            Ok(Err((error, _))) => Err(judge(&error, self.bytes, true)),
            Err(_) => Err(SendError::Unknown("the producer ended".to_owned())),
        })
    }
}

/// What an error says about the record. Once it was enqueued, only errors that tell otherwise mean that it is not there.
fn judge(error: &ClientError, bytes: usize, enqueued: bool) -> SendError {
    match error.rdkafka_error_code() {
        Some(Code::MessageSizeTooLarge | Code::InvalidMessageSize) => SendError::TooLarge { bytes },
        Some(
            Code::PurgeQueue
            | Code::UnknownTopic
            | Code::UnknownTopicOrPartition
            | Code::UnknownPartition
            | Code::TopicAuthorizationFailed
            | Code::ClusterAuthorizationFailed,
        ) => SendError::Unavailable(error.to_string()),
        _ if enqueued => SendError::Unknown(error.to_string()),
        _ => SendError::Unavailable(error.to_string()),
    }
}
