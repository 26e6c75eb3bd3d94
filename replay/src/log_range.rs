//! Reads a stretch of a partition to a known end, on a thread of its own, outside of every group.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use event_schema::Event;
use event_schema::record::{DamagedEvent, NotAnEvent};
use fold::Outcome;
use platform::Kafka;
use platform::foreign_records::ForeignRecord;
use platform::kafka::{self, Quiet};
use projector::HaltReason;
use rdkafka::Message as _;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::BorrowedMessage;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use read_model::Partition;
use read_model::checkpoint::LastEvent;
use read_model::parked::scan_dropped::ScanError;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::partition_replay::{Replay, ReplayError};

const BATCH: usize = 2_000;
/// And so many bytes of records: memory is bounded.
const BATCH_BYTES: usize = 8 * 1024 * 1024;
/// One look for records.
const LOOK: Duration = Duration::from_millis(100);
/// Brokers that say nothing for so long are given up.
const SILENCE: Duration = Duration::from_secs(30);

/// Why a stretch was not folded to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("interrupted")]
    Interrupted,
    #[error("Kafka: {0}")]
    Kafka(#[from] KafkaError),
    #[error("Kafka has been silent for {} s at {place} offset {offset}", SILENCE.as_secs())]
    Silent { place: String, offset: i64 },
    /// A record that cannot be folded.
    #[error("{place} offset {offset}: {why}")]
    Record {
        place: String,
        offset: i64,
        /// What is wrong with it.
        why: String,
    },
    #[error("the scratch files: {0}")]
    Scratch(#[from] std::io::Error),
    /// What the log drops further on.
    #[error(transparent)]
    Dropped(ScanError),
}

impl From<ScanError> for ReadError {
    fn from(error: ScanError) -> Self {
        match error {
            ScanError::Interrupted => Self::Interrupted,
            other => Self::Dropped(other),
        }
    }
}

/// Where the time went, in the thread that folds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spent {
    pub kafka: Duration,
    /// From records to events.
    pub decode: Duration,
    /// From events to finished rows on tapes.
    pub fold: Duration,
    /// From tapes into tables.
    pub copy: Duration,
}

impl std::ops::AddAssign for Spent {
    fn add_assign(&mut self, other: Self) {
        self.kafka += other.kafka;
        self.decode += other.decode;
        self.fold += other.fold;
        self.copy += other.copy;
    }
}

/// A stretch of a partition.
pub(crate) struct Stretch<'a> {
    pub(crate) kafka: &'a Kafka,
    pub(crate) partition: Partition,
    /// Where it begins: where the replay is.
    pub(crate) from: i64,
    /// The offset that is not folded any more.
    pub(crate) to: i64,
    /// Only records with one of these keys.
    pub(crate) keys: Option<&'a HashSet<Uuid>>,
    pub(crate) stop: &'a CancellationToken,
}

/// What the reading of a stretch says beside the rows.
#[derive(Debug, Default)]
pub(crate) struct Read {
    /// The last event before the end, whatever its key.
    pub(crate) last_event: Option<LastEvent>,
    /// Records that are not ours.
    pub(crate) foreign: Vec<ForeignRecord>,
    pub(crate) spent: Spent,
}

/// What is done with the events of a batch, after their rows.
pub(crate) trait Watch {
    /// So many more records are behind.
    fn passed(&mut self, records: u64);

    fn folded(&mut self, _events: &[Event], _outcomes: &[Outcome]) {}

    /// Whether the event at this offset is left out, because the live fold has not folded it.
    fn leaves_out(&mut self, _offset: i64, _event: &Event) -> bool {
        false
    }

    /// Whether an event that cannot be read is left out, because its key is parked.
    fn leaves_out_damaged(&mut self, _offset: i64, _event: &DamagedEvent) -> bool {
        false
    }

    /// Whether this event and all after it are left out.
    fn ends_before(&mut self, _event: &Event) -> bool {
        false
    }
}

