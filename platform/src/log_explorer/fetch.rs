//! Reads stretches of partitions, outside of every group, on whatever thread calls.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::time::{Duration, Instant};

use event_schema::{Timestamp, Topic};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode as Code};
use rdkafka::message::{BorrowedMessage, Message as _};
use rdkafka::{Offset, TopicPartitionList};
use tokio_util::sync::CancellationToken;

use super::places::{self, Place};
use super::{ExploreError, LogRecord, Order};
use crate::kafka::{Kafka, KafkaError, Quiet};

/// One look for records.
const LOOK: Duration = Duration::from_millis(50);

/// Reads the log in stretches. Blocks: never on an async thread. It can be kept and used again.
pub struct Reader {
    pub(super) kafka: Kafka,
    pub(super) consumer: BaseConsumer<Quiet>,
    /// It has not been assigned anything yet.
    fresh: bool,
}

/// How long a reading may take, and who may call it off.
#[derive(Clone, Copy)]
pub(super) struct Patience<'a> {
    pub(super) until: Instant,
    pub(super) stop: &'a CancellationToken,
}

/// A record that was read.
pub(super) struct SeenRecord {
    pub(super) offset: i64,
    /// Kafka's time, in milliseconds.
    pub(super) at: i64,
    /// What it is, where it is asked for.
    pub(super) shown: Option<LogRecord>,
}

/// A stretch of one partition that is to be read, and what was read of it.
pub(super) struct Want {
    /// The offsets. Where records are so large that not all are kept, it becomes what was kept.
    pub(super) range: Range<i64>,
    /// The records, in the log's order. Not every offset need have one.
    pub(super) seen: VecDeque<SeenRecord>,
    bytes: usize,
    begun: bool,
}

/// How much of each stretch is kept, and from which side.
#[derive(Clone, Copy)]
pub(super) struct Keep {
    pub(super) order: Order,
    pub(super) bytes: usize,
}

impl Want {
    pub(super) fn new(range: Range<i64>) -> Self {
        Self { range, seen: VecDeque::new(), bytes: 0, begun: false }
    }

    /// Keeps a record; whether the stretch ends with it.
    fn push(&mut self, seen: SeenRecord, keep: Keep) -> bool {
        let next = seen.offset + 1;
        self.bytes += seen.shown.as_ref().map_or(0, LogRecord::size);
        self.seen.push_back(seen);
        if self.bytes > keep.bytes && keep.order == Order::Oldest {
            self.range.end = next;
        }
        while self.bytes > keep.bytes && self.seen.len() > 1 && keep.order == Order::Newest {
            let Some(oldest) = self.seen.pop_front() else { break };
            self.bytes -= oldest.shown.as_ref().map_or(0, LogRecord::size);
            self.range.start = oldest.offset + 1;
        }
        next >= self.range.end
    }
}

impl Reader {
    /// Connects when it is first asked.
    pub fn new(kafka: &Kafka) -> Result<Self, KafkaError> {
        Ok(Self { consumer: consumer(kafka)?, kafka: kafka.clone(), fresh: true })
    }

    /// Where each place begins and ends.
    pub fn ends(&self, places: &[Place]) -> Result<Vec<Range<i64>>, ExploreError> {
        let begins = places::begins(&self.consumer, &self.kafka, places)?;
        let ends = places::ends(&self.consumer, &self.kafka, places)?;
        Ok(begins.into_iter().zip(ends).map(|(begin, end)| begin..end.max(begin)).collect())
    }

    /// When the records at these places were written; without those that are not there.
    pub fn times(
        &mut self,
        records: &[(Place, i64)],
        within: Duration,
        stop: &CancellationToken,
    ) -> Result<BTreeMap<(Place, i64), Timestamp>, ExploreError> {
        let patience = Patience { until: Instant::now() + within, stop };
        let keep = Keep { order: Order::Oldest, bytes: usize::MAX };
        let mut times = BTreeMap::new();
        for topic in Topic::ALL {
            let of_topic = records.iter().filter(|((of, _), _)| *of == topic);
            let mut wants: BTreeMap<i32, Want> =
                of_topic.map(|((_, partition), offset)| (*partition, Want::new(*offset..offset + 1))).collect();
            if wants.is_empty() {
                continue;
            }
            let seen = |message: &BorrowedMessage<'_>| SeenRecord::of(message, None);
            self.fetch(topic, &mut wants, seen, keep, patience)?;
            for (partition, want) in wants {
                let found = want.seen.front().and_then(|seen| {
                    let time = Timestamp::from_micros(seen.at.saturating_mul(1_000))?;
                    Some((((topic, partition), seen.offset), time))
                });
                times.extend(found);
            }
        }
        Ok(times)
    }

