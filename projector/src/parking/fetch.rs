//! Parked events, read from the log again by their offsets.

use std::time::{Duration, Instant};

use event_schema::Event;
use platform::Kafka;
use platform::kafka::is_out_of_range;
use platform::kafka::{self, Quiet};
use rdkafka::Message as _;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::BorrowedMessage;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use read_model::Partition;
use read_model::parked::store::ParkedAddress;

use crate::halt::HaltReason;

/// Read at a time: memory is bounded.
const MOST_BYTES: usize = 8 * 1024 * 1024;
/// So many other records are read over; with more between, the reading is moved.
const NEAR: i64 = 500;
const LOOK: Duration = Duration::from_millis(100);
/// Brokers that say nothing for so long are asked again later.
const SILENCE: Duration = Duration::from_secs(4);

/// Why parked events were not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    /// Trying again may help.
    #[error("Kafka: {0}")]
    Kafka(#[from] KafkaError),
    /// Trying again may help.
    #[error("Kafka says nothing")]
    Silent,
    #[error("{0}")]
    Record(HaltReason),
}

/// Reads a partition outside of every group. Everything blocks.
pub(super) struct Fetcher {
    consumer: BaseConsumer<Quiet>,
    topic: String,
    partition: Partition,
    /// The next offset that the client reads.
    next: Option<i64>,
}

impl Fetcher {
    pub(super) fn new(kafka: &Kafka, partition: Partition) -> Result<Self, KafkaError> {
        let mut config = kafka.consumer_config("chatlog-parked");
        config.set("queued.min.messages", "1000").set("queued.max.messages.kbytes", "8192");
        let consumer = config.create_with_context(Quiet)?;
        Ok(Self { consumer, topic: kafka.topic_name(partition.topic), partition, next: None })
    }

    /// The events at these places, which ascend; at least the first, as many as memory allows.
    pub(super) fn read(&mut self, places: &[ParkedAddress]) -> Result<Vec<(i64, Event)>, FetchError> {
        let (mut events, mut bytes) = (Vec::with_capacity(places.len()), 0);
        for place in places {
            let (event, size) = self.record(*place)?;
            bytes += size;
            events.push((place.offset, event));
            if bytes >= MOST_BYTES {
                break;
            }
        }
        Ok(events)
    }

    fn record(&mut self, place: ParkedAddress) -> Result<(Event, usize), FetchError> {
        if !self.next.is_some_and(|next| (next..next + NEAR).contains(&place.offset)) {
            let mut list = TopicPartitionList::new();
            list.add_partition_offset(&self.topic, self.partition.number, Offset::Offset(place.offset))?;
            self.consumer.assign(&list)?;
        }
        // Until it is read, nothing is known of where the client is.
        self.next = None;
        let began = Instant::now();
        while began.elapsed() < SILENCE {
            let message = match self.consumer.poll(LOOK) {
                None => continue,
                Some(Err(error)) if is_out_of_range(&error) => return Err(gone(self.partition, place)),
                Some(Err(error)) => {
                    tracing::debug!(partition = %self.partition, %error, "reading parked events");
                    continue;
                }
                Some(Ok(message)) if message.offset() < place.offset => continue,
                Some(Ok(message)) => message,
            };
            if message.offset() > place.offset {
                return Err(gone(self.partition, place));
            }
            let read = decode(self.partition, place, &message).map_err(FetchError::Record)?;
            self.next = Some(place.offset + 1);
            return Ok((read, message.payload_len()));
        }
        Err(FetchError::Silent)
    }
}

fn gone(partition: Partition, place: ParkedAddress) -> FetchError {
    tracing::error!(%partition, offset = place.offset, "parked event missing from the log");
    FetchError::Record(HaltReason::Gone { at: place.offset })
}

fn decode(partition: Partition, place: ParkedAddress, message: &BorrowedMessage<'_>) -> Result<Event, HaltReason> {
    if kafka::id_of(message) != Some(place.event_id) {
        return Err(HaltReason::Replaced { at: place.offset, expected: place.event_id });
    }
    kafka::read(partition.topic, message).map_err(HaltReason::of_decoding)
}
