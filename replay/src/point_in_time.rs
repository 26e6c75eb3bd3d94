//! Looking back: one room as it was at a time, by the log alone.
//!
//! Time is the room's own, which never goes back: an event counts as happening at its time or at that of the latest event
//! before it, as the messages' `created_at` does.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::path::PathBuf;

use event_schema::record::DamagedEvent;
use event_schema::{Event, MessageId, RoomId, Timestamp, Topic, UserId};
use fold::{Item, Member, Outcome, Room};
use platform::Kafka;
use platform::kafka::KafkaError;
use read_model::Partition;
use read_model::parked::scan_dropped;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::exclusions::Exclusions;
use crate::log_range::{ReadError, Stretch, Watch};
use crate::partition_replay::Replay;
use crate::progress::PhaseProgress;
use crate::table::{self, Table};

/// Where the log is.
#[derive(Clone)]
pub struct Log {
    pub kafka: Kafka,
    /// Where scratch files lie.
    pub scratch: PathBuf,
    pub stop: CancellationToken,
}

/// Why one cannot look back.
#[derive(Debug, thiserror::Error)]
pub enum PastError {
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    /// A record or the scratch files.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A thread of it.
    #[error("the folding panicked")]
    Panicked,
}

/// A room as it was.
pub struct Past {
    id: RoomId,
    replay: Replay,
    /// Events of it folded: all up to then.
    pub events: u64,
}

/// Folds a room up to a time, or to the end of the log.
pub async fn room_at(
    log: &Log,
    room: RoomId,
    at: Option<Timestamp>,
    progress: &PhaseProgress,
) -> Result<Past, PastError> {
    let number = log.kafka.partition_for(Topic::Rooms, &room.to_string()).await?;
    let partition = Partition { topic: Topic::Rooms, number };
    let end = log.kafka.end_offset(partition.topic, number).await?;
    progress.begin("log", u64::try_from(end).unwrap_or_default());
    let (log, progress) = (log.clone(), progress.clone());
    let folding = tokio::task::spawn_blocking(move || {
        let mut replay = Replay::new(&log.scratch);
        let keys = HashSet::from([room.0]);
        let stretch = Stretch { kafka: &log.kafka, partition, from: 0, to: end, keys: Some(&keys), stop: &log.stop };
        // What is given up later never showed.
        let aside = Exclusions::of_log(scan_dropped::scan(&log.kafka, partition, 0, end, &log.stop)?);
        let mut until = Until { at, newest: None, events: 0, progress, aside };
        stretch.fold(&mut replay, &mut until)?;
        Ok::<_, ReadError>(Past { id: room, replay, events: until.events })
    });
    Ok(folding.await.map_err(|_| PastError::Panicked)??)
}

/// Leaves out what happened later.
struct Until {
    at: Option<Timestamp>,
    newest: Option<Timestamp>,
    events: u64,
    progress: PhaseProgress,
    aside: Exclusions,
}

impl Watch for Until {
    fn passed(&mut self, records: u64) {
        self.progress.add(records);
    }

    fn leaves_out(&mut self, offset: i64, event: &Event) -> bool {
        self.aside.holds(offset, event)
    }

    fn leaves_out_damaged(&mut self, offset: i64, event: &DamagedEvent) -> bool {
        self.aside.holds_damaged(offset, event)
    }

    fn folded(&mut self, events: &[Event], _: &[Outcome]) {
        self.events += events.len() as u64;
    }

    fn ends_before(&mut self, event: &Event) -> bool {
        let time = self.newest.map_or(event.envelope.time, |newest| newest.max(event.envelope.time));
        self.newest = Some(time);
        self.at.is_some_and(|at| time > at)
    }
}

impl Past {
    /// The room; `None` if it was not there yet.
    #[must_use]
    pub fn room(&self) -> Option<&Room> {
        self.replay.room(self.id)
    }

    /// Everybody who had to do with it, in the order of their ids.
    #[must_use]
    pub fn members(&self) -> Vec<(UserId, Member)> {
        self.replay.members()
    }

    /// The newest messages, oldest first.
    pub fn messages(&self, most: usize) -> Result<Vec<Item>, PastError> {
        let last = self.room().map_or(0, |room| room.last_seq);
        let first = last.saturating_sub(i64::try_from(most).unwrap_or(i64::MAX));
        let mut items = self.items(|seq, _| seq > first)?;
        items.sort_unstable_by_key(|item| item.seq);
        Ok(items)
    }

    fn items(&self, mut wanted: impl FnMut(i64, &[u8]) -> bool) -> Result<Vec<Item>, PastError> {
        let mut items = Vec::new();
        let rows = self.replay.rows(Table::Messages, |row| {
            if table::seq_of(row).is_some_and(|seq| wanted(seq, row)) {
                items.push(table::read_message(row).ok_or(std::io::ErrorKind::InvalidData)?.item);
            }
            Ok::<_, std::io::Error>(())
        });
        rows.map_err(ReadError::Scratch)?;
        Ok(items)
    }

