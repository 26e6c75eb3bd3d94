//! The log as a consumer reads it.

use std::time::Duration;

use event_schema::{Event, Topic, record};
use platform::Platform;
use platform::kafka::Quiet;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::Headers as _;
use rdkafka::{Message as _, Offset, TopicPartitionList};

/// Everything that stands in a topic now, in the order of partitions and offsets.
pub async fn events(platform: &Platform, topic: Topic) -> Vec<Event> {
    let kafka = platform.kafka.clone();
    let mut left = 0;
    let mut list = TopicPartitionList::new();
    for partition in 0..kafka.partitions(topic).await.expect("partitions") {
        let (low, high) = kafka.watermarks(topic, partition).await.expect("watermarks");
        left += high - low;
        list.add_partition_offset(&kafka.topic_name(topic), partition, Offset::Beginning).expect("a place");
    }
    let read = tokio::task::spawn_blocking(move || {
        let consumer: BaseConsumer<Quiet> =
            kafka.consumer_config("test").create_with_context(Quiet).expect("a consumer");
        consumer.assign(&list).expect("assigned");
        let mut events = Vec::new();
        while left > 0 {
            let Some(message) = consumer.poll(Duration::from_secs(10)) else { panic!("{left} records do not come") };
            let message = message.expect("a record");
            let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
            let headers = headers.map(|header| (header.key, header.value));
            events.push(record::decode(topic, message.key(), headers, message.payload()).expect("an event"));
            left -= 1;
        }
        events
    });
    read.await.expect("read")
}
