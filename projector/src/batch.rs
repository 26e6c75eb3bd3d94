//! Events on their way from one partition to the tables, and when they should go. Pure.

use std::time::Duration;

use event_schema::Event;
use platform::foreign_records::ForeignRecord;
use read_model::checkpoint::LastEvent;
use tokio::time::Instant;

/// Events of one partition, in the log's order, up to an offset. Between them may be offsets without an event.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    from: i64,
    to: i64,
    events: Vec<(i64, Event)>,
    foreign: Vec<ForeignRecord>,
    bytes: usize,
}

impl Batch {
    /// An empty batch that will begin at an offset.
    pub(crate) fn starting(from: i64) -> Self {
        Self { from, to: from, events: Vec::new(), foreign: Vec::new(), bytes: 0 }
    }

    /// Appends the event at an offset, whose record has so many bytes.
    pub(crate) fn push(&mut self, offset: i64, event: Event, bytes: usize) {
        self.events.push((offset, event));
        self.to = offset + 1;
        self.bytes += bytes;
    }

    /// Appends an event without a gap before it.
    #[cfg(test)]
    pub(crate) fn append(&mut self, event: Event) {
        self.push(self.to, event, 1);
    }

    /// There is no event before this offset that is not in the batch.
    pub(crate) fn skip_to(&mut self, offset: i64) {
        self.to = self.to.max(offset);
    }

    /// A record that is set aside.
    pub(crate) fn set_aside(&mut self, record: ForeignRecord) {
        self.to = record.offset + 1;
        self.foreign.push(record);
    }

    /// Records that are not ours.
    pub(crate) fn foreign(&self) -> &[ForeignRecord] {
        &self.foreign
    }

    /// Hands over what there is and goes on empty behind it.
    pub(crate) fn take(&mut self) -> Self {
        let next = Self::starting(self.to);
        std::mem::replace(self, next)
    }

    /// The first offset.
    pub(crate) fn from(&self) -> i64 {
        self.from
    }

    /// The offset after the last.
    pub(crate) fn to(&self) -> i64 {
        self.to
    }

    /// How many events it has.
    pub(crate) fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether it has no offset at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.from == self.to
    }

    /// The size of its records; of a part of a batch, that of the whole.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The events, each with its offset.
    pub(crate) fn events(&self) -> &[(i64, Event)] {
        &self.events
    }

    /// The last event; `None` if it has none.
    pub(crate) fn last_event(&self) -> Option<LastEvent> {
        self.events.last().map(|(offset, event)| LastEvent { offset: *offset, id: event.envelope.id })
    }

    /// Two batches, the first of `at` events; `None` where one of them would have none.
    pub(crate) fn split(mut self, at: usize) -> Option<(Self, Self)> {
        if at == 0 || at >= self.events.len() {
            return None;
        }
        let events = self.events.split_off(at);
        let middle = self.events.last().map_or(self.from, |(offset, _)| offset + 1);
        let foreign = self.foreign.extract_if(.., |record| record.offset >= middle).collect();
        let rest = Self { from: middle, to: self.to, events, foreign, bytes: self.bytes };
        self.to = middle;
        Some((self, rest))
    }
}

/// A batch is full with so many bytes of records, however few they are: memory is bounded.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// When a batch goes: at once when there has been none for a while (nobody waits longer than needed), else so that at
/// most one goes each `linger` (many small transactions cost more than a short wait), and never later than full.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    most: usize,
    linger: Duration,
    not_before: Option<Instant>,
}

/// Whether a batch should go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// There is nothing to send.
    Empty,
    /// Not before this moment, unless it fills up.
    At(Instant),
    /// Now; more may still join until it is taken.
    Now,
    /// Now; nothing more may join.
    Full,
}

impl Pace {
    pub(crate) fn new(most: usize, linger: Duration) -> Self {
        Self { most: most.max(1), linger, not_before: None }
    }

    pub(crate) fn due(&self, batch: &Batch, now: Instant) -> Due {
        // Offsets without an event move the checkpoint, too.
        let len = if batch.is_empty() { 0 } else { batch.len().max(1) };
        self.due_at(len, batch.bytes(), now)
    }

    fn due_at(&self, len: usize, bytes: usize, now: Instant) -> Due {
        match self.not_before {
            _ if len == 0 => Due::Empty,
            _ if len >= self.most || bytes >= MOST_BYTES => Due::Full,
            Some(at) if at > now => Due::At(at),
            _ => Due::Now,
        }
    }

    pub(crate) fn sent(&mut self, now: Instant) {
        self.not_before = Some(now + self.linger);
    }
}

#[cfg(test)]
mod tests {
    use event_schema::{RoomId, UserId};
    use test_support::story::posted;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_first_goes_at_once_and_the_next_lingers() {
        let now = Instant::now();
        let mut pace = Pace::new(3, Duration::from_millis(10));
        assert_eq!(pace.due_at(0, 0, now), Due::Empty);
        assert_eq!(pace.due_at(1, 9, now), Due::Now);
        pace.sent(now);
        let due = now + Duration::from_millis(10);
        assert_eq!(pace.due_at(1, 9, now), Due::At(due));
        assert_eq!(pace.due_at(3, 9, now), Due::Full);
        assert_eq!(pace.due_at(1, MOST_BYTES, now), Due::Full);
        assert_eq!(pace.due_at(2, 9, due), Due::Now);
    }

    #[test]
    fn a_batch_without_two_halves_is_not_split() {
        assert!(Batch::starting(7).split(0).is_none());
        assert!(Batch::starting(7).split(1).is_none());
        assert_eq!(Batch::starting(7).to(), 7);
    }

    #[test]
    fn offsets_without_an_event_belong_to_a_batch() {
        let event = |n| test_support::story::event(n, RoomId(Uuid::from_u128(1)), UserId::PLATFORM, posted("words"));
        let mut batch = Batch::starting(3);
        batch.push(5, event(1), 1);
        batch.push(8, event(2), 1);
        batch.skip_to(10);
        assert_eq!(batch.last_event().map(|last| last.offset), Some(8));
        let (first, rest) = batch.split(1).expect("two halves");
        assert_eq!((first.from(), first.to(), rest.from(), rest.to()), (3, 6, 6, 10));
        let (mut markers, now) = (Batch::starting(3), Instant::now());
        let pace = Pace::new(3, Duration::ZERO);
        assert_eq!(pace.due(&markers, now), Due::Empty);
        markers.skip_to(4);
        assert_eq!(pace.due(&markers, now), Due::Now, "the checkpoint moves over them");
    }
}
