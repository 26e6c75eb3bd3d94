//! The log as any consumer reads it, and as a faulty participant writes it.

use std::collections::HashSet;
use std::time::Duration;

use api_kit::ApiContext;
use event_schema::Topic;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::Headers as _;
use rdkafka::producer::{FutureProducer, FutureRecord, Producer as _};
use rdkafka::{ClientConfig, Message as _, Offset, TopicPartitionList};

/// Types of a key's events, without `chat.…` and version, in their order. An event that was sent again, as after a crash of
/// whoever sent it, counts once: it has the same id.
pub async fn types(platform: &ApiContext, topic: Topic, key: &str) -> Vec<String> {
    let partition = platform.kafka.partition_for(topic, key).await.expect("a partition");
    let (_, end) = platform.kafka.watermarks(topic, partition).await.expect("an end");
    let (name, config) = (platform.kafka.topic_name(topic), platform.kafka.consumer_config("test"));
    let key = key.to_owned();
    tokio::task::spawn_blocking(move || {
        let consumer: BaseConsumer = config.create().expect("a consumer");
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&name, partition, Offset::Beginning).expect("a partition");
        consumer.assign(&list).expect("assigned");
        let (mut types, mut seen) = (Vec::new(), HashSet::new());
        let mut next = 0;
        while next < end {
            let Some(message) = consumer.poll(Duration::from_secs(10)) else { panic!("nothing comes") };
            let message = message.expect("a record");
            next = message.offset() + 1;
            if message.key() != Some(key.as_bytes()) {
                continue;
            }
            let headers = message.headers().expect("headers");
            let text = |name| {
                let header = headers.iter().find(|header| header.key == name).expect("the header");
                std::str::from_utf8(header.value.expect("a value")).expect("text")
            };
            if seen.insert(text("ce_id").to_owned()) {
                types.push(text("ce_type").split('.').nth(2).expect("a word").to_owned());
            }
        }
        types
    })
    .await
    .expect("the log is read")
}

/// A record that is no event.
pub async fn write_nonsense(platform: &ApiContext, topic: Topic, key: &str) {
    let brokers = &platform.settings.kafka.brokers;
    let producer: FutureProducer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("partitioner", "murmur2_random")
        .create()
        .expect("a producer");
    let name = platform.kafka.topic_name(topic);
    let record = FutureRecord::to(&name).key(key).payload("nonsense");
    producer.send(record, Duration::from_secs(10)).await.expect("written");
}

/// What a participant with transactions leaves behind that gives up: records that no consumer is given, and a marker.
pub async fn abort_transaction(platform: &ApiContext, topic: Topic, keys: &[String]) {
    let limit = Duration::from_secs(10);
    let name = platform.kafka.topic_name(topic);
    let producer: FutureProducer = ClientConfig::new()
        .set("bootstrap.servers", &platform.settings.kafka.brokers)
        .set("partitioner", "murmur2_random")
        .set("transactional.id", &name)
        .create()
        .expect("a producer");
    let beginning = producer.clone();
    let begun = move || beginning.init_transactions(limit).and_then(|()| beginning.begin_transaction());
    tokio::task::spawn_blocking(begun).await.expect("no panic").expect("begun");
    for key in keys {
        producer.send(FutureRecord::to(&name).key(key).payload("never"), limit).await.expect("written");
    }
    tokio::task::spawn_blocking(move || producer.abort_transaction(limit)).await.expect("no panic").expect("aborted");
}
