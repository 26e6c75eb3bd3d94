//! What an owner does for its parked keys between batches: it hears requests, lets keys out that are free to go, and where
//! nothing more may wait, waits itself.

use std::time::Duration;

use platform::Backoff;
use read_model::Partition;
use read_model::parked::PendingDrop;
use read_model::parked::scan_dropped::{self, ScanError};
use read_model::parked::store::{self, ParkedAddress};
use read_model::push::Push;
use tokio::time::{Instant, MissedTickBehavior};
use uuid::Uuid;

use super::fetch::{FetchError, Fetcher};
use super::transactions::{Parking, ParkingTransaction, ParkingTransactions};
use super::{Full, report};
use crate::batch::Batch;
use crate::context::LONGEST_PAUSE;
use crate::halt::{HaltReason, Halted};
use crate::partition_task::{Ended, PartitionTask};
use crate::reader::Damaged;
use crate::writer::{Failure, Writer};

/// Events of a key folded together on its way out.
const SLICE: i64 = 1_000;
/// How often requests are looked at.
pub(crate) const REQUEST_INTERVAL: Duration = Duration::from_millis(500);

/// What was read of parked events, and the reader itself, to go on with.
type Fetched = (Option<Fetcher>, Result<Vec<(i64, event_schema::Event)>, FetchError>);

/// Serves the parked keys of a partition for the task that owns it.
pub(crate) struct ParkedKeys<'a> {
    task: &'a PartitionTask,
}

impl<'a> ParkedKeys<'a> {
    /// Of this task's partition.
    pub(crate) fn new(task: &'a PartitionTask) -> Self {
        Self { task }
    }

    /// Before anything is folded, it must be known what the log gives up further on.
    pub(crate) async fn scan_ahead(&self, from: i64) -> Result<(), Ended> {
        let mut backoff = Backoff::up_to(LONGEST_PAUSE);
        loop {
            let looked = async {
                let Partition { topic, number } = self.task.partition;
                if !scan_dropped::is_scanned(topic) {
                    return Ok(());
                }
                let end = self.task.shared.kafka.end_offset(topic, number).await?;
                if end <= from {
                    return Ok(());
                }
                scan_dropped::catch_up(
                    &self.task.shared.pool,
                    &self.task.shared.kafka,
                    self.task.partition,
                    end,
                    &self.task.released,
                )
                .await
            };
            match looked.await {
                Ok(()) => return Ok(()),
                Err(ScanError::Interrupted) => return Err(Ended::Released),
                Err(error) => self.task.wait(&mut backoff, from, &error).await?,
            }
        }
    }

    /// Hears what is asked, and folds what is free to go.
    pub(crate) async fn serve(&self, writer: &mut Writer) -> Result<(), Ended> {
        // Looking takes the checkpoint's lock, where it is still ours and where we left it; elsewhere the folding ends.
        if writer.parked.known().is_none()
            || self.task.shared.owner_requests.doubts(self.task.partition, writer.held.mark())
        {
            self.run_transaction(writer, ParkingTransaction::Look).await?.ok();
        }
        for given_up in self.task.shared.owner_requests.given_up(self.task.partition) {
            let PendingDrop { key, event_id, at, .. } = given_up;
            let Some(parked) = writer.parked.known() else { break };
            if parked.is_given_up(key, event_id, at) {
                continue;
            }
            if parked.get(&key).is_some() {
                self.run_transaction(writer, ParkingTransaction::GiveUp(&given_up)).await?.ok();
            } else {
                writer.parked.add_dropped(key, event_id, at);
            }
        }
        for request in self.task.shared.owner_requests.of(self.task.partition) {
            self.run_transaction(writer, ParkingTransaction::Answer(&request)).await?.ok();
        }
        while let Some(key) = writer.parked.known().and_then(super::Parked::free) {
            self.drain(writer, key).await?;
        }
        if let Some(parked) = writer.parked.known() {
            report(&self.task.shared, self.task.partition, parked);
        }
        Ok(())
    }

