//! Where the next record of a partition is.
//!
//! Offsets need not be dense: markers of transactions and records of aborted ones take offsets that no consumer is given.
//! So "the end" of a partition is not right behind its last record, and only a read tells whether records lie between.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::{ClientConfig, Message as _};

use super::{KafkaError, Quiet};

/// How long the brokers may take.
const ANSWER: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(100);

/// What lies behind an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextRecord {
    /// The offset of the first record; `None` if there is none.
    pub record: Option<i64>,
    /// The end of the partition before the look. Without a record nothing is missed by going on there.
    pub end: i64,
}

/// The offset of the first record at or after an offset. Blocks.
pub(super) fn first_record(
    mut config: ClientConfig,
    topic: &str,
    partition: i32,
    from: i64,
) -> Result<Option<i64>, KafkaError> {
    let config = config.set("enable.partition.eof", "true").set("auto.offset.reset", "error");
    let consumer: BaseConsumer<Quiet> = config.create_with_context(Quiet)?;
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, partition, Offset::Offset(from))?;
    consumer.assign(&list)?;
    let deadline = Instant::now() + ANSWER;
    while Instant::now() < deadline {
        match consumer.poll(POLL) {
            Some(Ok(message)) => return Ok(Some(message.offset())),
            Some(Err(ClientError::PartitionEOF(_))) => return Ok(None),
            // The client keeps trying.
            Some(Err(error)) => tracing::debug!(topic, partition, from, %error, "looking for a record"),
            None => {}
        }
    }
    Err(ClientError::Global(RDKafkaErrorCode::OperationTimedOut).into())
}
