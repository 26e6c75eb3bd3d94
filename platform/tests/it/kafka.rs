//! The log: places, order, ends, topics.

use std::time::Duration;

use event_schema::{Topic, limits, record};
use platform::kafka::{KafkaError, TopicAction, apply_topics};
use platform::{Kafka, SendError, telemetry};
use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{Headers as _, Message as _};
use rdkafka::{Offset, TopicPartitionList};
use test_support::TestPlatform;
use test_support::events::{new_room, room_event};

#[tokio::test]
async fn keys_are_placed_where_java_would_place_them() {
    let test = TestPlatform::start().await.expect("servers");
    let kafka = &test.platform.kafka;
    let rooms: Vec<_> = (0..200).map(|_| new_room()).collect();
    let deliveries: Vec<_> =
        rooms.iter().map(|room| kafka.enqueue(&room_event(*room, "x")).expect("enqueued")).collect();
    let mut seen = [0; 2];
    for (room, delivery) in rooms.iter().zip(deliveries) {
        let placed = delivery.await.expect("in the log");
        let computed = kafka.partition_for(Topic::Rooms, &room.to_string()).await.expect("partitions");
        assert_eq!(placed.partition, computed, "{room}");
        seen[usize::try_from(placed.partition).expect("a partition")] += 1;
    }
    assert!(seen.iter().all(|count| *count > 50), "{seen:?}");
    test.finish().await;
}

#[tokio::test]
async fn events_of_a_room_keep_the_order_of_the_calls() {
    let test = TestPlatform::start().await.expect("servers");
    let kafka = &test.platform.kafka;
    let room = new_room();
    let enqueue = |n: i32| kafka.enqueue(&room_event(room, &n.to_string())).expect("enqueued");
    let deliveries: Vec<_> = (0..1000).map(enqueue).collect();
    let mut offsets = Vec::new();
    for delivery in deliveries {
        offsets.push(delivery.await.expect("in the log").offset);
    }
    assert_eq!(offsets, (0..1000).collect::<Vec<i64>>());
    test.finish().await;
}

#[tokio::test]
async fn an_end_includes_what_was_acked_before() {
    let test = TestPlatform::start().await.expect("servers");
    let kafka = &test.platform.kafka;
    let room = new_room();
    for _ in 0..20 {
        let placed = kafka.send(&room_event(room, "x")).await.expect("in the log");
        let end = kafka.end_offset(placed.topic, placed.partition).await.expect("an end");
        assert_eq!(end, placed.offset + 1);
    }
    test.finish().await;
}

#[tokio::test]
async fn an_event_is_read_back_as_it_was_written() {
    let test = TestPlatform::start().await.expect("servers");
    let kafka = &test.platform.kafka;
    let mut written = room_event(new_room(), "a name");
    written.envelope.traceparent = Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned());
    let placed = kafka.send(&written).await.expect("in the log");
    let consumer: BaseConsumer = kafka.consumer_config("test").create().expect("a consumer");
    let mut from = TopicPartitionList::new();
    from.add_partition_offset(&kafka.topic_name(placed.topic), placed.partition, Offset::Offset(placed.offset))
        .expect("a place");
    consumer.assign(&from).expect("assigned");
    let message = consumer.poll(Duration::from_secs(10)).expect("in time").expect("a record").detach();
    let headers = message.headers().expect("headers").iter().map(|header| (header.key, header.value));
    let read = record::decode(Topic::Rooms, message.key(), headers, message.payload()).expect("decoded");
    assert_eq!(read, written);
    assert!(message.headers().expect("headers").iter().any(|header| header.key == telemetry::TRACEPARENT));
    assert_eq!(kafka.topic_of(message.topic()), Some(Topic::Rooms));
    assert_eq!(kafka.topic_of("chat.rooms"), None, "another prefix");
    drop(consumer);
    test.finish().await;
}

#[tokio::test]
async fn what_is_too_large_is_told_so() {
    let test = TestPlatform::start().await.expect("servers");
    let name = "x".repeat(limits::VALUE_BYTES + 1);
    let told = test.platform.kafka.send(&room_event(new_room(), &name)).await;
    assert!(matches!(told, Err(SendError::TooLarge { bytes }) if bytes > limits::VALUE_BYTES), "{told:?}");
    test.finish().await;
}

#[tokio::test]
async fn topics_are_made_once_and_put_right_afterwards() {
    let test = TestPlatform::start().await.expect("servers");
    let settings = &test.settings.kafka;
    let again = apply_topics(settings, 2).await.expect("applied again");
    assert!(again.iter().all(|report| report.action == TopicAction::Unchanged), "{again:?}");
    let name = test.platform.kafka.topic_name(Topic::Users);
    set(&settings.brokers, &name, &[("retention.ms", "1000"), ("segment.ms", "600000")]).await;
    let repaired = apply_topics(settings, 2).await.expect("applied again");
    let users = repaired.iter().find(|report| report.topic == Topic::Users).expect("a report");
    assert_eq!(users.action, TopicAction::Configured);
    assert_eq!(get(&settings.brokers, &name, "retention.ms").await.as_deref(), Some("-1"));
    assert_eq!(get(&settings.brokers, &name, "segment.ms").await.as_deref(), Some("600000"), "set by hand, kept");
    let refused = apply_topics(settings, 3).await;
    assert!(matches!(refused, Err(KafkaError::Partitions { has: 2, wanted: 3, .. })), "{refused:?}");
    let id = Kafka::new(settings).expect("a client").log_id().await.expect("an answer");
    assert_eq!(id, Some(test.platform.log_id), "a log keeps its id");
    test.finish().await;
}

#[tokio::test]
async fn a_log_without_topics_says_what_to_do() {
    let test = TestPlatform::start().await.expect("servers");
    let mut settings = test.settings.kafka.clone();
    settings.topic_prefix = format!("{}other.", settings.topic_prefix);
    let kafka = Kafka::new(&settings).expect("a client");
    let told = kafka.log_id().await.expect_err("no topics").to_string();
    assert!(told.contains("chatlog topics apply"), "{told}");
    let sent = kafka.send(&room_event(new_room(), "x")).await;
    assert!(sent.is_err());
    test.finish().await;
}

fn admin(brokers: &str) -> AdminClient<DefaultClientContext> {
    rdkafka::ClientConfig::new().set("bootstrap.servers", brokers).create().expect("an admin client")
}

async fn set(brokers: &str, topic: &str, entries: &[(&str, &str)]) {
    let mut alter = AlterConfig::new(ResourceSpecifier::Topic(topic));
    for (name, value) in entries {
        alter = alter.set(name, value);
    }
    admin(brokers).alter_configs([&alter], &AdminOptions::new()).await.expect("altered");
}

async fn get(brokers: &str, topic: &str, name: &str) -> Option<String> {
    let described = admin(brokers).describe_configs([&ResourceSpecifier::Topic(topic)], &AdminOptions::new()).await;
    let described = described.expect("described").remove(0).expect("a topic");
    described.get(name)?.value.clone()
}
