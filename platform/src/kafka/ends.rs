//! Ends of partitions, asked for by many at once: one question per partition and 20 ms answers everybody who came before
//! it was asked. An older answer would not do: "create a room, post at once" must see the room's own record.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use event_schema::Topic;
use tokio::sync::{Mutex as AsyncMutex, oneshot};
use tokio::time::Instant;

use super::{Kafka, KafkaError};

const APART: Duration = Duration::from_millis(20);

type Answer = Result<i64, KafkaError>;

#[derive(Default)]
pub(super) struct Ends(Mutex<HashMap<(Topic, i32), Arc<Partition>>>);

#[derive(Default)]
struct Partition {
    waiting: Mutex<Vec<oneshot::Sender<Answer>>>,
    last_asked: AsyncMutex<Option<Instant>>,
}

impl Ends {
    pub(super) async fn get(&self, kafka: &Kafka, topic: Topic, partition: i32) -> Answer {
        let place = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry((topic, partition)).or_default())
        };
        let (sender, receiver) = oneshot::channel();
        let first = {
            let mut waiting = place.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.push(sender);
            waiting.len() == 1
        };
        if first {
            // A task of its own: the others must get their answer even when the first goes away.
            tokio::spawn(ask(kafka.clone(), place, topic, partition));
        }
        receiver.await.unwrap_or(Err(KafkaError::Client(rdkafka::error::KafkaError::Canceled)))
    }
}

async fn ask(kafka: Kafka, place: Arc<Partition>, topic: Topic, partition: i32) {
    // One question at a time, and not sooner than 20 ms after the last.
    let mut last_asked = place.last_asked.lock().await;
    if let Some(last) = *last_asked {
        tokio::time::sleep_until(last + APART).await;
    }
    *last_asked = Some(Instant::now());
    let waiting = std::mem::take(&mut *place.waiting.lock().unwrap_or_else(PoisonError::into_inner));
    metrics::counter!("kafka_end_offset_questions_total").increment(1);
    let answer = kafka.watermarks(topic, partition).await.map(|(_, end)| end);
    drop(last_asked);
    for sender in waiting {
        let _ = sender.send(answer.clone());
    }
}
