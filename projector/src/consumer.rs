//! Membership in the consumer group: which partitions are ours, and their records.
//!
//! The group only spreads the work; what keeps a second owner out is the checkpoint's epoch. Rebalancing is *cooperative*:
//! only partitions that move stand still, so that a replica that joins, leaves or restarts does not stop the others'
//! rooms. librdkafka tells of a change by a callback on the thread that polls; the answer (assign, unassign) is given
//! later, when checkpoints have been read and work in flight is done. Until then the group waits for it.

use std::sync::Arc;
use std::time::Duration;

use platform::Kafka;
use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::stream_consumer::StreamPartitionQueue;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _, ConsumerContext, StreamConsumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaRespErr;
use read_model::Partition;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// The records of one partition.
pub(crate) type Records = Arc<StreamPartitionQueue<Context>>;

/// A wake-up that librdkafka gives only when a queue stops being empty can be missed; so queues are looked at anyway.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// How long leaving the group may take.
const LEAVE: Duration = Duration::from_secs(3);

/// What the group says.
#[derive(Debug)]
pub(crate) enum AssignmentChange {
    /// These are ours now; answer with [`Membership::assign`].
    Assigned(Vec<Partition>),
    /// These are no longer ours; answer with [`Membership::unassign`].
    Revoked(Vec<Partition>),
    /// Something is wrong; `fatal` means that only a new member helps.
    Trouble { error: KafkaError, fatal: bool },
}

pub(crate) struct Context {
    kafka: Kafka,
    changes: mpsc::UnboundedSender<AssignmentChange>,
}

impl Context {
    fn partitions(&self, list: &TopicPartitionList) -> Vec<Partition> {
        let known = |element: rdkafka::topic_partition_list::TopicPartitionListElem<'_>| {
            Some(Partition { topic: self.kafka.topic_of(element.topic())?, number: element.partition() })
        };
        list.elements().into_iter().filter_map(known).collect()
    }
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
    fn rebalance(&self, consumer: &BaseConsumer<Self>, code: RDKafkaRespErr, list: &mut TopicPartitionList) {
        let partitions = self.partitions(list);
        let assigned = code == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        let change =
            if assigned { AssignmentChange::Assigned(partitions) } else { AssignmentChange::Revoked(partitions) };
        if self.changes.send(change).is_ok() {
            return;
        }
        // Nobody is there any more: the consumer is being dropped, which ends when everything is unassigned.
        let answered = if assigned { consumer.unassign() } else { consumer.incremental_unassign(list) };
        if let Err(error) = answered {
            tracing::debug!(%error, "leaving the group");
        }
    }

    fn commit_callback(&self, result: KafkaResult<()>, _: &TopicPartitionList) {
        if let Err(error) = result {
            tracing::debug!(%error, "offsets for lag tools were not committed");
        }
    }
}

/// A member of the group. Dropping it leaves the group.
pub(crate) struct Membership {
    kafka: Kafka,
    changes: mpsc::UnboundedReceiver<AssignmentChange>,
    /// A change that was taken from the channel and not answered yet.
    unanswered: Option<AssignmentChange>,
    poller: JoinHandle<()>,
    consumer: Option<Arc<StreamConsumer<Context>>>,
}

impl Membership {
    /// Joins the group and subscribes.
    pub(crate) fn join(kafka: &Kafka, group: &str, topics: &[event_schema::Topic]) -> KafkaResult<Self> {
        let (sender, changes) = mpsc::unbounded_channel();
        let mut config = kafka.consumer_config(group);
        config
            .set("auto.offset.reset", "error")
            .set("partition.assignment.strategy", "cooperative-sticky")
            // A full queue is looked at again soon: with the default of a second, replays would stutter.
            .set("fetch.queue.backoff.ms", "20");
        let context = Context { kafka: kafka.clone(), changes: sender.clone() };
        let consumer: Arc<StreamConsumer<Context>> = Arc::new(config.create_with_context(context)?);
        let names: Vec<String> = topics.iter().map(|topic| kafka.topic_name(*topic)).collect();
        consumer.subscribe(&names.iter().map(String::as_str).collect::<Vec<_>>())?;
        let poller = tokio::spawn(poll(Arc::clone(&consumer), sender));
        Ok(Self { kafka: kafka.clone(), changes, unanswered: None, poller, consumer: Some(consumer) })
    }

    /// What the group says next. An assignment or revocation must be answered before the next call.
    pub(crate) async fn changed(&mut self) -> AssignmentChange {
        match self.changes.recv().await {
            Some(AssignmentChange::Assigned(partitions)) => {
                self.unanswered = Some(AssignmentChange::Assigned(partitions.clone()));
                AssignmentChange::Assigned(partitions)
            }
            Some(AssignmentChange::Revoked(partitions)) => {
                self.unanswered = Some(AssignmentChange::Revoked(partitions.clone()));
                AssignmentChange::Revoked(partitions)
            }
            Some(trouble) => trouble,
            // The poller holds the other end until this is dropped.
            None => std::future::pending().await,
        }
    }

    /// The records of a partition, apart from all others. To be called before [`Self::assign`].
    pub(crate) fn records(&self, partition: Partition) -> Option<Records> {
        let topic = self.kafka.topic_name(partition.topic);
        self.consumer.as_ref()?.split_partition_queue(&topic, partition.number).map(Arc::new)
    }

