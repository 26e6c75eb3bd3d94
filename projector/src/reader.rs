//! Reads and decodes one partition while its previous batch is being committed.
//!
//! The writer asks for the next batch when it has committed the last; what has been decoded by then goes with it, so that
//! batches grow with the load and at most two are in memory.

use event_schema::EventId;
use futures::{FutureExt as _, StreamExt as _};
use platform::kafka::{self, is_out_of_range};
use platform::lifecycle::panic_message;
use rdkafka::Message as _;
use rdkafka::error::KafkaError;
use rdkafka::message::BorrowedMessage;
use read_model::Partition;
use read_model::checkpoint::Checkpoint;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::batch::{Batch, Due, Pace};
use crate::consumer::{LOOK_AGAIN, Records};
use crate::halt::{HaltReason, Halted};

/// Records decoded without letting others run.
const STRIDE: usize = 128;

/// What the reader hands over.
#[derive(Debug)]
pub(crate) enum Fed {
    Batch(Batch),
    /// There are no more.
    FeedEnd(FeedEnd),
}

/// Why there are no more events.
#[derive(Debug)]
pub(crate) enum FeedEnd {
    /// The next record does not let itself be folded.
    Halted(Halted),
    /// The brokers say that the log does not hold the next offset.
    OutOfRange,
}

/// The running reader of a partition. Dropping it ends it.
pub(crate) struct Feed {
    requests: mpsc::Sender<oneshot::Sender<Fed>>,
    task: JoinHandle<()>,
}

impl Feed {
    /// Begins to read behind a checkpoint; the records must already come from [`Checkpoint::read_from`] on.
    pub(crate) fn start(partition: Partition, records: Records, after: &Checkpoint, pace: Pace) -> Self {
        let (requests, asked) = mpsc::channel(1);
        let reader = Reader {
            partition,
            next: after.read_from(),
            verify: after.last_event_id,
            batch: Batch::starting(after.next_offset),
            end: None,
            pace,
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
    partition: Partition,
    /// The next offset to come.
    next: i64,
    /// The event that must stand at it, where it is the last one folded.
    verify: Option<EventId>,
    batch: Batch,
    end: Option<FeedEnd>,
    pace: Pace,
}

impl Reader {
    async fn run(mut self, records: Records, mut requests: mpsc::Receiver<oneshot::Sender<Fed>>) {
        let mut stream = records.stream();
        loop {
            let due = self.pace.due(&self.batch, Instant::now());
            let reading = self.end.is_none() && due != Due::Full;
            let ready = self.end.is_some() || matches!(due, Due::Now | Due::Full);
            let wait = match due {
                Due::At(at) if reading => at.saturating_duration_since(Instant::now()).min(LOOK_AGAIN),
                _ => LOOK_AGAIN,
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
                    while taken < STRIDE && self.end.is_none() && !self.is_full() {
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
        }
    }

    fn is_full(&self) -> bool {
        self.pace.due(&self.batch, Instant::now()) == Due::Full
    }

    fn feed(&mut self) -> Option<Fed> {
        if self.batch.len() > 0 {
            self.pace.sent(Instant::now());
            return Some(Fed::Batch(self.batch.take()));
        }
        self.end.take().map(Fed::FeedEnd)
    }

    fn take(&mut self, record: Option<Result<BorrowedMessage<'_>, KafkaError>>) {
        match record {
            Some(Ok(message)) => {
                if let Err(reason) = self.decode(&message) {
                    self.end = Some(FeedEnd::Halted(Halted { partition: self.partition, offset: self.next, reason }));
                }
            }
            Some(Err(error)) if is_out_of_range(&error) => {
                tracing::warn!(partition = %self.partition, offset = self.next, %error, "requested offset is out of range");
                self.end = Some(FeedEnd::OutOfRange);
            }
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
        if offset > self.next {
            return Err(HaltReason::Hole { found: offset });
        }
        if let Some(expected) = self.verify.take() {
            if kafka::id_of(message) != Some(expected) {
                self.verify = Some(expected);
                return Err(HaltReason::Replaced { at: offset, expected });
            }
        } else {
            let event = kafka::read(self.partition.topic, message).map_err(HaltReason::of_decoding)?;
            self.batch.push(event, message.payload_len());
        }
        self.next += 1;
        Ok(())
    }
}
