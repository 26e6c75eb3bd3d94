//! Parking: after an event that cannot be folded, the later events of its key are set aside behind it, and every other key
//! flows on.
//!
//! A key's rows in `parked` are in the log's order. The first says why it could not be folded (`reason`): the key is stuck.
//! Without a reason it is on its way out: its owner reads the events from the log again and folds them, slice by slice, before it
//! goes on ([`drain`](crate::partition)). So a retry takes the reason away, and giving an event up takes its row away; whatever
//! ends the process, the rows say how far it is.
//!
//! Giving up is a fact of the log (`chat.room.event_dropped`), but one that stands behind the event. Whoever folds from the
//! beginning knows it before ([`Dropped`]), so that a replay leaves out what the live fold gave up.

mod cache;
mod drain;
pub(crate) mod fetch;
pub(crate) mod limits;
pub(crate) mod owner_requests;
pub(crate) mod transactions;

use std::collections::HashMap;
use std::sync::Arc;

use event_schema::{Event, EventId};
use read_model::parked::{Dropped, EventDrop, ParkedKey, dropped_by};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub(crate) use cache::ParkedCache;
pub(crate) use drain::{ParkedKeys, REQUEST_INTERVAL};
pub use limits::{Full, ParkedLimits};

use crate::batch::Batch;
use crate::context::ProjectorContext;
use read_model::Partition;

/// The parked keys of a partition, as its owner knows them.
#[derive(Debug, Default)]
pub(crate) struct Parked {
    keys: HashMap<Uuid, ParkedKey>,
    dropped: Dropped,
}

/// The events of a batch by what is to be done with them.
#[derive(Debug, Default)]
pub(crate) struct Sorted<'a> {
    pub(crate) flow: Vec<(i64, &'a Event)>,
    /// To wait behind what is parked.
    pub(crate) queue: Vec<(i64, &'a Event)>,
    /// What they give up.
    pub(crate) drops: Vec<EventDrop>,
}

impl Sorted<'_> {
    /// The place in the batch of an event that flows.
    pub(crate) fn place(&self, index: usize, batch: &Batch) -> usize {
        let place = |(offset, _): &(i64, &Event)| batch.events().iter().position(|(it, _)| it == offset);
        self.flow.get(index).and_then(place).unwrap_or_default()
    }
}

impl Parked {
    pub(crate) fn new(keys: HashMap<Uuid, ParkedKey>, dropped: Dropped) -> Self {
        Self { keys, dropped }
    }

    /// Parts the events of a batch. Those that were given up go nowhere. Where no more may wait, the error says before
    /// which event of the batch.
    pub(crate) fn sort<'a>(&self, batch: &'a Batch, caps: ParkedLimits) -> Result<Sorted<'a>, (usize, Full)> {
        let mut sorted = Sorted { flow: Vec::with_capacity(batch.len()), ..Sorted::default() };
        let mut more: HashMap<Uuid, i64> = HashMap::new();
        for (index, (offset, event)) in batch.events().iter().enumerate() {
            let offset = *offset;
            let key = event.key.id();
            let held = key.and_then(|key| self.keys.get(&key));
            if let Some((key, event_id)) = dropped_by(event) {
                sorted.drops.push(EventDrop { key, event_id, at: offset, of_parked: held.is_some() });
            }
            let (Some(key), Some(held)) = (key, held) else {
                if !key.is_some_and(|key| self.dropped.covers(key, event.envelope.id, offset)) {
                    sorted.flow.push((offset, event));
                }
                continue;
            };
            if self.dropped.covers(key, event.envelope.id, offset) {
                continue;
            }
            let more = more.entry(key).or_default();
            *more += 1;
            if held.events + *more > caps.key {
                return Err((index, Full::Key { key, events: held.events + *more - 1 }));
            }
            sorted.queue.push((offset, event));
            self.check_room(i64::try_from(sorted.queue.len()).unwrap_or(i64::MAX), caps)
                .map_err(|full| (index, full))?;
        }
        Ok(sorted)
    }

    /// Whether so many more may wait.
    pub(crate) fn check_room(&self, more: i64, caps: ParkedLimits) -> Result<(), Full> {
        let events = self.events();
        if events + more > caps.partition { Err(Full::Partition { events }) } else { Ok(()) }
    }

    /// Whether one more event of a key waits behind others; there must be room for it.
    pub(crate) fn check_key(&self, key: Uuid, caps: ParkedLimits) -> Result<bool, Full> {
        self.check_room(1, caps)?;
        let held = self.keys.get(&key);
        match held {
            Some(held) if held.events >= caps.key => Err(Full::Key { key, events: held.events }),
            held => Ok(held.is_some()),
        }
    }

    /// Whether the log gives up the event at an offset.
    pub(crate) fn is_given_up_at(&self, key: Uuid, event_id: EventId, offset: i64) -> bool {
        self.dropped.covers(key, event_id, offset)
    }

    /// Events that wait, of all keys.
    pub(crate) fn events(&self) -> i64 {
        self.keys.values().map(|held| held.events).sum()
    }

    pub(crate) fn keys(&self) -> usize {
        self.keys.len()
    }

    /// When the oldest key was parked.
    pub(crate) fn since(&self) -> Option<Instant> {
        self.keys.values().map(|held| held.since).min()
    }

    pub(crate) fn get(&self, key: &Uuid) -> Option<&ParkedKey> {
        self.keys.get(key)
    }

    /// A key that is on its way out.
    pub(crate) fn free(&self) -> Option<Uuid> {
        self.keys.iter().find(|(_, held)| !held.stuck).map(|(key, _)| *key)
    }

    /// What the table says of a key now.
    pub(crate) fn set(&mut self, key: Uuid, held: Option<ParkedKey>) {
        match held {
            Some(held) => {
                let since = self.keys.get(&key).map_or(held.since, |known| known.since);
                self.keys.insert(key, ParkedKey { since, ..held });
            }
            None => drop(self.keys.remove(&key)),
        }
    }

    /// A batch is committed; `released` is what the table says of the keys of which it gave something up.
    pub(crate) fn settle(&mut self, sorted: &Sorted<'_>, released: Vec<(Uuid, Option<ParkedKey>)>) {
        for key in sorted.queue.iter().filter_map(|(_, event)| event.key.id()) {
            if let Some(held) = self.keys.get_mut(&key) {
                held.events += 1;
            }
        }
        for it in &sorted.drops {
            self.dropped.add(it.key, it.event_id, Some(it.at));
        }
        for (key, held) in released {
            self.set(key, held);
        }
    }

    /// Whether an event is known to be given up, and where the log says so.
    pub(crate) fn is_given_up(&self, key: Uuid, event_id: EventId, at: Option<i64>) -> bool {
        self.dropped.knows(key, event_id, at)
    }

    pub(crate) fn dropped_mut(&mut self) -> &mut Dropped {
        &mut self.dropped
    }
}

