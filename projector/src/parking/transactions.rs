//! The transactions of parking. Those that do not move the checkpoint hold its lock, so that only the owner does them, and
//! are durable before they are believed: nothing would tell if Postgres lost them.

use std::sync::Arc;

use event_schema::ids::effect_event_id;
use event_schema::room::EventDropped;
use event_schema::{CommandId, Event, EventId, RoomId, Topic};
use platform::foreign_records;
use platform::outbox::{self, OutboxError};
use read_model::checkpoint::{self, Checkpoint, LastEvent};
use read_model::parked::ParkedKey;
use read_model::parked::PendingDrop;
use read_model::parked::store::{self as parked, NewParked, Request};
use sqlx::{PgConnection, Postgres, Transaction};
use uuid::Uuid;

use crate::batch::Batch;
use crate::context::ProjectorContext;
use crate::effects::SOURCE;
use crate::push;
use crate::reader::Damaged;
use crate::store;
use crate::writer::{Failure, Writer, Written};

/// The ids of words about events that are given up follow from this and the event: they are no effects of the fold.
const WORDS: &str = "/chatlog/projector/dropped";

/// What an owner does about parked keys, apart from folding on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ParkingTransaction<'a> {
    /// Reads what is parked.
    Look,
    /// Does what an administrator asks for.
    Answer(&'a Request),
    /// Takes an event out that is given up.
    GiveUp(&'a PendingDrop),
    /// Takes everything out of a key that is given up.
    LeaveOut(Uuid),
    /// Folds the first events of a key.
    Drain(Uuid, &'a [(i64, Event)]),
    /// Says why the first event of a key cannot be folded.
    Stick(Uuid, &'a str),
}

/// What is parked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Parking<'a> {
    /// The one event of a batch, and why.
    Batch(&'a Batch, &'a str),
    /// An event that cannot be read, and why.
    Damaged(&'a Damaged, &'a str),
}

/// What an owner does about its parked keys, each in a transaction of its own.
pub(crate) struct ParkingTransactions<'a> {
    writer: &'a mut Writer,
}

impl<'a> ParkingTransactions<'a> {
    /// With the writer's checkpoint, and what it knows of parked keys.
    pub(crate) fn new(writer: &'a mut Writer) -> Self {
        Self { writer }
    }

    /// Sets an event aside, and with it its key.
    pub(crate) async fn park(&mut self, parking: Parking<'_>) -> Result<Written, Failure> {
        let done = match parking {
            Parking::Batch(batch, reason) => self.park_batch(batch, reason).await,
            Parking::Damaged(damaged, reason) => self.park_damaged(damaged, reason).await,
        };
        self.writer.forget_unless(done.is_ok());
        done
    }

    async fn park_batch(&mut self, batch: &Batch, reason: &str) -> Result<Written, Failure> {
        let shared = Arc::clone(&self.writer.shared);
        let _turn = shared.commits.acquire().await;
        let mut tx = shared.pool.begin_with(store::BEGIN).await?;
        let after = self.writer.held.after(batch.to(), batch.last_event());
        if let Some(before) = self.writer.advance(&mut tx, &after).await? {
            return Ok(before);
        }
        let caps = shared.settings.parked_caps();
        let sorted = self
            .writer
            .parked
            .load(&mut tx)
            .await?
            .sort(batch, caps)
            .map_err(|(index, full)| Failure::Full { index, full })?;
        self.writer.parked.load(&mut tx).await?.check_room(1, caps).map_err(|full| Failure::Full { index: 0, full })?;
        parked::park(&mut tx, self.writer.partition, &sorted.flow, Some(reason)).await?;
        parked::remember_all(&mut tx, self.writer.partition, &sorted.drops).await?;
        foreign_records::set_aside(&mut tx, shared.fold.log_id, batch.foreign()).await?;
        let keys: Vec<Uuid> = sorted.flow.iter().filter_map(|(_, event)| event.key.id()).collect();
        self.commit_parked(tx, &keys, batch.from(), after).await
    }

    /// An event that cannot be read waits as one that cannot be folded, unless the log gives it up.
    async fn park_damaged(&mut self, damaged: &Damaged, reason: &str) -> Result<Written, Failure> {
        let shared = Arc::clone(&self.writer.shared);
        let _turn = shared.commits.acquire().await;
        let mut tx = shared.pool.begin_with(store::BEGIN).await?;
        let Damaged { offset, event } = damaged;
        let (from, last) = (self.writer.held.next_offset, LastEvent { offset: *offset, id: event.id });
        let after = self.writer.held.after(offset + 1, Some(last));
        if let Some(before) = self.writer.advance(&mut tx, &after).await? {
            return Ok(before);
        }
        let known = self.writer.parked.load(&mut tx).await?;
        if !known.is_given_up_at(event.key, event.id, *offset) {
            let full = |full| Failure::Full { index: 0, full };
            let waits = known.check_key(event.key, shared.settings.parked_caps()).map_err(full)?;
            let event_type = event.event_type.unwrap_or("unreadable");
            let parked = NewParked { key: event.key, offset: *offset, event_id: event.id, event_type };
            parked::park_all(&mut tx, self.writer.partition, &[parked], (!waits).then_some(reason)).await?;
        }
        self.commit_parked(tx, &[event.key], from, after).await
    }

    async fn commit_parked(
        &mut self,
        mut tx: Transaction<'_, Postgres>,
        keys: &[Uuid],
        from: i64,
        after: Checkpoint,
    ) -> Result<Written, Failure> {
        let partition = self.writer.partition;
        let mut now = Vec::with_capacity(keys.len());
        for key in keys {
            now.push((*key, parked::of_key(&mut tx, partition, *key).await?));
        }
        tx.commit().await?;
        self.writer.held = after;
        for (key, held) in now {
            self.writer.parked.set(key, held);
        }
        let generation = self.writer.shared.generation;
        Ok(Written::Now(push::Span { generation, partition, from, to: after.next_offset }.empty()))
    }

    /// Does one thing about parked keys. `None` if somebody has done it before.
    pub(crate) async fn run(&mut self, act: ParkingTransaction<'_>) -> Result<Option<read_model::push::Push>, Failure> {
        let done = self.transact(act).await;
        self.writer.forget_unless(matches!(done, Ok(Some(_))));
        done
    }

    async fn transact(&mut self, act: ParkingTransaction<'_>) -> Result<Option<read_model::push::Push>, Failure> {
        let shared = Arc::clone(&self.writer.shared);
        let _turn = shared.commits.acquire().await;
        let mut tx = shared.pool.begin_with(store::BEGIN).await?;
        sqlx::query("set local synchronous_commit = on").execute(&mut *tx).await?;
        if !parked::hold(&mut tx, self.writer.partition, &self.writer.held).await? {
            let found = checkpoint::read(&mut tx, self.writer.partition).await?;
            let ours = found.is_some_and(|found| found.epoch == self.writer.held.epoch);
            return Err(if ours { Failure::FellBack } else { Failure::Fenced });
        }
        self.writer.parked.load(&mut tx).await?;
        let at = self.writer.held.next_offset;
        let span = push::Span { generation: shared.generation, partition: self.writer.partition, from: at, to: at };
        let (key, push, told) = match act {
            ParkingTransaction::Look => return Ok(Some(span.empty())),
            ParkingTransaction::Answer(request) => (request.key, span.empty(), self.answer(&mut tx, request).await?),
            ParkingTransaction::GiveUp(it) => {
                parked::give_up(&mut tx, self.writer.partition, it.key, it.event_id, it.at).await?;
                (it.key, span.empty(), 0)
            }
            ParkingTransaction::LeaveOut(key) => {
                parked::leave_out(&mut tx, self.writer.partition, key).await?;
                (key, span.empty(), 0)
            }
            ParkingTransaction::Stick(key, reason) => {
                parked::set_reason(&mut tx, self.writer.partition, key, Some(reason)).await?;
                (key, span.empty(), 0)
            }
            // Given up since these were read: the caller reads again what is left.
            ParkingTransaction::Drain(key, _) if parked::leave_out(&mut tx, self.writer.partition, key).await? > 0 => {
                (key, span.empty(), 0)
            }
            ParkingTransaction::Drain(key, events) => {
                let events: Vec<(i64, &Event)> = events.iter().map(|(offset, event)| (*offset, event)).collect();
                let offsets: Vec<i64> = events.iter().map(|(offset, _)| *offset).collect();
                if parked::unpark(&mut tx, self.writer.partition, key, &offsets).await? != offsets.len() {
                    return Ok(None);
                }
                let folded = self.writer.fold_into(&mut tx, &events).await?;
                (key, span.of(&events, &folded.outcomes, &folded.changes), folded.told)
            }
        };
        let held = parked::of_key(&mut tx, self.writer.partition, key).await?;
        tx.commit().await?;
        if told > 0 {
            shared.outbox.wake();
        }
        match act {
            ParkingTransaction::GiveUp(it) => self.writer.parked.add_dropped(it.key, it.event_id, it.at),
            ParkingTransaction::Answer(&Request { key, drop: Some(event_id), .. }) => {
                self.writer.parked.add_dropped(key, event_id, None);
            }
            _ => {}
        }
        self.writer.parked.set(key, held);
        Ok(Some(push))
    }

    /// Gives how many events it put into the outbox.
    async fn answer(&mut self, tx: &mut PgConnection, request: &Request) -> Result<usize, Failure> {
        if !parked::take_request(&mut *tx, request).await? {
            return Ok(0);
        }
        let Some(event_id) = request.drop else {
            parked::set_reason(tx, self.writer.partition, request.key, None).await?;
            return Ok(0);
        };
        // Whatever happened since it was asked for: only what stands first and cannot be folded is given up.
        let first = parked::first(&mut *tx, self.writer.partition, request.key, 1).await?;
        let stuck =
            self.writer.parked.load(&mut *tx).await?.get(&request.key).is_some_and(|held: &ParkedKey| held.stuck);
        if self.writer.partition.topic != Topic::Rooms
            || !stuck
            || first.first().is_none_or(|it| it.event_id != event_id)
        {
            return Ok(0);
        }
        parked::remember(&mut *tx, self.writer.partition, request.key, event_id, None).await?;
        parked::give_up(&mut *tx, self.writer.partition, request.key, event_id, None).await?;
        let word = word_of(&self.writer.shared, RoomId(request.key), event_id);
        let queued = outbox::insert(tx, std::slice::from_ref(&word)).await.map_err(|error| match error {
            OutboxError::Database(error) => error,
            OutboxError::Event(error) => sqlx::Error::Encode(error.into()),
        })?;
        Ok(queued.len())
    }
}

/// The event that gives another one up; asked for again, it is the same.
fn word_of(shared: &ProjectorContext, room: RoomId, event_id: EventId) -> Event {
    let id = effect_event_id(WORDS, event_id, 0);
    let payload = EventDropped { event_id };
    Event::by_platform(SOURCE, (id, CommandId(id.0)), shared.clock.now(), room.into(), payload)
}
