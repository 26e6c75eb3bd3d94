//! Reading partitions of the log from given offsets, each by a queue of its own.
//!
//! The client is a member of no consumer group: who folds a partition is settled by leases, and from where by checkpoints, both
//! in Postgres (ADR 0015). So a broker that freezes, dies or changes coordinators moves nothing, and there is no state of a
//! group that could be lost. Offsets are committed under the group's name for lag tools; nothing reads them back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use platform::Kafka;
use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::stream_consumer::StreamPartitionQueue;
use rdkafka::consumer::{CommitMode, Consumer as _, ConsumerContext, StreamConsumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use read_model::Partition;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// The records of one partition.
pub(crate) type Records = Arc<StreamPartitionQueue<Context>>;

/// A wake-up that librdkafka gives only when a queue stops being empty can be missed; so queues are polled anyway.
pub(crate) const POLL: Duration = Duration::from_millis(500);

/// How long closing the client may take.
const CLOSE: Duration = Duration::from_secs(3);
/// How long moving to another offset may take.
const SEEK: Duration = Duration::from_secs(5);

/// Something is wrong with the client; `fatal` means that only a new one helps.
#[derive(Debug)]
pub(crate) struct Trouble {
    pub(crate) error: KafkaError,
    pub(crate) fatal: bool,
}

#[derive(Default)]
pub(crate) struct Context {
    /// Offsets are on their way to the brokers.
    committing: Arc<AtomicBool>,
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical | RDKafkaLogLevel::Error => {
                tracing::warn!(facility, "consumer: {message}");
            }
            RDKafkaLogLevel::Warning | RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => {
                tracing::info!(facility, "consumer: {message}");
            }
            RDKafkaLogLevel::Debug => tracing::debug!(facility, "consumer: {message}"),
        }
    }

    /// Errors also come as results of polling, where they are handled.
    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, "consumer: {reason}");
    }
}

impl ConsumerContext for Context {
    fn commit_callback(&self, result: KafkaResult<()>, _: &TopicPartitionList) {
        self.committing.store(false, Ordering::Release);
        if let Err(error) = result {
            tracing::debug!(%error, "offsets for lag tools were not committed");
        }
    }
}

/// A client that reads partitions.
pub(crate) struct LogConsumer {
    kafka: Kafka,
    poller: JoinHandle<()>,
    committing: Arc<AtomicBool>,
    consumer: Arc<StreamConsumer<Context>>,
}

impl LogConsumer {
    /// A client that reads nothing yet, and what it says of itself.
    pub(crate) fn connect(kafka: &Kafka, group: &str) -> KafkaResult<(Self, mpsc::UnboundedReceiver<Trouble>)> {
        let mut config = kafka.consumer_config(group);
        config
            .set("auto.offset.reset", "error")
            // Says when a partition is read to its end.
            .set("enable.partition.eof", "true")
            // A full queue is looked at again soon: with the default of a second, replays would stutter.
            .set("fetch.queue.backoff.ms", "20");
        let context = Context::default();
        let committing = Arc::clone(&context.committing);
        let consumer: Arc<StreamConsumer<Context>> = Arc::new(config.create_with_context(context)?);
        let (sender, troubles) = mpsc::unbounded_channel();
        let poller = tokio::spawn(poll(Arc::clone(&consumer), sender));
        Ok((Self { kafka: kafka.clone(), poller, committing, consumer }, troubles))
    }

    /// What reads one partition. `None` if the client refuses it.
    pub(crate) fn partition(&self, partition: Partition) -> Option<PartitionReader> {
        let topic = self.kafka.topic_name(partition.topic);
        let records = Arc::new(self.consumer.split_partition_queue(&topic, partition.number)?);
        Some(PartitionReader { topic, number: partition.number, consumer: Arc::clone(&self.consumer), records })
    }

    /// No more records of a partition. To be called when its reader is gone.
    pub(crate) async fn stop(&self, partition: Partition) {
        let (consumer, topic) = (Arc::clone(&self.consumer), self.kafka.topic_name(partition.topic));
        if let Err(error) = unassign(consumer, topic, partition.number).await {
            tracing::debug!(%partition, %error, "reading was not stopped");
        }
    }

