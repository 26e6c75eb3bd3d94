//! The life of a partition that is leased: take its checkpoint, fold it, take it again when somebody else moved it, pause when
//! only an operator can help.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use platform::Backoff;
use read_model::Partition;
use read_model::checkpoint::{self, Mark};
use read_model::push::Push;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::batch::{Batch, Pace};
use crate::consumer::PartitionReader;
use crate::context::LONGEST_PAUSE;
use crate::context::ProjectorContext;
use crate::halt::{HaltReason, Halted};
use crate::lease::{self, Lease};
use crate::parking::{self, ParkedKeys};
use crate::reader::{Fed, Feed, FeedEnd};
use crate::status::Concern;
use crate::trace;
use crate::writer::{Failure, Writer, Written};

/// Readers forget what they know of a partition that says nothing for three seconds.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// A partition while it is leased by this process.
pub(crate) struct PartitionTask {
    pub(crate) shared: Arc<ProjectorContext>,
    pub(crate) partition: Partition,
    pub(crate) reader: PartitionReader,
    /// The lease is given back, or the process ends.
    pub(crate) released: CancellationToken,
    /// Asks for a new client: nothing else makes this one read the partition again.
    pub(crate) restart: mpsc::Sender<&'static str>,
    /// Changes when leases are renewed.
    pub(crate) renewed: watch::Receiver<()>,
}

#[derive(Debug)]
pub(crate) enum Ended {
    Released,
    Halted(Halted),
    /// Postgres lost the last commits, or the client stopped reading: take it again.
    Lost(&'static str),
    /// Somebody else has taken the checkpoint.
    Fenced,
}

impl PartitionTask {
    /// Folds the partition until it is released.
    pub(crate) async fn run(mut self) {
        let released = self.released.clone();
        tokio::select! {
            () = released.cancelled() => {}
            () = self.fold_until_released() => {}
        }
        self.shared.forget_reached(self.partition);
        self.shared.status.fine(self.partition);
        parking::clear_report(&self.shared, self.partition);
    }

    async fn fold_until_released(&mut self) {
        let mut backoff = Backoff::up_to(LONGEST_PAUSE);
        let mut taken = self.take(false).await;
        loop {
            let repairs = taken.as_ref().map_or(0, |lease| lease.repairs);
            let epoch = taken.as_ref().ok().map(|lease| lease.checkpoint.epoch);
            let is_reading = taken.is_ok();
            let began = Instant::now();
            let ended = match taken {
                Ok(lease) => self.hold(lease).await,
                Err(stopped) => Ended::Halted(stopped),
            };
            let why = match ended {
                Ended::Released => return,
                Ended::Halted(stopped) => match self.pause(&stopped, epoch).await {
                    Some(why) => why,
                    None => return,
                },
                Ended::Lost(why) => why,
                Ended::Fenced => "somebody else has taken the partition",
            };
            if began.elapsed() > LONGEST_PAUSE {
                backoff = Backoff::up_to(LONGEST_PAUSE);
            }
            // Whoever repairs a room does it once, and wants what is in memory here forgotten.
            let repaired = self.is_repaired(repairs).await;
            let wait = if repaired { Duration::ZERO } else { backoff.next_pause() };
            tracing::warn!(partition = %self.partition, why, repaired, ?wait, "partition lost; taking it again");
            if !repaired {
                self.concern(&format!("{why}; taking it again"));
                tokio::time::sleep(wait).await;
                self.lease_is_ours().await;
            }
            taken = self.take(is_reading).await;
        }
    }

