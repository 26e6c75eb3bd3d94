//! The events that were given up. The log says so behind them; a fold that comes to them must know it before.

use std::collections::HashMap;

use event_schema::EventId;
use uuid::Uuid;

/// The events given up in a partition, and where the log says so.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dropped(HashMap<(Uuid, EventId), i64>);

impl Dropped {
    /// An event is given up, wherever it stands before an offset; without one, the word of it is not in the log yet.
    pub(crate) fn add(&mut self, key: Uuid, event_id: EventId, at: Option<i64>) {
        self.0.insert((key, event_id), at.unwrap_or(i64::MAX));
    }

    /// Whether the event at this offset was given up.
    pub(crate) fn covers(&self, key: Uuid, event_id: EventId, offset: i64) -> bool {
        !self.0.is_empty() && self.0.get(&(key, event_id)).is_some_and(|at| offset < *at)
    }

    /// Whether an event is known to be given up somewhere.
    pub(crate) fn knows(&self, key: Uuid, event_id: EventId) -> bool {
        self.0.contains_key(&(key, event_id))
    }
}
