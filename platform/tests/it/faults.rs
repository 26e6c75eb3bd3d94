//! Brokers that fail, played by librdkafka's own mock cluster: the client's side of it is the real one.

use std::time::Duration;

use event_schema::Topic;
use platform::settings::KafkaSettings;
use platform::{Kafka, SendError};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use test_support::events::{new_room, room_event};
use test_support::wait_for;

const TOPIC: &str = "chat.rooms";

fn cluster() -> MockCluster<'static, DefaultProducerContext> {
    let cluster = MockCluster::new(1).expect("a mock cluster");
    cluster.create_topic(TOPIC, 1, 1).expect("a topic");
    cluster
}

fn settings(cluster: &MockCluster<'_, DefaultProducerContext>, options: &[&str]) -> KafkaSettings {
    KafkaSettings {
        brokers: cluster.bootstrap_servers(),
        topic_prefix: String::new(),
        options: options.iter().map(|option| (*option).to_owned().into()).collect(),
        replication: -1,
    }
}

/// Ends by itself, long before librdkafka's own limit of five minutes.
async fn bounded<T>(question: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_mins(1), question).await.expect("every question is bounded")
}

#[tokio::test]
async fn a_broker_that_went_away_and_came_back_is_used_again() {
    let cluster = cluster();
    let kafka =
        Kafka::new(&settings(&cluster, &["delivery.timeout.ms=4000", "request.timeout.ms=1000"])).expect("a client");
    let room = new_room();
    kafka.send(&room_event(room, "before")).await.expect("in the log");
    cluster.broker_down(1).expect("down");
    let told = bounded(kafka.send(&room_event(room, "meanwhile"))).await;
    assert!(matches!(told, Err(SendError::Unknown(_))), "{told:?}");
    assert!(bounded(kafka.end_offset(Topic::Rooms, 0)).await.is_err());
    cluster.broker_up(1).expect("up");
    wait_for("records to be taken again", async || kafka.send(&room_event(room, "after")).await.ok()).await;
    kafka.end_offset(Topic::Rooms, 0).await.expect("an end");
}

#[tokio::test]
async fn a_full_queue_is_told_at_once() {
    let cluster = cluster();
    let options = ["queue.buffering.max.messages=10", "delivery.timeout.ms=4000", "request.timeout.ms=1000"];
    let kafka = Kafka::new(&settings(&cluster, &options)).expect("a client");
    kafka.send(&room_event(new_room(), "before")).await.expect("in the log");
    cluster.broker_down(1).expect("down");
    let mut accepted = Vec::new();
    let refused = loop {
        match kafka.enqueue(&room_event(new_room(), "x")) {
            Ok(delivery) => accepted.push(delivery),
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, SendError::Unavailable(_)), "{refused:?}");
    // The place of a record that is acknowledged is free a moment later than its sender hears of it.
    assert!(matches!(accepted.len(), 9 | 10), "{}", accepted.len());
    for delivery in accepted {
        assert!(matches!(delivery.await, Err(SendError::Unknown(_))));
    }
}

#[tokio::test]
async fn a_dead_producer_is_replaced() {
    let cluster = cluster();
    let kafka = Kafka::new(&settings(&cluster, &["delivery.timeout.ms=3000"])).expect("a client");
    let room = new_room();
    kafka.send(&room_event(room, "before")).await.expect("in the log");
    // For an idempotent producer a gap in its own numbers is the end.
    let gap = RDKafkaRespErr::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER;
    cluster.request_errors(RDKafkaApiKey::Produce, &[gap]);
    let told = kafka.send(&room_event(room, "lost")).await;
    assert!(matches!(told, Err(SendError::Unknown(_))), "{told:?}");
    wait_for("another producer to work", async || kafka.send(&room_event(room, "after")).await.ok()).await;
}