    /// Begins to read partitions, each from an offset.
    pub(crate) fn assign(&mut self, from: &[(Partition, i64)]) -> KafkaResult<()> {
        let list = self.list(from.iter().map(|(partition, offset)| (*partition, Offset::Offset(*offset))))?;
        self.answer(|consumer| consumer.incremental_assign(&list))
    }

    pub(crate) fn unassign(&mut self, partitions: &[Partition]) -> KafkaResult<()> {
        let list = self.list(partitions.iter().map(|partition| (*partition, Offset::Invalid)))?;
        self.answer(|consumer| consumer.incremental_unassign(&list))
    }

    /// Says to the group how far the checkpoints are, for lag tools; nothing reads it back. Best effort.
    pub(crate) fn commit_offsets(&self, reached: &[(Partition, i64)]) {
        let told = self
            .list(reached.iter().map(|(partition, offset)| (*partition, Offset::Offset(*offset))))
            .and_then(|list| self.consumer.as_ref().map_or(Ok(()), |it| it.commit(&list, CommitMode::Async)));
        if let Err(error) = told {
            tracing::debug!(%error, "offsets for lag tools were not committed");
        }
    }

    /// A handle to move partitions to other offsets.
    pub(crate) fn seeker(&self) -> Option<Seeker> {
        Some(Seeker { kafka: self.kafka.clone(), consumer: Arc::clone(self.consumer.as_ref()?) })
    }

    /// Leaves the group. All records and seekers must be gone, or it is left when the last of them is.
    pub(crate) async fn leave(mut self) {
        self.stop();
        let consumer = self.consumer.take();
        let _ = (&mut self.poller).await;
        let (done, left) = tokio::sync::oneshot::channel();
        // A thread of its own: dropping a consumer blocks, and a broker that is away must not keep the process.
        std::thread::spawn(move || {
            drop(consumer);
            let _ = done.send(());
        });
        if tokio::time::timeout(LEAVE, left).await.is_err() {
            tracing::warn!("timed out leaving the consumer group");
        }
    }

    fn list(&self, offsets: impl Iterator<Item = (Partition, Offset)>) -> KafkaResult<TopicPartitionList> {
        let mut list = TopicPartitionList::new();
        for (partition, offset) in offsets {
            list.add_partition_offset(&self.kafka.topic_name(partition.topic), partition.number, offset)?;
        }
        Ok(list)
    }

    fn answer(&mut self, answer: impl FnOnce(&StreamConsumer<Context>) -> KafkaResult<()>) -> KafkaResult<()> {
        self.unanswered = None;
        self.consumer.as_ref().map_or(Ok(()), |consumer| answer(consumer))
    }

    /// No more polling here; what was asked and not answered is answered, because a consumer that waits for an answer
    /// could not be dropped.
    fn stop(&mut self) {
        self.poller.abort();
        self.changes.close();
        while let Some(change) = self.unanswered.take().or_else(|| self.changes.try_recv().ok()) {
            let answered = match change {
                AssignmentChange::Assigned(partitions) => {
                    self.assign(&partitions.iter().map(|partition| (*partition, 0)).collect::<Vec<_>>())
                }
                AssignmentChange::Revoked(partitions) => self.unassign(&partitions),
                AssignmentChange::Trouble { .. } => Ok(()),
            };
            if let Err(error) = answered {
                tracing::debug!(%error, "leaving the group");
            }
        }
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Moves the reading of an assigned partition to another offset.
#[derive(Clone)]
pub(crate) struct Seeker {
    kafka: Kafka,
    consumer: Arc<StreamConsumer<Context>>,
}

impl Seeker {
    /// After it, the next record read is the one at the offset. Blocks at most a few seconds, on a thread of its own.
    pub(crate) async fn seek(&self, partition: Partition, offset: i64) -> KafkaResult<()> {
        let seeker = self.clone();
        let sought = tokio::task::spawn_blocking(move || {
            let topic = seeker.kafka.topic_name(partition.topic);
            seeker.consumer.seek(&topic, partition.number, Offset::Offset(offset), Duration::from_secs(5))
        });
        sought.await.unwrap_or(Err(KafkaError::Canceled))
    }
}

/// Keeps librdkafka's callbacks going. Records come by their own queues, never here.
async fn poll(consumer: Arc<StreamConsumer<Context>>, changes: mpsc::UnboundedSender<AssignmentChange>) {
    loop {
        match tokio::time::timeout(LOOK_AGAIN, consumer.recv()).await {
            Err(_) => {}
            Ok(Ok(message)) => {
                use rdkafka::Message as _;
                let (topic, partition, offset) = (message.topic(), message.partition(), message.offset());
                tracing::error!(topic, partition, offset, "received a record outside its partition queue");
            }
            Ok(Err(error)) => {
                let fatal = matches!(error, KafkaError::MessageConsumptionFatal(_))
                    || error.rdkafka_error_code() == Some(RDKafkaErrorCode::Fatal);
                if changes.send(AssignmentChange::Trouble { error, fatal }).is_err() {
                    return;
                }
            }
        }
    }
}
