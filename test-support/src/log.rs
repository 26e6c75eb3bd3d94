//! Reading the topics as any outsider does: a plain Kafka client, no group, from the first record to the last.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use event_schema::record::encode;
use event_schema::{Event, RoomId, Topic, record};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{Header, Headers as _, OwnedHeaders};
use rdkafka::metadata::MetadataPartition;
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::{ClientConfig, Message as _, Offset, TopicPartitionList};

use crate::events::room_event;
use crate::instance::Instance;
use crate::person::Room;

const PATIENCE: Duration = Duration::from_secs(30);

/// A record as it lies in Kafka.
#[derive(Clone, Debug)]
pub struct LogRecord {
    pub topic: Topic,
    pub partition: i32,
    pub offset: i64,
    pub key: String,
    /// Its headers, every name once.
    pub headers: BTreeMap<String, String>,
    pub value: Vec<u8>,
}

impl LogRecord {
    /// A header that must be there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no header {name} in {self:?}"))
    }

    /// The event, read by the platform's own decoder.
    pub fn event(&self) -> Event {
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), Some(value.as_bytes())));
        record::decode(self.topic, Some(self.key.as_bytes()), headers, Some(&self.value))
            .unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Everything that is in an instance's topics now, partition by partition in the order of the log.
pub async fn read(instance: &Instance) -> Vec<LogRecord> {
    let brokers = instance.brokers().to_owned();
    let topics = Topic::ALL.map(|topic| (topic, instance.topic(topic)));
    tokio::task::spawn_blocking(move || {
        let mut records = Vec::new();
        for (topic, name) in topics {
            read_topic(&brokers, topic, &name, &mut records);
        }
        records
    })
    .await
    .expect("the topics can be read")
}

fn read_topic(brokers: &str, topic: Topic, name: &str, records: &mut Vec<LogRecord>) {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        // The client library wants a group even where it is not used.
        .set("group.id", "an-outsider")
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "error")
        .create()
        .expect("a Kafka consumer");
    let metadata = consumer.fetch_metadata(Some(name), PATIENCE).expect("the topic's metadata");
    let partitions: Vec<i32> = metadata.topics()[0].partitions().iter().map(MetadataPartition::id).collect();
    let mut missing = BTreeMap::new();
    let mut from_the_start = TopicPartitionList::new();
    for partition in partitions {
        let (first, end) = consumer.fetch_watermarks(name, partition, PATIENCE).expect("the partition's ends");
        if end > first {
            missing.insert(partition, end);
            from_the_start.add_partition_offset(name, partition, Offset::Offset(first)).expect("a partition");
        }
    }
    consumer.assign(&from_the_start).expect("the partitions");
    let mut last = Instant::now();
    while !missing.is_empty() {
        assert!(last.elapsed() < PATIENCE, "{name}: nothing more comes, but {missing:?} are not reached");
        let Some(message) = consumer.poll(Duration::from_millis(100)) else { continue };
        let message = message.expect("a record");
        last = Instant::now();
        let (partition, offset) = (message.partition(), message.offset());
        let Some(end) = missing.get(&partition).copied() else { continue };
        if offset + 1 >= end {
            missing.remove(&partition);
        }
        if offset < end {
            records.push(record_of(topic, &message));
        }
    }
}

fn record_of(topic: Topic, message: &rdkafka::message::BorrowedMessage<'_>) -> LogRecord {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    let mut headers = BTreeMap::new();
    for header in message.headers().into_iter().flat_map(|headers| headers.iter()) {
        let before = headers.insert(header.key.to_owned(), text(header.value.unwrap_or_default()));
        assert_eq!(before, None, "the header {} occurs twice", header.key);
    }
    LogRecord {
        topic,
        partition: message.partition(),
        offset: message.offset(),
        key: text(message.key().unwrap_or_default()),
        headers,
        value: message.payload().unwrap_or_default().to_vec(),
    }
}

/// A record whose type this version does not know: its partition pauses.
pub async fn write_of_a_newer_version(instance: &Instance, room: &Room) {
    let producer: FutureProducer = ClientConfig::new()
        .set("bootstrap.servers", instance.brokers())
        .set("partitioner", "murmur2_random")
        .create()
        .expect("a producer");
    let mut headers = OwnedHeaders::new();
    for (key, value) in encode(&room_event(RoomId(room.id), "newer")).expect("a record").headers {
        let value = if key == "ce_type" { "chat.message.sung.v1" } else { value.as_str() };
        headers = headers.insert(Header { key, value: Some(value) });
    }
    let (topic, key) = (instance.topic(Topic::Rooms), room.id.to_string());
    let record = FutureRecord::to(&topic).key(&key).payload("{}").headers(headers);
    producer.send(record, PATIENCE).await.expect("written");
}
