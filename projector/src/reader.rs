//! Reads and decodes one partition while its previous batch is being committed.
//!
//! The writer asks for the next batch when it has committed the last; what has been decoded by then goes with it, so that
//! batches grow with the load and at most two are in memory.

use std::sync::Arc;
use std::time::Duration;

use event_schema::record::{DamagedEvent, NotAnEvent};
use futures::{FutureExt as _, StreamExt as _};
use platform::foreign_records::ForeignRecord;
use platform::kafka::{self, is_out_of_range};
use platform::lifecycle::panic_message;
use rdkafka::Message as _;
use rdkafka::error::KafkaError;
use rdkafka::message::BorrowedMessage;
use read_model::Partition;
use read_model::checkpoint::{Checkpoint, LastEvent};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::batch::{Batch, Due, Pace};
use crate::consumer::{POLL, Records};
use crate::context::ProjectorContext;
use crate::halt::{HaltReason, Halted};

/// Records decoded without letting others run.
const STRIDE: usize = 128;

/// For so long after a partition was taken its queue is polled often: readers wait for what comes first, and a wake-up that was
/// missed would keep them for half a second.
const FIRST: Duration = Duration::from_secs(3);
const FIRST_POLL: Duration = Duration::from_millis(25);
/// After the end of the log was read, so long nothing comes before it is asked whether offsets without a record follow.
const QUIET: Duration = Duration::from_millis(200);
/// Without that, how often the same is asked, if the log is known to go on.
const ASK: Duration = Duration::from_secs(5);
/// Records that are in the log and do not come for so long never will: the client has stopped reading.
const STALLED: Duration = Duration::from_secs(30);

/// What the reader hands over.
#[derive(Debug)]
pub(crate) enum Fed {
    Batch(Batch),
    /// An event that cannot be read.
    Damaged(Damaged),
    /// There are no more.
    FeedEnd(FeedEnd),
}

/// An event that cannot be read, behind all batches before it.
#[derive(Debug)]
pub(crate) struct Damaged {
    pub(crate) offset: i64,
    pub(crate) event: DamagedEvent,
}

/// Why there are no more events.
#[derive(Debug)]
pub(crate) enum FeedEnd {
    /// The next record does not let itself be folded.
    Halted(Halted),
    /// The brokers say that the log does not hold the next offset.
    OutOfRange,
    /// The log has records that the client does not give.
    Stalled,
}

/// The running reader of a partition. Dropping it ends it.
pub(crate) struct Feed {
    requests: mpsc::Sender<oneshot::Sender<Fed>>,
    task: JoinHandle<()>,
}

impl Feed {
    /// Begins to read behind a checkpoint; the records must already come from [`Checkpoint::read_from`] on.
    pub(crate) fn start(
        shared: &Arc<ProjectorContext>,
        partition: Partition,
        records: Records,
        after: &Checkpoint,
        pace: Pace,
    ) -> Self {
        let (requests, asked) = mpsc::channel(1);
        let reader = Reader {
            shared: Arc::clone(shared),
            partition,
            next: after.read_from(),
            resume: after.next_offset,
            verify: after.last_event,
            batch: Batch::starting(after.next_offset),
            damaged: None,
            end: None,
            pace,
            caught_up: false,
            heard: false,
            quiet_since: Instant::now(),
            asked: Instant::now(),
        };
        Self { requests, task: tokio::spawn(reader.run(records, asked)) }
    }

    /// Asks for the next batch; the answer comes when there is one, or never if the reader panicked.
    pub(crate) async fn next(&self) -> Option<Fed> {
        let (sender, answer) = oneshot::channel();
        self.requests.send(sender).await.ok()?;
        answer.await.ok()
    }