    /// Reads stretches of some partitions of one topic to their ends.
    ///
    /// Of one topic, because the client does not say to which topic the end of a partition belongs that it has reached. That
    /// a stretch begins with a gap (compaction makes them, and transactions of other programs) is believed to a consumer that
    /// has never read anything else: what an earlier assignment left behind must not pass for a gap.
    pub(super) fn fetch(
        &mut self,
        topic: Topic,
        wants: &mut BTreeMap<i32, Want>,
        mut see: impl FnMut(&BorrowedMessage<'_>) -> SeenRecord,
        keep: Keep,
        patience: Patience<'_>,
    ) -> Result<(), ExploreError> {
        let mut open: Vec<i32> = wants.keys().copied().collect();
        open.retain(|partition| wants.get(partition).is_some_and(|want| !want.range.is_empty()));
        let mut doubtful = self.read(topic, wants, &open, (&mut see, keep), patience)?;
        if !doubtful.is_empty() {
            doubtful.sort_unstable();
            self.consumer = consumer(&self.kafka)?;
            self.fresh = true;
            self.read(topic, wants, &doubtful, (&mut see, keep), patience)?;
        }
        // Nothing is fetched on while nobody asks.
        self.consumer.unassign().map_err(KafkaError::from)?;
        Ok(())
    }

    /// The partitions whose stretch seems to begin with a gap.
    fn read(
        &mut self,
        topic: Topic,
        wants: &mut BTreeMap<i32, Want>,
        partitions: &[i32],
        (see, keep): (&mut impl FnMut(&BorrowedMessage<'_>) -> SeenRecord, Keep),
        patience: Patience<'_>,
    ) -> Result<Vec<i32>, ExploreError> {
        let name = self.kafka.topic_name(topic);
        let mut open: Vec<i32> = partitions.to_vec();
        let believed = std::mem::take(&mut self.fresh);
        self.assign(&name, wants, &open)?;
        let mut doubtful = Vec::new();
        while !open.is_empty() {
            if patience.stop.is_cancelled() {
                return Err(ExploreError::Interrupted);
            }
            if Instant::now() >= patience.until {
                return Err(ExploreError::Silent);
            }
            let (partition, ended) = match self.consumer.poll(LOOK) {
                Some(Ok(message)) if message.topic() == name && open.contains(&message.partition()) => {
                    let Some(want) = wants.get_mut(&message.partition()) else { continue };
                    if !want.begun && !believed && message.offset() != want.range.start {
                        doubtful.push(message.partition());
                        (message.partition(), true)
                    } else {
                        want.begun = true;
                        (message.partition(), take(want, &message, see, keep))
                    }
                }
                Some(Err(ClientError::PartitionEOF(partition))) if open.contains(&partition) => {
                    if !believed && wants.get(&partition).is_some_and(|want| !want.begun) {
                        doubtful.push(partition);
                    }
                    (partition, true)
                }
                Some(Err(error)) if is_final(&error) => return Err(KafkaError::from(error).into()),
                // What comes late, and what the client mends by itself.
                _ => continue,
            };
            if ended {
                open.retain(|other| *other != partition);
            }
        }
        Ok(doubtful)
    }

    fn assign(&self, name: &str, wants: &BTreeMap<i32, Want>, open: &[i32]) -> Result<(), KafkaError> {
        let mut list = TopicPartitionList::with_capacity(open.len());
        for (partition, want) in wants.iter().filter(|(partition, _)| open.contains(partition)) {
            list.add_partition_offset(name, *partition, Offset::Offset(want.range.start))?;
        }
        Ok(self.consumer.assign(&list)?)
    }
}

/// Whether the stretch ends with this record, or before it.
fn take(
    want: &mut Want,
    message: &BorrowedMessage<'_>,
    see: &mut impl FnMut(&BorrowedMessage<'_>) -> SeenRecord,
    keep: Keep,
) -> bool {
    let last = want.seen.back().map_or(want.range.start - 1, |seen| seen.offset);
    if message.offset() >= want.range.end {
        return true;
    }
    message.offset() > last && want.push(see(message), keep)
}

impl SeenRecord {
    pub(super) fn of(message: &BorrowedMessage<'_>, shown: Option<LogRecord>) -> Self {
        Self { offset: message.offset(), at: message.timestamp().to_millis().unwrap_or_default(), shown }
    }
}

fn consumer(kafka: &Kafka) -> Result<BaseConsumer<Quiet>, KafkaError> {
    let mut config = kafka.consumer_config("chatlog-browse");
    // Few records of many partitions, and the ends of those that have gaps.
    config.set("enable.partition.eof", "true").set("fetch.message.max.bytes", "131072");
    config.set("queued.min.messages", "1000").set("queued.max.messages.kbytes", "1024");
    config.set("fetch.queue.backoff.ms", "10").set("fetch.wait.max.ms", "10");
    // Of however many partitions.
    config.set("fetch.max.bytes", "1048576");
    config.create_with_context(Quiet).map_err(|error| KafkaError::Settings(error.to_string()))
}

/// What trying on does not mend.
fn is_final(error: &ClientError) -> bool {
    matches!(error, ClientError::MessageConsumptionFatal(_))
        || matches!(
            error.rdkafka_error_code(),
            Some(
                Code::OffsetOutOfRange
                    | Code::AutoOffsetReset
                    | Code::UnknownTopic
                    | Code::UnknownPartition
                    | Code::TopicAuthorizationFailed
            )
        )
}
