//! Reads partitions from their checkpoints on. The consumer is of no group: who reads what is settled in Postgres, and so is
//! how far.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use event_schema::record::NotAnEvent;
use event_schema::{Event, EventId};
use futures::FutureExt as _;
use platform::Platform;
use platform::foreign_records::ForeignRecord;
use platform::kafka::{self, Quiet};
use rdkafka::consumer::{Consumer as _, StreamConsumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::BorrowedMessage;
use rdkafka::{Message as _, Offset, TopicPartitionList};
use tokio_util::sync::CancellationToken;

use super::batch::{self, Batch, Run};
use super::{Error, mail_action};
use crate::context::MailerContext;
use crate::store::checkpoints::{self, Checkpoint, LastEvent, Place};

/// Most records in one transaction.
const BATCH: usize = 500;
/// A wake-up that the client gives only when a queue stops being empty can be missed; so it is looked at anyway.
const LOOK: Duration = Duration::from_millis(250);

/// A reader of partitions.
pub(crate) struct Reader {
    platform: Platform,
    consumer: StreamConsumer<Quiet>,
    cursors: HashMap<Place, Cursor>,
    /// Partitions that cannot be read, and why.
    unread: BTreeMap<Place, String>,
}

/// Where the reading of a partition is.
#[derive(Clone, Copy)]
struct Cursor {
    /// The next offset to come.
    next: i64,
    /// The event that must stand at it, where it is the last one taken in.
    verify: Option<LastEvent>,
    checkpoint: Checkpoint,
}

/// How a round of reading ended.
pub(crate) enum Round {
    Done,
    /// Others move what we read: it is to be begun anew.
    Lost,
}

impl Reader {
    pub(crate) fn new(platform: &Platform) -> Result<Self, KafkaError> {
        // Of no group, though the client wants a name: nothing is ever subscribed to or committed.
        let consumer = platform.kafka.consumer_config("chatlog-mailer").create_with_context(Quiet)?;
        Ok(Self { platform: platform.clone(), consumer, cursors: HashMap::new(), unread: BTreeMap::new() })
    }

    /// From now on reads these partitions and no others, each from its checkpoint.
    pub(crate) async fn read(&mut self, places: &[Place]) -> Result<(), Error> {
        self.cursors.clear();
        self.unread.clear();
        let mut list = TopicPartitionList::new();
        for (place, checkpoint) in checkpoints::load(&self.platform.db, self.platform.log_id, places).await? {
            let (low, high) = self.platform.kafka.watermarks(place.0, place.1).await?;
            let from = checkpoint.read_from();
            if low > from || checkpoint.next_offset > high {
                self.cannot(place, format!("the log has offsets {low} to {high}, but {from} comes next"));
                continue;
            }
            list.add_partition_offset(&self.platform.kafka.topic_name(place.0), place.1, Offset::Offset(from))?;
            self.cursors.insert(place, Cursor { next: from, verify: checkpoint.last_event, checkpoint });
        }
        self.consumer.assign(&list)?;
        Ok(())
    }

    /// Whether something cannot be read.
    pub(crate) fn is_unread(&self) -> bool {
        !self.unread.is_empty()
    }

    /// What cannot be read, in words.
    pub(crate) fn concern(&self) -> Option<String> {
        let words = self.unread.iter().map(|((topic, partition), why)| format!("{}/{partition}: {why}", topic.name()));
        let words: Vec<String> = words.collect();
        (!words.is_empty()).then(|| words.join("; "))
    }

    /// Waits a little for records, and takes in what there is.
    pub(crate) async fn round(&mut self, shared: &MailerContext, soft: &CancellationToken) -> Result<Round, Error> {
        let mut batch = Batch::new();
        let first = tokio::select! {
            () = soft.cancelled() => return Ok(Round::Done),
            first = tokio::time::timeout(LOOK, self.consumer.recv()) => first,
        };
        let Ok(first) = first else { return Ok(Round::Done) };
        let mut records = vec![first];
        while records.len() < BATCH
            && let Some(record) = self.consumer.recv().now_or_never()
        {
            records.push(record);
        }
        let mut taken = Vec::with_capacity(records.len());
        for record in records {
            match record {
                Ok(message) => taken.extend(Taken::of(&self.platform, &message)),
                Err(error) if is_out_of_range(&error) => {
                    self.cursors.clear();
                    return Ok(Round::Lost);
                }
                // The client keeps trying; whether brokers answer at all is watched elsewhere.
                Err(error) => tracing::debug!(%error, "reading"),
            }
        }
        for record in taken {
            self.take(&mut batch, record);
        }
        if batch.is_empty() {
            return Ok(Round::Done);
        }
        if !batch::take_in(shared, &batch).await? {
            tracing::info!("events already taken in by another mailer");
            // All of the batch was rolled back, also that of partitions that nobody else moved: none is read on from here.
            self.cursors.clear();
            return Ok(Round::Lost);
        }
        for (place, run) in &batch {
            if let Some(cursor) = self.cursors.get_mut(place) {
                cursor.checkpoint = run.to;
            }
        }
        Ok(Round::Done)
    }

    fn take(&mut self, batch: &mut Batch, record: Taken) {
        let place = record.place;
        let Some(cursor) = self.cursors.get_mut(&place) else { return };
        if record.offset < cursor.next {
            // Fetched before the reading was moved here.
            return;
        }
        if let Some(expected) = cursor.verify.take() {
            if (record.offset, record.id) != (expected.offset, Some(expected.id)) {
                let LastEvent { offset, id } = expected;
                return self.cannot(place, format!("offset {offset} is not event {id} any more"));
            }
            cursor.next = record.offset + 1;
            return;
        }
        if record.offset < cursor.checkpoint.next_offset {
            // Between the last event and the checkpoint: taken in before.
            return;
        }
        if let Err(NotAnEvent::Unknown(why)) = &record.event {
            let why = format!("offset {} cannot be read: {why}; upgrade the mailer", record.offset);
            return self.cannot(place, why);
        }
        cursor.next = record.offset + 1;
        let from = cursor.checkpoint.next_offset;
        let to = Checkpoint { next_offset: cursor.next, last_event: cursor.checkpoint.last_event };
        let run = batch.entry(place).or_insert(Run { from, to, events: Vec::new(), foreign: Vec::new() });
        run.to.next_offset = cursor.next;
        match record.event {
            Ok(event) => {
                run.to.last_event = Some(LastEvent { offset: record.offset, id: event.envelope.id });
                if mail_action::of(&event).is_some() {
                    run.events.push(event);
                }
            }
            // The mailer has no order to keep among a key's events: what cannot be read asks for nothing.
            Err(why) => run.foreign.push(ForeignRecord::new(place.0, place.1, record.offset, &why)),
        }
    }

    /// A partition that cannot be read is not read on: nothing is skipped.
    fn cannot(&mut self, place: Place, why: String) {
        tracing::error!(
            topic = place.0.name(),
            partition = place.1,
            why,
            "mailer partition paused until an operator acts"
        );
        self.cursors.remove(&place);
        self.unread.insert(place, why);
    }
}

/// A record, apart from the client's memory.
struct Taken {
    place: Place,
    offset: i64,
    id: Option<EventId>,
    event: Result<Event, NotAnEvent>,
}

impl Taken {
    fn of(platform: &Platform, message: &BorrowedMessage<'_>) -> Option<Self> {
        let topic = platform.kafka.topic_of(message.topic())?;
        let place = (topic, message.partition());
        let event = kafka::classify(topic, message);
        let id = kafka::id_of(message);
        Some(Self { place, offset: message.offset(), id, event })
    }
}

fn is_out_of_range(error: &KafkaError) -> bool {
    let code = error.rdkafka_error_code();
    matches!(code, Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange))
}
