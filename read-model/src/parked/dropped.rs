//! The events that were given up. The log says so behind them; a fold that comes to them must know it before.

use std::collections::HashMap;

use event_schema::EventId;
use uuid::Uuid;

/// The events given up in a partition, and where the log says so.
#[derive(Clone, Debug, Default)]
pub struct Dropped(HashMap<(Uuid, EventId), i64>);

impl Dropped {
    /// An event is given up, wherever it stands before an offset; without one, the word of it is not in the log yet.
    pub fn add(&mut self, key: Uuid, event_id: EventId, at: Option<i64>) {
        self.0.insert((key, event_id), at.unwrap_or(i64::MAX));
    }

    /// Whether the event at this offset was given up.
    #[must_use]
    pub fn covers(&self, key: Uuid, event_id: EventId, offset: i64) -> bool {
        !self.0.is_empty() && self.0.get(&(key, event_id)).is_some_and(|at| offset < *at)
    }

    /// Whether this says nothing new of an event. What was heard may be old: a place where the log says so takes the place of
    /// none, and a later one of an earlier one, never the other way round.
    #[must_use]
    pub fn knows(&self, key: Uuid, event_id: EventId, at: Option<i64>) -> bool {
        let is_new = |known: i64| at.is_some_and(|at| known == i64::MAX || known < at);
        self.0.get(&(key, event_id)).is_some_and(|known| !is_new(*known))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_heard_late_is_not_believed_again() {
        let (key, event) = (Uuid::from_u128(1), EventId(Uuid::from_u128(2)));
        let mut dropped = Dropped::default();
        assert!(!dropped.knows(key, event, None));
        dropped.add(key, event, None);
        assert!(dropped.knows(key, event, None) && !dropped.knows(key, event, Some(7)));
        dropped.add(key, event, Some(7));
        assert!(dropped.knows(key, event, None) && dropped.knows(key, event, Some(7)));
        assert!(dropped.knows(key, event, Some(6)) && !dropped.knows(key, event, Some(8)));
    }
}
