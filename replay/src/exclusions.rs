//! What a fold from the beginning of the log leaves out, because the live fold did: of a parked key everything from its first
//! parked event on, and what was given up.

use std::collections::{BTreeMap, HashMap};

use event_schema::record::DamagedEvent;
use event_schema::{Event, EventId};
use platform::settings::PostgresSettings;
use platform::{Kafka, postgres};
use read_model::Partition;
use read_model::parked::Dropped;
use read_model::parked::scan_dropped::{self, ScanError};
use read_model::parked::store::{self, NewParked};
use sqlx::PgConnection;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::log_range::ReadError;

/// What is left out of a partition.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exclusions {
    /// The first parked offset of each key.
    parked: HashMap<Uuid, i64>,
    dropped: Dropped,
    /// What was found to be parked.
    found: Vec<NewParked>,
    /// Keys set aside as a whole, and how many events of each were found.
    refused: HashMap<Uuid, i64>,
    /// No more of them than so many of a key.
    most: i64,
}

/// So many keys of a partition may be refused by the tables; with more, that is no accident of a room.
const MOST_REFUSED: usize = 8;

impl Exclusions {
    /// What the log alone leaves out.
    pub(crate) fn of_log(words: Vec<scan_dropped::DroppedAt>) -> Self {
        let mut aside = Self::default();
        for (key, event_id, at) in words {
            aside.dropped.add(key, event_id, Some(at));
        }
        aside
    }

    /// What is left out of one key.
    pub(crate) fn of_key(key: Uuid, first_parked: Option<i64>, dropped: &[(EventId, Option<i64>)]) -> Self {
        let mut aside = Self::default();
        aside.parked.extend(first_parked.map(|first| (key, first)));
        for (event_id, at) in dropped {
            aside.dropped.add(key, *event_id, *at);
        }
        aside
    }

    /// Whether an event is left out.
    pub(crate) fn holds(&self, offset: i64, event: &Event) -> bool {
        event.key.id().is_some_and(|key| {
            self.parked.get(&key).is_some_and(|first| offset >= *first)
                || self.dropped.covers(key, event.envelope.id, offset)
        })
    }

    /// Whether an event that cannot be read is left out.
    pub(crate) fn holds_damaged(&self, offset: i64, event: &DamagedEvent) -> bool {
        self.parked.get(&event.key).is_some_and(|first| offset >= *first)
            || self.dropped.covers(event.key, event.id, offset)
    }

    /// The same, for a fold that parks the keys anew: its key is parked from here on.
    pub(crate) fn sets_aside_damaged(&mut self, offset: i64, event: &DamagedEvent) -> bool {
        if !self.dropped.covers(event.key, event.id, offset) {
            self.parked.entry(event.key).or_insert(offset);
            let event_type = event.event_type.unwrap_or("unreadable");
            self.found.push(NewParked { key: event.key, offset, event_id: event.id, event_type });
        }
        true
    }

    /// Sets a key aside as a whole; `false` if that is done already, or was done often enough.
    pub(crate) fn refuse(&mut self, key: Uuid, most: i64) -> bool {
        self.most = most;
        let new = self.refused.len() < MOST_REFUSED && !self.refused.contains_key(&key);
        if new {
            self.refused.insert(key, 0);
            self.parked.insert(key, 0);
        }
        new
    }

    /// Whether more events of a refused key were found than may be parked.
    pub(crate) fn is_too_much(&self) -> bool {
        self.refused.values().any(|found| *found > self.most)
    }

    /// The same, for a fold that parks the keys anew.
    pub(crate) fn sets_aside(&mut self, offset: i64, event: &Event) -> bool {
        let Some(key) = event.key.id() else { return false };
        if self.dropped.covers(key, event.envelope.id, offset) {
            return true;
        }
        let waits = self.parked.get(&key).is_some_and(|first| offset >= *first);
        let refused = self.refused.get_mut(&key).map(|found| {
            *found += 1;
            *found
        });
        if waits && refused.is_none_or(|found| found <= self.most) {
            let event_type = event.payload.event_type().name();
            self.found.push(NewParked { key, offset, event_id: event.envelope.id, event_type });
        }
        waits
    }

    /// Writes what was found, without reasons: the owner tries all of it, once the tables are complete.
    pub(crate) async fn keep(&self, connection: &mut PgConnection, partition: Partition) -> sqlx::Result<()> {
        store::park_all(connection, partition, &self.found, None).await
    }
}

/// What the tables of a generation leave out. Asked for in the transaction that reads them.
pub(crate) async fn all(connection: &mut PgConnection) -> sqlx::Result<BTreeMap<Partition, Exclusions>> {
    let mut asides: BTreeMap<Partition, Exclusions> = BTreeMap::new();
    for (partition, key, first) in store::first_of_all(&mut *connection).await? {
        asides.entry(partition).or_default().parked.insert(key, first);
    }
    for (partition, key, event_id, at) in store::all_dropped(connection).await? {
        asides.entry(partition).or_default().dropped.add(key, event_id, at);
    }
    Ok(asides)
}

/// What a rebuild leaves out of a partition: the keys that are parked in the generation that is read now, and whatever the log
/// gives up before an offset.
pub(crate) async fn for_rebuild(
    settings: &PostgresSettings,
    kafka: &Kafka,
    partition: Partition,
    to: i64,
    stop: &CancellationToken,
) -> Result<Exclusions, ReadError> {
    let pool = postgres::pool(settings, postgres::CONTROL_PATH).map_err(ScanError::from)?;
    if scan_dropped::is_scanned(partition.topic) {
        scan_dropped::catch_up(&pool, kafka, partition, to, stop).await?;
    }
    let read = async {
        let mut connection = pool.acquire().await?;
        let parked = store::first_of_active(&mut connection, partition).await?;
        Ok::<_, sqlx::Error>((parked, store::dropped(&mut connection, partition).await?))
    };
    let (parked, dropped) = read.await.map_err(ScanError::from)?;
    pool.close().await;
    Ok(Exclusions { parked: parked.into_iter().collect(), dropped, ..Exclusions::default() })
}