    /// Who lost the lease without knowing it must not take the partition from whoever has it now: after a renewal, this task
    /// goes on only if the lease is still ours.
    async fn lease_is_ours(&mut self) {
        self.renewed.mark_unchanged();
        if self.renewed.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Takes the checkpoint and has the client read from it.
    async fn take(&self, is_reading: bool) -> Result<Lease, Halted> {
        let lease = lease::take(&self.shared, self.partition).await?;
        let from = lease.checkpoint.read_from();
        let moved = if is_reading {
            // Other rows than readers know may be there, or fewer.
            let at = lease.checkpoint.next_offset;
            self.shared.pushes.offer(Push::gap(self.shared.generation, self.partition, at));
            self.reader.seek(from).await
        } else {
            self.reader.start(from).await
        };
        if let Err(error) = moved {
            tracing::warn!(partition = %self.partition, %error, "the Kafka client does not read the partition");
            self.ask_for_restart("a partition could not be read").await;
        }
        Ok(lease)
    }

    /// The client does not read the partition and cannot be made to. Waits to be released.
    async fn ask_for_restart(&self, why: &'static str) {
        // One request is enough for all.
        let _ = self.restart.try_send(why);
        self.released.cancelled().await;
    }

    /// Whether a room of the generation was repaired since.
    async fn is_repaired(&self, before: i32) -> bool {
        let found = checkpoint::generation(&self.shared.pool, self.shared.generation).await;
        found.ok().flatten().is_some_and(|it| it.repairs != before)
    }

    /// Folds from the checkpoint on.
    async fn hold(&self, lease: Lease) -> Ended {
        if let Err(ended) = ParkedKeys::new(self).scan_ahead(lease.checkpoint.next_offset).await {
            return ended;
        }
        let pace = Pace::new(self.shared.settings.batch_events(), self.shared.settings.linger());
        let feed = Feed::start(&self.shared, self.partition, self.reader.records(), &lease.checkpoint, pace);
        let mut writer = Writer::new(Arc::clone(&self.shared), self.partition, lease.checkpoint);
        crate::metrics::held(self.shared.generation, self.partition);
        self.shared.set_reached(self.partition, writer.next_offset());
        self.shared.status.fine(self.partition);
        let checkpoint = lease.checkpoint;
        tracing::info!(partition = %self.partition, epoch = checkpoint.epoch, offset = checkpoint.next_offset, "partition taken; folding");
        let ended = self.fold_all(&feed, &mut writer).await;
        match (feed.end().await, ended) {
            (Some(panic), None) => self.stopped(writer.next_offset(), HaltReason::Panicked(panic)),
            (_, ended) => ended.unwrap_or(Ended::Released),
        }
    }

    /// Folds batch after batch; `None` if there is no reader any more.
    async fn fold_all(&self, feed: &Feed, writer: &mut Writer) -> Option<Ended> {
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut look = tokio::time::interval(parking::REQUEST_INTERVAL);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let mut next = pin!(feed.next());
            let given = loop {
                tokio::select! {
                    biased;
                    () = self.released.cancelled() => return Some(Ended::Released),
                    // Before the first batch, too.
                    _ = look.tick() => if let Err(ended) = ParkedKeys::new(self).serve(writer).await {
                        return Some(ended);
                    },
                    given = &mut next => break given?,
                    _ = heartbeat.tick() => self.heartbeat(writer.next_offset()),
                }
            };
            match given {
                Fed::Batch(batch) => {
                    if let Err(ended) = self.write(writer, batch).await {
                        return Some(ended);
                    }
                    heartbeat.reset();
                }
                Fed::Damaged(damaged) => {
                    if let Err(ended) = ParkedKeys::new(self).park_damaged(writer, &damaged).await {
                        return Some(ended);
                    }
                    heartbeat.reset();
                }
                Fed::FeedEnd(FeedEnd::Halted(stopped)) => return Some(Ended::Halted(stopped)),
                Fed::FeedEnd(FeedEnd::OutOfRange) => {
                    return Some(Ended::Lost("the brokers do not know the next offset"));
                }
                Fed::FeedEnd(FeedEnd::Stalled) => {
                    self.concern("no records come although the log goes on; starting a new client");
                    self.ask_for_restart("no records came although the log goes on").await;
                    return Some(Ended::Released);
                }
            }
        }
    }