    /// Ends the reader, so that nobody takes records any more; the text of its panic, if that ended it.
    pub(crate) async fn end(mut self) -> Option<String> {
        self.task.abort();
        let panic = (&mut self.task).await.err()?.try_into_panic().ok()?;
        Some(panic_message(&*panic).to_owned())
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Reader {
    shared: Arc<ProjectorContext>,
    partition: Partition,
    /// The next offset to come, or one behind which it comes.
    next: i64,
    /// The first offset that is not folded.
    resume: i64,
    /// The last event folded, which must stand where it stood.
    verify: Option<LastEvent>,
    batch: Batch,
    /// What comes behind the batch: nothing is read before it is taken.
    damaged: Option<Damaged>,
    end: Option<FeedEnd>,
    pace: Pace,
    /// The client says that it has read to the end, and nothing came since.
    caught_up: bool,
    /// Whether anything has come.
    heard: bool,
    /// When the last record came.
    quiet_since: Instant,
    /// When it was last asked whether there are more.
    asked: Instant,
}

impl Reader {
    async fn run(mut self, records: Records, mut requests: mpsc::Receiver<oneshot::Sender<Fed>>) {
        let mut stream = records.stream();
        loop {
            let due = self.pace.due(&self.batch, Instant::now());
            let blocked = self.is_blocked();
            let reading = !blocked && due != Due::Full;
            let ready = blocked || matches!(due, Due::Now | Due::Full);
            let poll = if self.is_first_awaited() { FIRST_POLL } else { POLL };
            let wait = match due {
                Due::At(at) if reading => at.saturating_duration_since(Instant::now()).min(poll),
                _ => poll,
            };
            tokio::select! {
                biased;
                request = requests.recv(), if ready => {
                    let Some(request) = request else { return };
                    let Some(fed) = self.feed() else { return };
                    let last = matches!(fed, Fed::FeedEnd(_));
                    // Nobody waits for it any more only when this reader is being ended.
                    if request.send(fed).is_err() || last {
                        return;
                    }
                }
                record = stream.next(), if reading => {
                    self.take(record);
                    // What lies ready is taken in one go, up to a bound.
                    let mut taken = 1;
                    while taken < STRIDE && !self.is_blocked() && !self.is_full() {
                        let Some(record) = stream.next().now_or_never() else { break };
                        self.take(record);
                        taken += 1;
                    }
                    if taken == STRIDE {
                        tokio::task::yield_now().await;
                    }
                }
                () = tokio::time::sleep(wait) => {}
            }
            if self.batch.is_empty() && !self.is_blocked() {
                self.look_behind_the_end().await;
            }
        }
    }

    /// Where nothing comes, offsets without a record may follow, which the checkpoint moves over: whoever waits for the end of
    /// the log would wait for ever. Or the client has stopped reading.
    async fn look_behind_the_end(&mut self) {
        let quiet = self.quiet_since.elapsed();
        let known_to_go_on = self.shared.end_of(self.partition).is_some_and(|end| end > self.next);
        let due = if self.caught_up { quiet >= QUIET } else { known_to_go_on && self.asked.elapsed() >= ASK };
        if !due {
            return;
        }
        (self.caught_up, self.asked) = (false, Instant::now());
        match self.shared.kafka.next_record(self.partition.topic, self.partition.number, self.next).await {
            Ok(found) if found.record.is_none() => {
                self.next = self.next.max(found.end);
                if self.verify.is_none() {
                    self.batch.skip_to(found.end);
                }
            }
            Ok(_) if quiet >= STALLED => self.end = Some(FeedEnd::Stalled),
            Ok(_) => {}
            // Whether brokers answer at all is watched elsewhere.
            Err(error) => tracing::debug!(partition = %self.partition, %error, "looking for records"),
        }
    }

    /// Whether the partition has just been taken and nothing has come of it.
    fn is_first_awaited(&self) -> bool {
        !self.heard && self.quiet_since.elapsed() < FIRST
    }

    /// Whether something that is no event comes next.
    fn is_blocked(&self) -> bool {
        self.end.is_some() || self.damaged.is_some()
    }

    fn is_full(&self) -> bool {
        self.pace.due(&self.batch, Instant::now()) == Due::Full
    }

    fn feed(&mut self) -> Option<Fed> {
        if !self.batch.is_empty() {
            self.pace.sent(Instant::now());
            return Some(Fed::Batch(self.batch.take()));
        }
        if let Some(damaged) = self.damaged.take() {
            self.batch = Batch::starting(damaged.offset + 1);
            return Some(Fed::Damaged(damaged));
        }
        self.end.take().map(Fed::FeedEnd)
    }

    fn take(&mut self, record: Option<Result<BorrowedMessage<'_>, KafkaError>>) {
        match record {
            Some(Ok(message)) => {
                (self.caught_up, self.heard, self.quiet_since) = (false, true, Instant::now());
                if let Err(reason) = self.decode(&message) {
                    self.end = Some(FeedEnd::Halted(Halted { partition: self.partition, offset: self.next, reason }));
                }
            }
            Some(Err(error)) if is_out_of_range(&error) => {
                tracing::warn!(partition = %self.partition, offset = self.next, %error, "requested offset is out of range");
                self.end = Some(FeedEnd::OutOfRange);
            }
            Some(Err(KafkaError::PartitionEOF(_))) => self.caught_up = true,
            // The client keeps trying; whether brokers answer at all is watched elsewhere.
            Some(Err(error)) => {
                tracing::debug!(partition = %self.partition, offset = self.next, %error, "reading");
            }
            None => {}
        }
    }

    fn decode(&mut self, message: &BorrowedMessage<'_>) -> Result<(), HaltReason> {
        let offset = message.offset();
        if offset < self.next {
            // Fetched before the reading was moved here.
            return Ok(());
        }
        if let Some(expected) = self.verify.take() {
            if offset != expected.offset || kafka::id_of(message) != Some(expected.id) {
                self.verify = Some(expected);
                return Err(HaltReason::Replaced { at: expected.offset, expected: expected.id });
            }
        } else if offset >= self.resume {
            let Partition { topic, number } = self.partition;
            match kafka::classify(topic, message) {
                Ok(event) => self.batch.push(offset, event, message.payload_len()),
                Err(NotAnEvent::Unknown(error)) => return Err(HaltReason::of_decoding(error)),
                Err(NotAnEvent::Damaged(event)) => self.damaged = Some(Damaged { offset, event }),
                Err(why) => self.batch.set_aside(ForeignRecord::new(topic, number, offset, &why)),
            }
        }
        self.next = offset + 1;
        Ok(())
    }
}