    /// The first of those that are wanted; no more of them are ever in memory.
    fn first_items(&self, wanted: impl Fn(i64, &[u8]) -> bool, most: usize) -> Result<Vec<Item>, PastError> {
        let mut first = BTreeMap::new();
        let rows = self.replay.rows(Table::Messages, |row| {
            let Some(seq) = table::seq_of(row) else { return Ok(()) };
            let has_room = first.len() < most || first.last_key_value().is_some_and(|(last, _)| seq < *last);
            if has_room && wanted(seq, row) {
                first.insert(seq, table::read_message(row).ok_or(std::io::ErrorKind::InvalidData)?.item);
                if first.len() > most {
                    first.pop_last();
                }
            }
            Ok::<_, std::io::Error>(())
        });
        rows.map_err(ReadError::Scratch)?;
        Ok(first.into_values().collect())
    }

    /// A hash of every message's row, by its place: seqs have no gaps, and a room of a hundred million messages takes less
    /// than a gigabyte.
    fn hashes(&self, hasher: &RandomState) -> Result<Vec<u64>, PastError> {
        let last = self.room().map_or(0, |room| room.last_seq);
        let mut all = vec![0; usize::try_from(last).unwrap_or_default()];
        let rows = self.replay.rows(Table::Messages, |row| {
            let seq = table::seq_of(row).ok_or(std::io::ErrorKind::InvalidData)?;
            let hash = place(seq).and_then(|at| all.get_mut(at)).ok_or(std::io::ErrorKind::InvalidData)?;
            *hash = hasher.hash_one(row);
            Ok::<_, std::io::Error>(())
        });
        rows.map_err(ReadError::Scratch)?;
        Ok(all)
    }

    fn message(&self, id: MessageId) -> Result<Option<Item>, PastError> {
        let found = self.replay.message(self.id, id).map_err(ReadError::Scratch)?;
        Ok(found.map(|message| message.item))
    }

    /// What became of it until a later time: of messages so many at most, the first ones first.
    pub fn until(&self, later: &Self, most: usize) -> Result<RoomDifference, PastError> {
        let hasher = RandomState::new();
        let known = self.hashes(&hasher)?;
        let changed = |seq, row: &[u8]| place(seq).and_then(|at| known.get(at)) != Some(&hasher.hash_one(row));
        let mut messages = Vec::new();
        for item in later.first_items(changed, most)? {
            messages.push(Changed { before: self.message(item.message_id)?, after: Some(item) });
        }
        let before: HashMap<UserId, Member> = self.members().into_iter().collect();
        let members = later.members().into_iter().filter_map(|(user, member)| {
            let before = before.get(&user);
            let same = before.is_some_and(|before| (before.state, before.role) == (member.state, member.role));
            let word = |member: &Member| format!("{} as {}", member.state.as_str(), member.role.as_str());
            (!same).then(|| (user, Changed { before: before.map(word), after: Some(word(&member)) }))
        });
        let facts = |past: &Self| past.room().map(facts).unwrap_or_default();
        let (earlier, now) = (facts(self), facts(later));
        let value = |facts: &[(&'static str, String)], name| {
            facts.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
        };
        let room = now.iter().filter_map(|(name, after)| {
            let before = value(&earlier, *name);
            (before.as_ref() != Some(after)).then(|| (*name, Changed { before, after: Some(after.clone()) }))
        });
        Ok(RoomDifference { room: room.collect(), members: members.collect(), messages })
    }
}

/// Where a message stands among all of its room.
fn place(seq: i64) -> Option<usize> {
    usize::try_from(seq.checked_sub(1)?).ok()
}

/// What a room's row says, apart from counters.
fn facts(room: &Room) -> Vec<(&'static str, String)> {
    vec![
        ("name", room.name.clone().unwrap_or_default()),
        ("join_rule", room.join_rule.as_str().to_owned()),
        ("history_visibility", room.history_visibility.as_str().to_owned()),
        ("archived", room.archived.to_string()),
        ("member_count", room.member_count.to_string()),
        ("last_seq", room.last_seq.to_string()),
        ("rev", room.rev.to_string()),
    ]
}

/// What something was, and what it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Changed<T> {
    /// Nothing, if it is new.
    pub before: Option<T>,
    /// Nothing, if it is gone.
    pub after: Option<T>,
}

/// What became of a room between two times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RoomDifference {
    pub room: Vec<(&'static str, Changed<String>)>,
    pub members: Vec<(UserId, Changed<String>)>,
    pub messages: Vec<Changed<Item>>,
}
