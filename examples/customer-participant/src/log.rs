//! Reading `chat.users` as a consumer group, writing to `chat.registrations`.

use std::fmt::Display;
use std::time::Duration;

use anyhow::{Result, bail};
use event_schema::record::{self, DecodeError};
use event_schema::{Event, Topic};
use rdkafka::consumer::{CommitMode, Consumer as _, StreamConsumer};
use rdkafka::message::{BorrowedMessage, Header, Headers as _, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::{ClientConfig, Message as _};

/// Between two tries while the brokers are away.
const AGAIN: Duration = Duration::from_millis(500);

pub struct Log {
    consumer: StreamConsumer,
    producer: FutureProducer,
    users: String,
    registrations: String,
}

/// A record that was read.
pub struct Read {
    /// What is to be committed once it is done.
    pub place: TopicPartitionList,
    /// What it says, where it can be read.
    pub event: Option<Event>,
}

impl Log {
    /// Joins the group. Every instance gets some partitions; the records of one person are in one of them, in order.
    pub fn connect(brokers: &str, prefix: &str) -> Result<Self> {
        let users = format!("{prefix}{}", Topic::Users.name());
        let consumer: StreamConsumer = ClientConfig::new()
            .set("bootstrap.servers", brokers)
            .set("group.id", format!("{prefix}customer-participant"))
            // Behind a record only once its effect and its answer are safe.
            .set("enable.auto.commit", "false")
            // A new participant begins with the beginning: what is registered already is not asked again, and done twice
            // nothing is.
            .set("auto.offset.reset", "earliest")
            // One that was killed is missed soon: its partitions must not wait as long as a sign-up may take.
            .set("session.timeout.ms", "6000")
            .set("heartbeat.interval.ms", "1000")
            .create()?;
        consumer.subscribe(&[&users])?;
        let producer = ClientConfig::new()
            .set("bootstrap.servers", brokers)
            .set("acks", "all")
            .set("enable.idempotence", "true")
            // As Java places keys, and everybody else who writes here.
            .set("partitioner", "murmur2_random")
            .create()?;
        Ok(Self { consumer, producer, users, registrations: format!("{prefix}{}", Topic::Registrations.name()) })
    }

    /// The next record. An event of a later version ends the program: what is skipped today would be missing for ever.
    pub async fn next(&self) -> Result<Read> {
        loop {
            let message = match self.consumer.recv().await {
                Ok(message) => message,
                Err(error) => {
                    complain(format_args!("the log: {error}; trying again"));
                    tokio::time::sleep(AGAIN).await;
                    continue;
                }
            };
            let mut place = TopicPartitionList::new();
            place.add_partition_offset(&self.users, message.partition(), Offset::Offset(message.offset() + 1))?;
            let event = match decode(&message) {
                Ok(event) => Some(event),
                Err(error @ DecodeError::Malformed { .. }) => {
                    complain(format_args!("a record is passed over: {error}"));
                    None
                }
                Err(error) => bail!("{error}: upgrade this program"),
            };
            return Ok(Read { place, event });
        }
    }

    /// Says something, and returns once the log has it.
    pub async fn say(&self, event: &Event) -> Result<()> {
        let record = record::encode(event)?;
        let headers = record
            .headers
            .iter()
            .fold(OwnedHeaders::new(), |headers, (key, value)| headers.insert(Header { key, value: Some(value) }));
        loop {
            let to_send =
                FutureRecord::to(&self.registrations).key(&record.key).payload(&record.value).headers(headers.clone());
            match self.producer.send(to_send, AGAIN).await {
                Ok(_) => return Ok(()),
                Err((error, _)) => complain(format_args!("the log: {error}; trying again")),
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// A record is done. If this is lost it is done again, which changes nothing.
    pub fn pass(&self, place: &TopicPartitionList) -> Result<()> {
        Ok(self.consumer.commit(place, CommitMode::Async)?)
    }
}

fn decode(message: &BorrowedMessage<'_>) -> Result<Event, DecodeError> {
    let headers = message.headers();
    let headers = headers.into_iter().flat_map(|headers| headers.iter()).map(|header| (header.key, header.value));
    record::decode(Topic::Users, message.key(), headers, message.payload())
}

/// A line for whoever runs this.
#[expect(clippy::print_stderr, reason = "a small program without a log of its own")]
pub fn complain(what: impl Display) {
    eprintln!("customer-participant: {what}");
}
