//! The log as any consumer reads it, and as a faulty participant writes it.

use std::time::Duration;

use api_kit::ApiContext;
use event_schema::Topic;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::Headers as _;
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::{ClientConfig, Message as _, Offset, TopicPartitionList};

/// Types of a key's records, without `chat.…` and version, in their order.
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
        let mut types = Vec::new();
        let mut next = 0;
        while next < end {
            let Some(message) = consumer.poll(Duration::from_secs(10)) else { panic!("nothing comes") };
            let message = message.expect("a record");
            next = message.offset() + 1;
            if message.key() != Some(key.as_bytes()) {
                continue;
            }
            let headers = message.headers().expect("headers");
            let header = headers.iter().find(|header| header.key == "ce_type").expect("a type");
            let name = std::str::from_utf8(header.value.expect("a value")).expect("text");
            types.push(name.split('.').nth(2).expect("a word").to_owned());
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
