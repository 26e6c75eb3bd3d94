//! Events on their way from one partition to the tables, and when they should go. Pure.

use std::time::Duration;

use event_schema::{Event, EventId};
use tokio::time::Instant;

/// Consecutive events of one partition; the log has no holes, so the first offset tells all.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    from: i64,
    events: Vec<Event>,
    bytes: usize,
}

impl Batch {
    /// An empty batch that will begin at an offset.
    pub(crate) fn starting(from: i64) -> Self {
        Self { from, events: Vec::new(), bytes: 0 }
    }

    /// Appends the event at [`Self::to`], whose record has so many bytes.
    pub(crate) fn push(&mut self, event: Event, bytes: usize) {
        self.events.push(event);
        self.bytes += bytes;
    }

    /// Hands over what there is and goes on empty behind it.
    pub(crate) fn take(&mut self) -> Self {
        let next = Self::starting(self.to());
        std::mem::replace(self, next)
    }

    /// The offset of the first event.
    pub(crate) fn from(&self) -> i64 {
        self.from
    }

    /// The offset after the last event.
    pub(crate) fn to(&self) -> i64 {
        self.from + i64::try_from(self.events.len()).unwrap_or(i64::MAX)
    }

    pub(crate) fn len(&self) -> usize {
        self.events.len()
    }

    /// The size of its records; of a part of a batch, that of the whole.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn events(&self) -> &[Event] {
        &self.events
    }

    /// The id of the last event; `None` of an empty batch.
    pub(crate) fn last_event_id(&self) -> Option<EventId> {
        self.events.last().map(|event| event.envelope.id)
    }

    /// The offsets and events.
    pub(crate) fn placed(&self) -> impl Iterator<Item = (i64, &Event)> {
        (self.from..).zip(&self.events)
    }

    /// Two batches, the first of `at` events; `None` where one of them would be empty.
    pub(crate) fn split(mut self, at: usize) -> Option<(Self, Self)> {
        if at == 0 || at >= self.events.len() {
            return None;
        }
        let events = self.events.split_off(at);
        let rest = Self { from: self.to(), events, bytes: self.bytes };
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
        self.due_at(batch.len(), batch.bytes(), now)
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
}
