//! What the owner of a partition remembers of its parked keys between transactions.

use event_schema::EventId;
use read_model::Partition;
use read_model::parked::{ParkedKey, store};
use sqlx::PgConnection;
use uuid::Uuid;

use super::Parked;

/// The parked keys of a partition, read once and kept right; read again after every failure.
#[derive(Debug)]
pub(crate) struct ParkedCache {
    partition: Partition,
    parked: Option<Parked>,
}

impl ParkedCache {
    /// Nothing is known yet.
    pub(crate) fn new(partition: Partition) -> Self {
        Self { partition, parked: None }
    }

    /// Reads what is parked, unless that is known. The caller's transaction holds the checkpoint.
    pub(crate) async fn load(&mut self, tx: &mut PgConnection) -> sqlx::Result<&mut Parked> {
        if self.parked.is_none() {
            let (keys, dropped) = store::load(tx, self.partition).await?;
            self.parked = Some(Parked::new(keys, dropped));
        }
        Ok(self.parked.get_or_insert_default())
    }

    /// What has been read.
    pub(crate) fn known(&self) -> Option<&Parked> {
        self.parked.as_ref()
    }

    /// What has been read, to be changed with a commit.
    pub(crate) fn known_mut(&mut self) -> Option<&mut Parked> {
        self.parked.as_mut()
    }

    /// An event was given up: the log says so at an offset, or will. A fold that has not come to the event leaves it out.
    pub(crate) fn add_dropped(&mut self, key: Uuid, event_id: EventId, at: Option<i64>) {
        if let Some(parked) = &mut self.parked {
            parked.dropped_mut().add(key, event_id, at);
        }
    }

    /// What the table says of a key now.
    pub(crate) fn set(&mut self, key: Uuid, held: Option<ParkedKey>) {
        if let Some(parked) = &mut self.parked {
            parked.set(key, held);
        }
    }

    /// A transaction failed: nothing in memory is believed.
    pub(crate) fn clear(&mut self) {
        self.parked = None;
    }
}