    /// Writes a batch, however long it takes. What the tables or the fold refuse is narrowed down to one event; all before
    /// it is written.
    async fn write(&self, writer: &mut Writer, batch: Batch) -> Result<(), Ended> {
        let mut work = VecDeque::from([batch]);
        let mut backoff = Backoff::up_to(LONGEST_PAUSE);
        while let Some(batch) = work.pop_front() {
            let from = batch.from();
            let written = writer.write(&batch).instrument(trace::span(self.partition, &batch)).await;
            let (at, reason) = match written {
                Ok(written) => {
                    self.written(written, writer.next_offset());
                    if backoff.failures() > 0 {
                        self.shared.status.fine(self.partition);
                        backoff = Backoff::up_to(LONGEST_PAUSE);
                    }
                    continue;
                }
                Err(Failure::Fenced) => return Err(self.fenced()),
                Err(Failure::FellBack) => return Err(Ended::Lost("Postgres has lost the last commits")),
                // Half of it may be quick enough.
                Err(Failure::TooSlow(error)) if batch.len() > 1 => (batch.len() / 2, HaltReason::Data(error)),
                Err(Failure::Infrastructure(error) | Failure::TooSlow(error)) => {
                    work.push_front(batch);
                    self.wait(&mut backoff, from, &error).await?;
                    continue;
                }
                Err(Failure::Full { index: 0, full }) => {
                    work.push_front(batch);
                    ParkedKeys::new(self).wait_for_room(writer, from, full).await?;
                    continue;
                }
                Err(Failure::Full { index, full }) => (index, HaltReason::Full(full)),
                Err(Failure::Fold { index, error }) => (index, HaltReason::Fold(error)),
                Err(Failure::Data(error)) => (batch.len() / 2, HaltReason::Data(error)),
            };
            if batch.len() == 1 {
                ParkedKeys::new(self).park(writer, &batch, reason).await?;
                continue;
            }
            // An event that the fold has no answer to may stand first: then it goes alone.
            if let Some((first, rest)) = batch.split(at.max(1)) {
                tracing::warn!(partition = %self.partition, from, %reason, "batch refused; splitting it");
                work.push_front(rest);
                work.push_front(first);
            }
        }
        Ok(())
    }

    pub(crate) fn written(&self, written: Written, reached: i64) {
        self.shared.set_reached(self.partition, reached);
        match written {
            Written::Now(push) => self.shared.pushes.offer(push),
            // What it changed is not known any more: the next push begins behind it, so that readers look for themselves.
            Written::Before => {}
        }
    }

    /// A server is away: waits a little, and says so.
    pub(crate) async fn wait(
        &self,
        backoff: &mut Backoff,
        from: i64,
        error: &(dyn std::error::Error + Sync),
    ) -> Result<(), Ended> {
        let wait = backoff.next_pause();
        crate::metrics::retried(self.shared.generation, self.partition);
        tracing::warn!(partition = %self.partition, from, %error, ?wait, "failed to commit a batch; retrying");
        // One that succeeds at once is no reason to be called not ready.
        if backoff.failures() > 2 {
            self.concern(&format!("at offset {from}: {error}; trying again"));
        }
        tokio::select! {
            () = self.released.cancelled() => Err(Ended::Released),
            () = tokio::time::sleep(wait) => Ok(()),
        }
    }

    /// Nothing is folded any more, and nothing lost: the checkpoint is before what could not be folded. Ends when the
    /// partition is released, or says why it must be taken again. Without an epoch it was never taken.
    async fn pause(&self, stopped: &Halted, epoch: Option<i64>) -> Option<&'static str> {
        self.shared.status.stopped(stopped);
        let next_offset = self.shared.reached_of(self.partition);
        let held = epoch.zip(next_offset).map(|(epoch, next_offset)| Mark { epoch, next_offset });
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        loop {
            tokio::select! {
                () = self.released.cancelled() => return None,
                _ = heartbeat.tick() => {}
            }
            if let Some(held) = held
                && self.is_elsewhere(held).await
            {
                return Some("the checkpoint was moved");
            }
            self.heartbeat(stopped.offset);
        }
    }

    /// Whether the checkpoint is not where it was left: lost commits, or somebody who took it.
    async fn is_elsewhere(&self, held: Mark) -> bool {
        if !self.shared.owner_requests.doubts(self.partition, held) {
            return false;
        }
        let read = async { checkpoint::read(&mut *self.shared.pool.acquire().await?, self.partition).await };
        // What cannot be read now is doubted at the next heartbeat, too.
        read.await.is_ok_and(|found| found.is_none_or(|found| found.mark() != held))
    }

    pub(crate) fn heartbeat(&self, at: i64) {
        self.shared.pushes.offer(Push::heartbeat(self.shared.generation, self.partition, at));
    }

    pub(crate) fn fenced(&self) -> Ended {
        crate::metrics::fenced(self.shared.generation, self.partition);
        Ended::Fenced
    }

    pub(crate) fn stopped(&self, offset: i64, reason: HaltReason) -> Ended {
        Ended::Halted(Halted { partition: self.partition, offset, reason })
    }

    fn concern(&self, why: &str) {
        self.shared.status.raise(Concern::Partition(self.partition), format!("{} {why}", self.partition));
    }
}