impl Stretch<'_> {
    /// Folds the stretch; blocks.
    pub(crate) fn fold(&self, replay: &mut Replay, watch: &mut impl Watch) -> Result<Read, ReadError> {
        let mut read = Read::default();
        if self.to <= self.from {
            return Ok(read);
        }
        let consumer = self.consumer()?;
        let (mut next, mut folded) = (self.from, self.from);
        let mut batch = Batch::default();
        while next < self.to {
            if self.stop.is_cancelled() {
                return Err(ReadError::Interrupted);
            }
            // Offsets may have gaps: behind the last record there may be more of them.
            let Some(message) = self.next(&consumer, next, &mut read.spent)? else { break };
            if message.offset() < next {
                continue;
            }
            if message.offset() >= self.to {
                break;
            }
            let event = self.decode(&message, &mut read, watch)?;
            let bytes = message.payload_len();
            next = message.offset() + 1;
            if let Some(event) = event {
                if watch.ends_before(&event) {
                    break;
                }
                if !watch.leaves_out(next - 1, &event) {
                    batch.push(event, next - 1, bytes);
                }
            }
            if batch.is_full() || next == self.to || next - folded >= 20_000 {
                self.fold_batch(replay, &mut batch, watch, &mut read.spent)?;
                watch.passed(u64::try_from(next - folded).unwrap_or_default());
                folded = next;
            }
        }
        self.fold_batch(replay, &mut batch, watch, &mut read.spent)?;
        watch.passed(u64::try_from(self.to - folded).unwrap_or_default());
        Ok(read)
    }

    fn consumer(&self) -> Result<BaseConsumer<Quiet>, ReadError> {
        let mut config = self.kafka.consumer_config("chatlog-replay");
        // A full queue is looked at again soon: with the default of a second, the fold would wait for records most of the
        // time. What lies ready stays bounded as for the live fold.
        config
            .set("fetch.queue.backoff.ms", "10")
            .set("queued.min.messages", "20000")
            .set("enable.partition.eof", "true");
        let consumer: BaseConsumer<Quiet> = config.create_with_context(Quiet)?;
        let mut list = TopicPartitionList::new();
        let topic = self.kafka.topic_name(self.partition.topic);
        list.add_partition_offset(&topic, self.partition.number, Offset::Offset(self.from))?;
        consumer.assign(&list)?;
        Ok(consumer)
    }

    /// The next record; `None` if there is none before the end that was known when the stretch was made.
    fn next<'c>(
        &self,
        consumer: &'c BaseConsumer<Quiet>,
        next: i64,
        spent: &mut Spent,
    ) -> Result<Option<BorrowedMessage<'c>>, ReadError> {
        let began = Instant::now();
        loop {
            match consumer.poll(LOOK) {
                Some(Ok(message)) => {
                    spent.kafka += began.elapsed();
                    return Ok(Some(message));
                }
                Some(Err(KafkaError::PartitionEOF(_))) => return Ok(None),
                Some(Err(error)) if kafka::is_out_of_range(&error) => return Err(error.into()),
                Some(Err(error)) => tracing::debug!(partition = %self.partition, %error, "reading"),
                None => {}
            }
            if self.stop.is_cancelled() {
                return Err(ReadError::Interrupted);
            }
            if began.elapsed() > SILENCE {
                return Err(ReadError::Silent { place: self.partition.to_string(), offset: next });
            }
        }
    }

    /// The event of a record; `None` where its key is not asked for, or where it is set aside.
    fn decode(
        &self,
        message: &BorrowedMessage<'_>,
        read: &mut Read,
        watch: &mut impl Watch,
    ) -> Result<Option<Event>, ReadError> {
        let began = Instant::now();
        let offset = message.offset();
        if let Some(id) = kafka::id_of(message) {
            read.last_event = Some(LastEvent { offset, id });
        }
        let wanted = self.keys.is_none_or(|keys| {
            let key = message.key().and_then(|key| Uuid::try_parse_ascii(key).ok());
            key.is_some_and(|key| keys.contains(&key))
        });
        if !wanted {
            return Ok(None);
        }
        let Partition { topic, number } = self.partition;
        let event = match kafka::classify(topic, message) {
            Ok(event) => Some(event),
            Err(NotAnEvent::Damaged(event)) if watch.leaves_out_damaged(offset, &event) => None,
            Err(NotAnEvent::Damaged(DamagedEvent { error, .. }) | NotAnEvent::Unknown(error)) => {
                return Err(self.refused(offset, &HaltReason::of_decoding(error)));
            }
            Err(why) => {
                read.foreign.push(ForeignRecord::new(topic, number, offset, &why));
                None
            }
        };
        read.spent.decode += began.elapsed();
        Ok(event)
    }

    fn fold_batch(
        &self,
        replay: &mut Replay,
        batch: &mut Batch,
        watch: &mut impl Watch,
        spent: &mut Spent,
    ) -> Result<(), ReadError> {
        if batch.events.is_empty() {
            return Ok(());
        }
        let began = Instant::now();
        let outcomes = replay.fold(&batch.events).map_err(|error| match error {
            ReplayError::Scratch(error) => ReadError::Scratch(error),
            ReplayError::Fold { index, error } => {
                self.refused(batch.offsets.get(index).copied().unwrap_or_default(), &HaltReason::Fold(error))
            }
            ReplayError::Row(error) => ReadError::Scratch(error.into()),
        })?;
        watch.folded(&batch.events, &outcomes);
        batch.clear();
        spent.fold += began.elapsed();
        Ok(())
    }

    fn refused(&self, offset: i64, why: &HaltReason) -> ReadError {
        ReadError::Record { place: self.partition.to_string(), offset, why: why.to_string() }
    }
}

/// Events read and not yet folded. With keys left out, offsets have gaps.
#[derive(Default)]
struct Batch {
    events: Vec<Event>,
    offsets: Vec<i64>,
    bytes: usize,
}

impl Batch {
    fn push(&mut self, event: Event, offset: i64, bytes: usize) {
        self.events.push(event);
        self.offsets.push(offset);
        self.bytes += bytes;
    }

    fn is_full(&self) -> bool {
        self.events.len() >= BATCH || self.bytes >= BATCH_BYTES
    }

    fn clear(&mut self) {
        self.events.clear();
        self.offsets.clear();
        self.bytes = 0;
    }
}
