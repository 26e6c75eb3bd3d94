//! The log: one producer, ends of partitions, and what a consumer is configured with. Brokers that go away and come back
//! are the client's own matter; what callers see is [`SendError`] and [`KafkaError`].

mod client;
mod coalesce;
mod config;
mod log_id;
mod probe;
mod producer;
mod read;
mod topics;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use event_schema::topics::partition_of;
use event_schema::{Event, Topic};
use rdkafka::ClientConfig;

use crate::settings::KafkaSettings;

pub use client::{Quiet, log, log_error};
pub use log_id::LogId;
pub use probe::NextRecord;
pub use producer::{Delivery, RawRecord, RecordMetadata, SendError};
pub use read::{Header, classify, header_of, headers, id_of, is_out_of_range, read};
pub use topics::{TopicAction, TopicReport, apply_topics, delete_topics};

/// How long a question to the brokers may take.
pub(crate) const QUESTION: Duration = Duration::from_secs(2);

/// Why the brokers could not answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum KafkaError {
    /// Settings that the client refuses.
    #[error("the Kafka client refuses its settings: {0}")]
    Settings(String),
    /// No answer, or an error as one.
    #[error("Kafka: {0}")]
    Client(#[from] rdkafka::error::KafkaError),
    /// The topic is not there.
    #[error("there is no topic {0}; run `chatlog topics apply`")]
    NoTopic(String),
    /// The topic has another number of partitions than it should have.
    #[error("{topic} has {has} partitions, not {wanted}: the number is fixed for the life of a log")]
    Partitions {
        /// Its name in Kafka.
        topic: String,
        has: i32,
        /// What was asked for.
        wanted: i32,
    },
    /// A record that cannot be read.
    #[error("{0}")]
    Record(String),
}

/// The log. Cheap to clone.
#[derive(Clone)]
pub struct Kafka(Arc<Inner>);

struct Inner {
    settings: KafkaSettings,
    producer: producer::Producer,
    ends: coalesce::Coalesced<(Topic, i32), i64>,
    counts: coalesce::Coalesced<Topic, i32>,
    partitions: Mutex<HashMap<Topic, i32>>,
}

impl Kafka {
    /// A client. It connects when it is first used.
    pub fn new(settings: &KafkaSettings) -> Result<Self, KafkaError> {
        if settings.options.iter().any(|option| !option.expose().contains('=')) {
            return Err(KafkaError::Settings("each of the further options must be NAME=VALUE".to_owned()));
        }
        Ok(Self(Arc::new(Inner {
            producer: producer::Producer::new(settings)?,
            ends: coalesce::Coalesced::default(),
            counts: coalesce::Coalesced::default(),
            partitions: Mutex::default(),
            settings: settings.clone(),
        })))
    }

    /// A topic's name in Kafka.
    #[must_use]
    pub fn topic_name(&self, topic: Topic) -> String {
        config::topic_name(&self.0.settings, topic)
    }

    /// The topic of a name in Kafka.
    #[must_use]
    pub fn topic_of(&self, name: &str) -> Option<Topic> {
        Topic::from_name(name.strip_prefix(&self.0.settings.topic_prefix)?)
    }

    /// Puts an event into the producer's queue. Events of one key reach the log in the order of these calls; the outcome is
    /// told by the [`Delivery`].
    pub fn enqueue(&self, event: &Event) -> Result<Delivery, SendError> {
        self.enqueue_record(&event_schema::record::encode(event)?.into())
    }

    /// Puts a record into the producer's queue that is encoded already.
    pub fn enqueue_record(&self, record: &RawRecord) -> Result<Delivery, SendError> {
        self.0.producer.enqueue(&self.topic_name(record.topic), record)
    }

    /// Writes an event and waits until the log has it.
    pub async fn send(&self, event: &Event) -> Result<RecordMetadata, SendError> {
        self.enqueue(event)?.await
    }

    /// How many partitions a topic has; asked once.
    pub async fn partitions(&self, topic: Topic) -> Result<i32, KafkaError> {
        let known = self.0.partitions.lock().unwrap_or_else(PoisonError::into_inner).get(&topic).copied();
        if let Some(known) = known {
            return Ok(known);
        }
        let (kafka, name) = (self.clone(), self.topic_name(topic));
        let ask = move || async move { kafka.ask(move |client| topics::partitions(client, &name)).await };
        let partitions = self.0.counts.get(topic, ask).await?;
        self.0.partitions.lock().unwrap_or_else(PoisonError::into_inner).insert(topic, partitions);
        Ok(partitions)
    }

    /// The partition that a key's records are in.
    pub async fn partition_for(&self, topic: Topic, key: &str) -> Result<i32, KafkaError> {
        Ok(partition_of(key, self.partitions(topic).await?))
    }

    /// The end of a partition, not older than this call. However many ask, the brokers are asked at most once per partition
    /// and 20 ms.
    pub async fn end_offset(&self, topic: Topic, partition: i32) -> Result<i64, KafkaError> {
        let kafka = self.clone();
        let ask = move || async move { Ok(kafka.watermarks(topic, partition).await?.1) };
        self.0.ends.get((topic, partition), ask).await
    }

    /// The beginning and the end of a partition, asked now.
    pub async fn watermarks(&self, topic: Topic, partition: i32) -> Result<(i64, i64), KafkaError> {
        let name = self.topic_name(topic);
        self.ask(move |client| Ok(client.fetch_watermarks(&name, partition, QUESTION)?)).await
    }

    /// Whether records follow at or after an offset. Costs a client of its own where the partition does not end there: to be
    /// asked when nothing has come for a while.
    pub async fn next_record(&self, topic: Topic, partition: i32, from: i64) -> Result<NextRecord, KafkaError> {
        let end = self.end_offset(topic, partition).await?;
        if end <= from {
            return Ok(NextRecord { record: None, end });
        }
        let (config, name) = (self.consumer_config("chatlog-probe"), self.topic_name(topic));
        let looked = tokio::task::spawn_blocking(move || probe::first_record(config, &name, partition, from));
        let record = looked.await.unwrap_or(Err(KafkaError::Client(rdkafka::error::KafkaError::Canceled)))?;
        Ok(NextRecord { record, end })
    }

    /// What a consumer of the log is configured with: nothing committed by itself, no offset guessed.
    #[must_use]
    pub fn consumer_config(&self, group: &str) -> ClientConfig {
        config::consumer(&self.0.settings, group)
    }

    /// The id of the log, from `chat.config`; `None` before `chatlog topics apply`.
    pub async fn log_id(&self) -> Result<Option<LogId>, KafkaError> {
        topics::log_id(&self.0.settings).await
    }

    /// Waits until everything that was enqueued is in the log or given up.
    pub async fn flush(&self, within: Duration) {
        let kafka = self.clone();
        let flushed = tokio::task::spawn_blocking(move || kafka.0.producer.flush(within));
        if !matches!(flushed.await, Ok(Ok(()))) {
            tracing::warn!("records still in flight when the process ended");
        }
    }

    /// The client blocks while it asks: never on an async thread.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&producer::Client) -> Result<T, KafkaError> + Send + 'static,
    ) -> Result<T, KafkaError> {
        let kafka = self.clone();
        let asked = tokio::task::spawn_blocking(move || kafka.0.producer.with_client(question)).await;
        asked.unwrap_or_else(|_| Err(KafkaError::Client(rdkafka::error::KafkaError::Canceled)))
    }
}