    /// Folds the parked events of a key, until none is left or one cannot be folded.
    async fn drain(&self, writer: &mut Writer, key: Uuid) -> Result<(), Ended> {
        let (mut fetcher, mut most) = (None, SLICE);
        let mut said = Instant::now();
        // What a rebuild has taken over may have been given up elsewhere since, and the word of it may be behind.
        self.run_transaction(writer, ParkingTransaction::LeaveOut(key)).await?.ok();
        loop {
            if self.task.released.is_cancelled() {
                return Err(Ended::Released);
            }
            let places = self.first(writer, key, most).await?;
            if places.is_empty() {
                // Somebody's answer was lost: what is parked is read again.
                self.run_transaction(writer, ParkingTransaction::Look).await?.ok();
                return Ok(());
            }
            let events = match self.fetch(&mut fetcher, writer.next_offset(), places).await? {
                Ok(events) => events,
                Err(reason) => return self.keep_parked(writer, key, &reason).await,
            };
            match self.run_transaction(writer, ParkingTransaction::Drain(key, &events)).await? {
                Ok(()) => most = SLICE,
                Err((index, _)) if events.len() > 1 => most = i64::try_from(index.max(1)).unwrap_or(1),
                Err((_, reason)) => return self.keep_parked(writer, key, &reason).await,
            }
            if writer.parked.known().is_some_and(|parked| parked.get(&key).is_none()) {
                tracing::info!(partition = %self.task.partition, %key, "parked key released");
                return Ok(());
            }
            if said.elapsed() > REQUEST_INTERVAL {
                said = Instant::now();
                self.task.heartbeat(writer.next_offset());
            }
        }
    }

    async fn keep_parked(&self, writer: &mut Writer, key: Uuid, reason: &HaltReason) -> Result<(), Ended> {
        tracing::warn!(partition = %self.task.partition, %key, %reason, "parked key still cannot be folded");
        self.run_transaction(writer, ParkingTransaction::Stick(key, &reason.to_string())).await?.ok();
        Ok(())
    }

    async fn first(&self, writer: &Writer, key: Uuid, most: i64) -> Result<Vec<ParkedAddress>, Ended> {
        let mut backoff = Backoff::up_to(LONGEST_PAUSE);
        loop {
            let read = async {
                let mut connection = self.task.shared.pool.acquire().await?;
                store::first(&mut connection, self.task.partition, key, most).await
            };
            match read.await {
                Ok(places) => return Ok(places),
                Err(error) => self.task.wait(&mut backoff, writer.next_offset(), &error).await?,
            }
        }
    }

    /// Reads parked events from the log; the inner error is one that trying again would not change.
    async fn fetch(
        &self,
        kept: &mut Option<Fetcher>,
        at: i64,
        places: Vec<ParkedAddress>,
    ) -> Result<Result<Vec<(i64, event_schema::Event)>, HaltReason>, Ended> {
        let mut backoff = Backoff::up_to(LONGEST_PAUSE);
        loop {
            let (kafka, partition) = (self.task.shared.kafka.clone(), self.task.partition);
            let (wanted, before) = (places.clone(), kept.take());
            let reading = tokio::task::spawn_blocking(move || -> Fetched {
                match before.map_or_else(|| Fetcher::new(&kafka, partition), Ok) {
                    Ok(mut fetcher) => {
                        let events = fetcher.read(&wanted);
                        (Some(fetcher), events)
                    }
                    Err(error) => (None, Err(error.into())),
                }
            });
            let (after, events) = reading.await.unwrap_or_else(|_| (None, Err(FetchError::Silent)));
            *kept = after;
            match events {
                Ok(events) => return Ok(Ok(events)),
                Err(FetchError::Record(reason)) => return Ok(Err(reason)),
                Err(error) => self.task.wait(&mut backoff, at, &error).await?,
            }
        }
    }

    /// Does one thing, however long it takes; the inner error says which of the events could not be folded, and why.
    async fn run_transaction(
        &self,
        writer: &mut Writer,
        act: ParkingTransaction<'_>,
    ) -> Result<Result<(), (usize, HaltReason)>, Ended> {
        let mut backoff = Backoff::up_to(LONGEST_PAUSE);
        loop {
            match ParkingTransactions::new(writer).run(act).await {
                Ok(Some(push)) => {
                    self.recovered(&mut backoff);
                    self.task.shared.pushes.offer(push);
                    return Ok(Ok(()));
                }
                Ok(None) => {
                    // Done before, and the answer was lost: readers look for themselves.
                    self.task.shared.pushes.offer(Push::gap(
                        self.task.shared.generation,
                        self.task.partition,
                        writer.next_offset(),
                    ));
                    return Ok(Ok(()));
                }
                Err(Failure::Infrastructure(error)) => {
                    self.task.wait(&mut backoff, writer.next_offset(), &error).await?;
                }
                Err(Failure::TooSlow(error)) => match act {
                    ParkingTransaction::Drain(_, events) if events.len() > 1 => {
                        return Ok(Err((events.len() / 2, HaltReason::Data(error))));
                    }
                    _ => self.task.wait(&mut backoff, writer.next_offset(), &error).await?,
                },
                Err(Failure::Fenced) => return Err(self.task.fenced()),
                Err(Failure::FellBack) => return Err(Ended::Lost("Postgres has lost the last commits")),
                Err(Failure::Fold { index, error }) => return Ok(Err((index, HaltReason::Fold(error)))),
                Err(Failure::Data(error)) => {
                    let half = if let ParkingTransaction::Drain(_, events) = act { events.len() / 2 } else { 0 };
                    return Ok(Err((half, HaltReason::Data(error))));
                }
                Err(Failure::Full { full, .. }) => return Ok(Err((0, HaltReason::Full(full)))),
            }
        }
    }