/// Keeps what is asked of the owners of parked keys known, until asked to end.
pub(crate) async fn watch_requests(shared: Arc<ProjectorContext>, soft: CancellationToken) {
    while tokio::time::timeout(REQUEST_INTERVAL, soft.cancelled()).await.is_err() {
        let refreshed = shared.owner_requests.refresh(&shared.pool, shared.generation, shared.all_reached());
        if let Err(error) = refreshed.await {
            tracing::debug!(%error, "failed to read requests about parked keys; retrying");
        }
    }
}

/// What is told of a partition's parked events.
pub(crate) fn report(shared: &ProjectorContext, partition: Partition, parked: &Parked) {
    let oldest = parked.since().map(|since| since.elapsed());
    crate::metrics::parked(shared.generation, partition, parked.keys(), parked.events(), oldest);
    let concern = crate::status::Concern::Parked(partition);
    if parked.keys() == 0 {
        shared.status.clear(concern);
    } else {
        let why = format!("{partition}: {} keys with {} events are parked", parked.keys(), parked.events());
        shared.status.raise(concern, why);
    }
}

/// Told by the partition's next owner from now on.
pub(crate) fn clear_report(shared: &ProjectorContext, partition: Partition) {
    report(shared, partition, &Parked::default());
}

#[cfg(test)]
mod tests {
    use event_schema::{RoomId, UserId};

    use super::*;
    use test_support::story::{event, posted};

    const CAPS: ParkedLimits = ParkedLimits { key: 3, partition: 4 };
    const STUCK: RoomId = RoomId(Uuid::from_u128(1));
    const OTHER: RoomId = RoomId(Uuid::from_u128(2));
    const AUTHOR: UserId = UserId(Uuid::from_u128(9));

    fn parked(events: i64) -> Parked {
        let held = ParkedKey { stuck: true, events, since: Instant::now() };
        Parked::new(HashMap::from([(STUCK.0, held)]), Dropped::default())
    }

    fn batch(rooms: &[RoomId]) -> Batch {
        let mut batch = Batch::starting(10);
        (1..).zip(rooms).for_each(|(n, room)| batch.append(event(n, *room, AUTHOR, posted("words"))));
        batch
    }

    fn offsets(events: &[(i64, &Event)]) -> Vec<i64> {
        events.iter().map(|(offset, _)| *offset).collect()
    }

    #[test]
    fn successors_queue_and_others_flow() {
        let batch = batch(&[STUCK, OTHER, STUCK, OTHER]);
        let parked = parked(1);
        let sorted = parked.sort(&batch, CAPS).expect("room");
        assert_eq!((offsets(&sorted.queue), offsets(&sorted.flow)), (vec![10, 12], vec![11, 13]));
    }

    #[test]
    fn the_caps_say_before_which_event() {
        let rooms = [OTHER, STUCK, STUCK, OTHER, STUCK];
        let full = parked(1).sort(&batch(&rooms), CAPS).map(drop).expect_err("full");
        assert_eq!(full, (4, Full::Key { key: STUCK.0, events: 3 }));
        let narrow = ParkedLimits { partition: 2, ..CAPS };
        let full = parked(1).sort(&batch(&rooms), narrow).map(drop).expect_err("full");
        assert_eq!(full, (2, Full::Partition { events: 1 }));
    }

    #[test]
    fn what_is_given_up_goes_nowhere_before_the_word_of_it() {
        let batch = batch(&[STUCK, OTHER, OTHER]);
        let id = |index: usize| batch.events()[index].1.envelope.id;
        let mut parked = parked(1);
        parked.dropped_mut().add(STUCK.0, id(0), Some(20));
        parked.dropped_mut().add(OTHER.0, id(1), None);
        parked.dropped_mut().add(OTHER.0, id(2), Some(12));
        let sorted = parked.sort(&batch, CAPS).expect("room");
        assert_eq!((offsets(&sorted.queue), offsets(&sorted.flow)), (vec![], vec![12]), "later, it is another event");
    }
}
