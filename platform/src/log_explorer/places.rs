//! Which partitions a filter means, and which of their offsets.

use std::ops::Range;
use std::time::Duration;

use event_schema::Topic;
use event_schema::topics::{KeyKind, partition_of};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::{Offset, TopicPartitionList};

use super::{ExploreError, Filter, millis};
use crate::kafka::{Kafka, KafkaError, Quiet};

/// A partition of a topic.
pub type Place = (Topic, i32);

/// How long the brokers may take to say where a partition begins and ends.
const QUESTION: Duration = Duration::from_secs(5);

impl Filter {
    /// The partitions that may hold what is meant, always in the same order. A key's records are in one partition of each
    /// topic.
    pub async fn places(&self, kafka: &Kafka) -> Result<Vec<Place>, ExploreError> {
        let (mut places, mut most) = (Vec::new(), 0);
        for topic in self.topics_meant() {
            let count = kafka.partitions(topic).await?;
            let home = self.key.as_deref().map(|key| partition_of(key, count));
            let range = self.partition.or(home).map_or(0..count, |one| one..one.saturating_add(1));
            places.extend(range.filter(|partition| (0..count).contains(partition)).map(|partition| (topic, partition)));
            most = most.max(count);
        }
        if places.is_empty() {
            let why = format!("there is no such partition; the partitions are 0 to {}", most - 1);
            return Err(ExploreError::Invalid { field: "partition", why });
        }
        if self.offsets.is_some() && places.len() > 1 {
            let why = "an offset is of one partition; name the topic, and the partition or a key".to_owned();
            return Err(ExploreError::Invalid { field: "offset", why });
        }
        Ok(places)
    }

    fn topics_meant(&self) -> Vec<Topic> {
        // An id is no setting's name, and the other way round.
        let is_id = self.key.as_deref().map(|key| uuid::Uuid::parse_str(key).is_ok());
        let fits = |topic: &Topic| is_id.is_none_or(|is_id| (topic.key_kind() == KeyKind::Setting) != is_id);
        Topic::ALL
            .into_iter()
            .filter(|topic| if self.topics.is_empty() { fits(topic) } else { self.topics.contains(topic) })
            .collect()
    }
}

/// The offsets that a filter means, of each place; blocks.
pub(super) fn ranges(
    consumer: &BaseConsumer<Quiet>,
    kafka: &Kafka,
    places: &[Place],
    filter: &Filter,
) -> Result<Vec<Range<i64>>, ExploreError> {
    let (begins, ends) = (begins(consumer, kafka, places)?, ends(consumer, kafka, places)?);
    let mut ranges: Vec<Range<i64>> = begins.into_iter().zip(ends).map(|(begin, end)| begin..end).collect();
    if let Some(from) = filter.from {
        for (range, at) in ranges.iter_mut().zip(since(consumer, kafka, places, millis(from))?) {
            range.start = range.start.max(at.unwrap_or(range.end));
        }
    }
    if let Some(to) = filter.to {
        for (range, at) in ranges.iter_mut().zip(since(consumer, kafka, places, millis(to))?) {
            range.end = range.end.min(at.unwrap_or(range.end));
        }
    }
    if let (Some(offsets), [range]) = (filter.offsets, ranges.as_mut_slice()) {
        range.start = range.start.max(offsets.first);
        range.end = range.end.min(offsets.end.unwrap_or(range.end));
    }
    for range in &mut ranges {
        range.end = range.end.max(range.start);
    }
    Ok(ranges)
}

/// The first offset of each place.
pub(super) fn begins(
    consumer: &BaseConsumer<Quiet>,
    kafka: &Kafka,
    places: &[Place],
) -> Result<Vec<i64>, ExploreError> {
    let asked = ask(consumer, kafka, places, Offset::Beginning)?;
    Ok(asked.into_iter().map(Option::unwrap_or_default).collect())
}

/// The offset that the next record of each place will get.
pub(super) fn ends(consumer: &BaseConsumer<Quiet>, kafka: &Kafka, places: &[Place]) -> Result<Vec<i64>, ExploreError> {
    let asked = ask(consumer, kafka, places, Offset::End)?;
    Ok(asked.into_iter().map(Option::unwrap_or_default).collect())
}

/// The first offset of each place written at a time (milliseconds) or later; none where nothing was.
pub(super) fn since(
    consumer: &BaseConsumer<Quiet>,
    kafka: &Kafka,
    places: &[Place],
    millis: i64,
) -> Result<Vec<Option<i64>>, ExploreError> {
    // Kafka knows nothing before 1970: smaller numbers have meanings of their own.
    ask(consumer, kafka, places, Offset::Offset(millis.max(0)))
}

/// One request a broker, however many partitions: beginnings and ends are asked for like times.
fn ask(
    consumer: &BaseConsumer<Quiet>,
    kafka: &Kafka,
    places: &[Place],
    at: Offset,
) -> Result<Vec<Option<i64>>, ExploreError> {
    let mut list = TopicPartitionList::with_capacity(places.len());
    for (topic, partition) in places {
        list.add_partition_offset(&kafka.topic_name(*topic), *partition, at).map_err(KafkaError::from)?;
    }
    let answers = consumer.offsets_for_times(list, QUESTION).map_err(KafkaError::from)?;
    let mut offsets = Vec::with_capacity(places.len());
    for (topic, partition) in places {
        let answer = answers.find_partition(&kafka.topic_name(*topic), *partition).ok_or(ExploreError::Silent)?;
        answer.error().map_err(KafkaError::from)?;
        offsets.push(match answer.offset() {
            Offset::Offset(offset) => Some(offset),
            _ => None,
        });
    }
    Ok(offsets)
}