    /// Parks the key of the one event of a batch. `Err` with the reason where that cannot be.
    pub(crate) async fn park(&self, writer: &mut Writer, batch: &Batch, reason: HaltReason) -> Result<(), Ended> {
        let Some((offset, event)) = batch.events().first().filter(|(_, event)| event.key.id().is_some()) else {
            return Err(self.task.stopped(batch.from(), reason));
        };
        let (key, id) = (&event.key, event.envelope.id);
        tracing::error!(partition = %self.task.partition, offset, %key, event = %id, %reason, "key parked");
        self.park_until_done(writer, Parking::Batch(batch, &reason.to_string()), batch.from(), reason).await
    }

    /// Parks the key of an event that cannot be read.
    pub(crate) async fn park_damaged(&self, writer: &mut Writer, damaged: &Damaged) -> Result<(), Ended> {
        let Damaged { offset, event } = damaged;
        let reason = HaltReason::Malformed(event.error.clone());
        tracing::error!(partition = %self.task.partition, offset, key = %event.key, event = %event.id, %reason, "key parked");
        self.park_until_done(writer, Parking::Damaged(damaged, &reason.to_string()), *offset, reason).await
    }

    async fn park_until_done(
        &self,
        writer: &mut Writer,
        parking: Parking<'_>,
        at: i64,
        reason: HaltReason,
    ) -> Result<(), Ended> {
        let mut backoff = Backoff::up_to(LONGEST_PAUSE);
        loop {
            match ParkingTransactions::new(writer).park(parking).await {
                Ok(written) => {
                    self.task.written(written, writer.next_offset());
                    self.recovered(&mut backoff);
                    return self.serve(writer).await;
                }
                Err(Failure::Full { full, .. }) => self.wait_for_room(writer, at, full).await?,
                Err(Failure::Fenced) => return Err(self.task.fenced()),
                Err(Failure::FellBack) => return Err(Ended::Lost("Postgres has lost the last commits")),
                Err(Failure::Infrastructure(error) | Failure::TooSlow(error)) => {
                    self.task.wait(&mut backoff, at, &error).await?;
                }
                Err(Failure::Data(_) | Failure::Fold { .. }) => return Err(self.task.stopped(at, reason)),
            }
        }
    }

    /// Nothing more may wait, so the partition is paused until keys have been let out.
    pub(crate) async fn wait_for_room(&self, writer: &mut Writer, offset: i64, full: Full) -> Result<(), Ended> {
        let waiting = |writer: &Writer| writer.parked.known().map(super::Parked::events);
        self.run_transaction(writer, ParkingTransaction::Look).await?.ok();
        let before = waiting(writer);
        let stopped = Halted { partition: self.task.partition, offset, reason: HaltReason::Full(full) };
        self.task.shared.status.stopped(&stopped);
        let mut look = tokio::time::interval(REQUEST_INTERVAL);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while waiting(writer) >= before {
            tokio::select! {
                () = self.task.released.cancelled() => return Err(Ended::Released),
                _ = look.tick() => {}
            }
            self.task.heartbeat(offset);
            self.serve(writer).await?;
        }
        self.task.shared.status.fine(self.task.partition);
        Ok(())
    }

    fn recovered(&self, backoff: &mut Backoff) {
        if backoff.failures() > 0 {
            self.task.shared.status.fine(self.task.partition);
            *backoff = Backoff::up_to(LONGEST_PAUSE);
        }
    }
}