    /// Says how far the checkpoints are, for lag tools. Best effort: nothing is said while the last word is on its way.
    pub(crate) fn commit_offsets(&self, reached: &[(Partition, i64)]) {
        if reached.is_empty() || self.committing.swap(true, Ordering::AcqRel) {
            return;
        }
        let mut list = TopicPartitionList::new();
        let listed = reached.iter().try_for_each(|(partition, offset)| {
            list.add_partition_offset(
                &self.kafka.topic_name(partition.topic),
                partition.number,
                Offset::Offset(*offset),
            )
        });
        if let Err(error) = listed.and_then(|()| self.consumer.commit(&list, CommitMode::Async)) {
            self.committing.store(false, Ordering::Release);
            tracing::debug!(%error, "offsets for lag tools were not committed");
        }
    }

    /// Ends the client, when all readers are gone.
    pub(crate) async fn close(self) {
        self.poller.abort();
        let _ = self.poller.await;
        let (done, closed) = tokio::sync::oneshot::channel();
        let consumer = self.consumer;
        // A thread of its own: dropping a consumer blocks, and a broker that is away must not keep the process.
        std::thread::spawn(move || {
            drop(consumer);
            let _ = done.send(());
        });
        if tokio::time::timeout(CLOSE, closed).await.is_err() {
            tracing::warn!("timed out closing the Kafka consumer");
        }
    }
}

/// Reads one partition.
pub(crate) struct PartitionReader {
    topic: String,
    number: i32,
    consumer: Arc<StreamConsumer<Context>>,
    records: Records,
}

impl PartitionReader {
    pub(crate) fn records(&self) -> Records {
        Arc::clone(&self.records)
    }

    /// After it, the next record is the one at the offset: of a partition that is read for the first time.
    pub(crate) async fn start(&self, offset: i64) -> KafkaResult<()> {
        let (consumer, topic, number) = (Arc::clone(&self.consumer), self.topic.clone(), self.number);
        blocking(move || {
            let mut list = TopicPartitionList::new();
            list.add_partition_offset(&topic, number, Offset::Offset(offset))?;
            consumer.incremental_assign(&list)
        })
        .await
    }

    /// The same of a partition that is read already.
    pub(crate) async fn seek(&self, offset: i64) -> KafkaResult<()> {
        let (consumer, topic, number) = (Arc::clone(&self.consumer), self.topic.clone(), self.number);
        let sought = blocking(move || consumer.seek(&topic, number, Offset::Offset(offset), SEEK)).await;
        if let Err(error) = sought {
            tracing::debug!(topic = self.topic, partition = self.number, %error, "seek failed; reading anew");
            unassign(Arc::clone(&self.consumer), self.topic.clone(), self.number).await?;
            self.start(offset).await?;
        }
        Ok(())
    }
}

async fn unassign(consumer: Arc<StreamConsumer<Context>>, topic: String, number: i32) -> KafkaResult<()> {
    blocking(move || {
        let mut list = TopicPartitionList::new();
        list.add_partition(&topic, number);
        consumer.incremental_unassign(&list)
    })
    .await
}

/// The client answers from a thread of its own, and the caller is blocked meanwhile.
async fn blocking<T: Send + 'static>(ask: impl FnOnce() -> KafkaResult<T> + Send + 'static) -> KafkaResult<T> {
    tokio::task::spawn_blocking(ask).await.unwrap_or(Err(KafkaError::Canceled))
}

/// Keeps librdkafka's callbacks going. Records come by their own queues, never here.
async fn poll(consumer: Arc<StreamConsumer<Context>>, troubles: mpsc::UnboundedSender<Trouble>) {
    loop {
        match tokio::time::timeout(POLL, consumer.recv()).await {
            Err(_) | Ok(Err(KafkaError::PartitionEOF(_))) => {}
            Ok(Ok(message)) => {
                use rdkafka::Message as _;
                let (topic, partition, offset) = (message.topic(), message.partition(), message.offset());
                tracing::error!(topic, partition, offset, "received a record outside its partition queue");
            }
            Ok(Err(error)) => {
                let fatal = matches!(error, KafkaError::MessageConsumptionFatal(_))
                    || error.rdkafka_error_code() == Some(RDKafkaErrorCode::Fatal);
                if troubles.send(Trouble { error, fatal }).is_err() {
                    return;
                }
            }
        }
    }
}
