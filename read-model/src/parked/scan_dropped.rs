//! Scans the log ahead of a fold for `chat.room.event_dropped`, where no generation has been yet. Ordinarily that is a short
//! range; after the tables were lost, it is the whole log.

use std::time::{Duration, Instant};

use event_schema::envelope::header;
use event_schema::{EventId, EventType, Topic};
use platform::Kafka;
use platform::kafka::{self, KafkaError, Quiet};
use rdkafka::Message as _;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError as ClientError;
use rdkafka::message::BorrowedMessage;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{dropped_by, store};
use crate::Partition;

const LOOK: Duration = Duration::from_millis(100);
const SILENCE: Duration = Duration::from_secs(10);

/// Why the log was not scanned to the end.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// Asked to end.
    #[error("interrupted")]
    Interrupted,
    /// The brokers refuse.
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    /// They do not answer.
    #[error("Kafka has been silent for {} s at {place} offset {offset}", SILENCE.as_secs())]
    Silent {
        /// Topic and partition.
        place: String,
        /// The next offset.
        offset: i64,
    },
    /// What was found cannot be remembered.
    #[error("Postgres: {0}")]
    Postgres(#[from] sqlx::Error),
}

impl From<rdkafka::error::KafkaError> for ScanError {
    fn from(error: rdkafka::error::KafkaError) -> Self {
        Self::Kafka(error.into())
    }
}

/// Remembers what the log gives up between where the furthest generation is and an offset.
pub async fn catch_up(
    pool: &PgPool,
    kafka: &Kafka,
    partition: Partition,
    to: i64,
    stop: &CancellationToken,
) -> Result<(), ScanError> {
    // No connection is held while the log is read.
    let from = furthest(pool, partition).await?;
    if from >= to {
        return Ok(());
    }
    let (kafka, stop) = (kafka.clone(), stop.clone());
    let found = tokio::task::spawn_blocking(move || scan(&kafka, partition, from, to, &stop));
    let found = found.await.unwrap_or(Err(ScanError::Interrupted))?;
    Ok(remember(pool, partition, &found).await?)
}

async fn furthest(pool: &PgPool, partition: Partition) -> sqlx::Result<i64> {
    store::furthest(&mut *pool.acquire().await?, partition).await
}

async fn remember(pool: &PgPool, partition: Partition, words: &[DroppedAt]) -> sqlx::Result<()> {
    for (key, event_id, at) in words {
        store::remember(&mut *pool.acquire().await?, partition, *key, *event_id, Some(*at)).await?;
    }
    Ok(())
}

/// Whether the log gives anything up in this topic.
#[must_use]
pub fn is_scanned(topic: Topic) -> bool {
    topic == Topic::Rooms
}

/// An event given up, and where the log says so.
pub type DroppedAt = (Uuid, EventId, i64);

/// What a stretch of the log gives up, and where; blocks.
pub fn scan(
    kafka: &Kafka,
    partition: Partition,
    from: i64,
    to: i64,
    stop: &CancellationToken,
) -> Result<Vec<DroppedAt>, ScanError> {
    let mut config = kafka.consumer_config("chatlog-parked");
    config
        .set("queued.min.messages", "50000")
        .set("queued.max.messages.kbytes", "16384")
        .set("enable.partition.eof", "true");
    let consumer: BaseConsumer<Quiet> = config.create_with_context(Quiet)?;
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(&kafka.topic_name(partition.topic), partition.number, Offset::Offset(from))?;
    consumer.assign(&list)?;
    let (mut next, mut found, mut heard) = (from, Vec::new(), Instant::now());
    while next < to {
        if stop.is_cancelled() {
            return Err(ScanError::Interrupted);
        }
        match consumer.poll(LOOK) {
            Some(Ok(message)) => {
                heard = Instant::now();
                next = message.offset() + 1;
                if next <= to && is_event_dropped(&message) {
                    let event = kafka::read(partition.topic, &message).ok();
                    let word = event.as_ref().and_then(dropped_by);
                    found.extend(word.map(|(key, event_id)| (key, event_id, message.offset())));
                }
            }
            // Behind the last record there may be offsets without one.
            Some(Err(ClientError::PartitionEOF(_))) => return Ok(found),
            // What is missing stops whoever folds it.
            Some(Err(error)) if kafka::is_out_of_range(&error) => return Ok(found),
            Some(Err(error)) => tracing::debug!(%partition, %error, "looking ahead"),
            None if heard.elapsed() > SILENCE => {
                return Err(ScanError::Silent { place: partition.to_string(), offset: next });
            }
            None => {}
        }
    }
    Ok(found)
}

/// By its header alone: few records are read as a whole.
fn is_event_dropped(message: &BorrowedMessage<'_>) -> bool {
    kafka::header_of(message, header::TYPE) == Some(EventType::EventDropped.name().as_bytes())
}
