//! What is written from now on, or from some place on, as it comes.
//!
//! Nothing is kept but where it stands: whoever takes the records slowly is behind in the log, which is the buffer.

use std::collections::BTreeMap;

use event_schema::Timestamp;
use rdkafka::consumer::{Consumer as _, StreamConsumer};
use rdkafka::error::KafkaError as ClientError;
use rdkafka::message::Message as _;
use rdkafka::{Offset, TopicPartitionList};

use super::places::{self, Place};
use super::{ExploreError, Filter, LogRecord, Order, Reader, cursor, millis};
use crate::kafka::{Kafka, KafkaError, Quiet};

/// Where a tail begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// With the first record there is.
    Beginning,
    /// With the next one written.
    End,
    /// With this one, of one partition.
    Offset(i64),
    /// With what was written then.
    Time(Timestamp),
    /// Where another tail of the same filter was ([`Tail::cursor`]).
    Cursor(String),
}

/// Records as they come.
pub struct Tail {
    consumer: Option<StreamConsumer<Quiet>>,
    kafka: Kafka,
    filter: Filter,
    /// The next offset of each place.
    next: BTreeMap<Place, i64>,
    /// Places whose end, as it was at the beginning, is not reached yet.
    unread: BTreeMap<Place, i64>,
}

impl Tail {
    /// Begins. Of the filter, what means a stretch (offsets, times) is not heeded.
    pub async fn open(kafka: &Kafka, filter: &Filter, start: Start) -> Result<Self, ExploreError> {
        let filter = Filter { offsets: None, from: None, to: None, ..filter.clone() };
        let places = filter.places(kafka).await?;
        if matches!(start, Start::Offset(_)) && places.len() > 1 {
            let why = "an offset is of one partition; name the topic, and the partition or a key".to_owned();
            return Err(ExploreError::Invalid { field: "offset", why });
        }
        let (asked, of, wanted) = (kafka.clone(), places.clone(), filter.clone());
        let begin = move || {
            let reader = Reader::new(&asked)?;
            let ends = reader.ends(&of)?;
            let starts = starts(&reader, &of, &wanted, &start)?;
            Ok::<_, ExploreError>((ends, starts))
        };
        let (ends, starts) = tokio::task::spawn_blocking(begin).await.map_err(|_| ExploreError::Interrupted)??;
        let mut tail =
            Self { consumer: None, kafka: kafka.clone(), filter, next: BTreeMap::new(), unread: BTreeMap::new() };
        for ((place, held), start) in places.into_iter().zip(ends).zip(starts) {
            // A log that is gone has other offsets.
            let start = start.unwrap_or(held.end);
            if !(held.start..=held.end).contains(&start) {
                let (topic, partition) = (place.0.name(), place.1);
                let why = format!("{topic}/{partition} holds the offsets {} to {}", held.start, held.end - 1);
                return Err(ExploreError::Invalid { field: "offset", why });
            }
            if start < held.end {
                tail.unread.insert(place, held.end);
            }
            tail.next.insert(place, start);
        }
        tail.listen()?;
        Ok(tail)
    }

    fn listen(&mut self) -> Result<(), KafkaError> {
        let mut config = self.kafka.consumer_config("chatlog-tail");
        // Bounds memory, of however many partitions.
        config.set("queued.max.messages.kbytes", "1024").set("fetch.message.max.bytes", "131072");
        config.set("fetch.max.bytes", "1048576");
        let consumer: StreamConsumer<Quiet> = config.create_with_context(Quiet)?;
        let mut list = TopicPartitionList::with_capacity(self.next.len());
        for ((topic, partition), offset) in &self.next {
            list.add_partition_offset(&self.kafka.topic_name(*topic), *partition, Offset::Offset(*offset))?;
        }
        consumer.assign(&list)?;
        self.consumer = Some(consumer);
        Ok(())
    }

    /// The places that are read.
    pub fn places(&self) -> impl Iterator<Item = Place> {
        self.next.keys().copied()
    }

    /// Whether everything is behind that was there at the beginning.
    #[must_use]
    pub fn is_caught_up(&self) -> bool {
        self.unread.is_empty()
    }

    /// Waits for a record; it, if it is meant. Nothing is lost where the waiting is given up.
    pub async fn next(&mut self) -> Result<Option<LogRecord>, KafkaError> {
        let Some(consumer) = &self.consumer else { return Err(ClientError::Canceled.into()) };
        let message = consumer.recv().await?;
        let Some(topic) = self.kafka.topic_of(message.topic()) else { return Ok(None) };
        let (place, next) = ((topic, message.partition()), message.offset() + 1);
        self.next.insert(place, next);
        if self.unread.get(&place).is_some_and(|end| *end <= next) {
            self.unread.remove(&place);
        }
        let shown = LogRecord::head(topic, &message);
        Ok(self.filter.wants(&shown).then(|| shown.with_value(topic, &message)))
    }

    /// Where another tail of the same filter goes on.
    #[must_use]
    pub fn cursor(&self) -> String {
        let offsets: Vec<i64> = self.next.values().copied().collect();
        cursor::encode(&self.filter, Order::Oldest, &offsets)
    }
}

/// The offset at which each place begins; none: its end.
fn starts(reader: &Reader, places: &[Place], filter: &Filter, start: &Start) -> Result<Vec<Option<i64>>, ExploreError> {
    let all = |at| Ok(vec![at; places.len()]);
    match start {
        Start::End => all(None),
        Start::Offset(offset) => all(Some(*offset)),
        Start::Beginning => {
            let begins = places::begins(&reader.consumer, &reader.kafka, places)?;
            Ok(begins.into_iter().map(Some).collect())
        }
        Start::Time(time) => places::since(&reader.consumer, &reader.kafka, places, millis(*time)),
        // In the order of the places, which is that of the map.
        Start::Cursor(text) => {
            Ok(cursor::decode(filter, Order::Oldest, places.len(), text)?.into_iter().map(Some).collect())
        }
    }
}

impl Drop for Tail {
    /// Closing a consumer waits for its threads.
    fn drop(&mut self) {
        if let (Some(consumer), Ok(runtime)) = (self.consumer.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn_blocking(move || drop(consumer));
        }
    }
}
