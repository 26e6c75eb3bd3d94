//! Compares the tables with the log: folds it again with the same fold, from offset 0 to the checkpoints, and compares
//! every row.
//!
//! First the tables are read once, all at one moment, into a sum of hashes for each table and key; then the log is folded
//! partition by partition and its rows are taken off again. Only keys that are left are looked at row by row. Memory holds
//! one small entry a key and what `crate::partition_replay` needs, never the rows.

mod report;
mod row_diff;
pub(crate) mod schedule;
pub(crate) mod snapshot;

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use event_schema::record::DamagedEvent;
use event_schema::topics::partition_of;
use event_schema::{Event, RoomId, Topic};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use platform::kafka::KafkaError;
use platform::settings::PostgresSettings;
use platform::{Kafka, LogId};
use read_model::generations::Fold;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use crate::log_range::{ReadError, Spent};
pub use report::{ColumnDiffers, Finding, Report, RowDifference};

use crate::checksums::Sums;
use crate::exclusions::Exclusions;
use crate::log_range::{Read, Stretch, Watch};
use crate::partition_replay::Replay;
use crate::progress::PhaseProgress;
use crate::table::Table;
use read_model::Partition;
use read_model::checkpoint::LastEvent;
use snapshot::{Reached, Snapshot};

/// Keys that a partition counts apart from the others, so that each is not in memory twice.
const APART: usize = 50_000;
/// Keys that are looked at row by row when many differ.
const LOOKED_AT: usize = 8;

/// Where log and tables are.
#[derive(Clone)]
pub struct Sources {
    pub kafka: Kafka,
    /// Which log that is, and by which fold it is folded.
    pub fold: Fold,
    pub postgres: PostgresSettings,
    /// Where scratch files lie.
    pub scratch: PathBuf,
    /// Partitions folded at the same time.
    pub parallel: usize,
    pub stop: CancellationToken,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every table, every row, every checkpoint.
    Whole,
    /// What is about these rooms.
    Rooms(Vec<RoomId>),
    /// What is about so many rooms, chosen by a seed.
    Sample {
        rooms: u32,
        /// The same seed chooses the same rooms.
        seed: u64,
    },
}

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    #[error("Postgres: {0}")]
    Postgres(#[from] sqlx::Error),
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    /// A record or the scratch files.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It was never made, or dropped.
    #[error("there is no such generation")]
    NoGeneration,
    /// It was folded from another log.
    #[error("generation {generation} was folded from log {theirs}, this is log {ours}")]
    OtherLog { generation: i32, theirs: LogId, ours: LogId },
    /// It was folded by another version of the fold.
    #[error("generation {generation} is of fold version {theirs}, this program is of {ours}")]
    OtherFold { generation: i32, theirs: i32, ours: i32 },
    /// A thread of it.
    #[error("the folding panicked")]
    Panicked,
}

/// Compares a generation, the active one if none is named, with the log.
pub async fn verify(
    sources: &Sources,
    generation: Option<i32>,
    scope: &Scope,
    progress: &PhaseProgress,
) -> Result<Report, VerifyError> {
    let meant = snapshot::find(&sources.postgres, generation).await?.ok_or(VerifyError::NoGeneration)?;
    let generation = meant.number;
    let Fold { log_id, version } = sources.fold;
    if meant.log_id != log_id {
        return Err(VerifyError::OtherLog { generation, theirs: meant.log_id, ours: log_id });
    }
    if meant.fold_version != version {
        return Err(VerifyError::OtherFold { generation, theirs: meant.fold_version, ours: version });
    }
    let rooms = match scope {
        Scope::Whole => return whole(sources, generation, progress).await,
        Scope::Rooms(rooms) => rooms.clone(),
        Scope::Sample { rooms, seed } => {
            let mut snapshot = Snapshot::open(&sources.postgres, generation).await?;
            let rooms = snapshot.sample(*rooms, *seed).await?;
            snapshot.close().await;
            rooms
        }
    };
    let keys: HashSet<Uuid> = rooms.into_iter().map(|room| room.0).collect();
    let mut report = Report { generation, ..Report::default() };
    row_diff::compare_keys(sources, &keys, &mut report, progress).await?;
    let differing: HashSet<&String> = report.differences.iter().filter_map(|it| Some(&it.key.first()?.1)).collect();
    report.keys_differing = differing.len() as u64;
    Ok(report)
}

async fn whole(sources: &Sources, generation: i32, progress: &PhaseProgress) -> Result<Report, VerifyError> {
    let mut report = Report { generation, ..Report::default() };
    let mut snapshot = Snapshot::open(&sources.postgres, generation).await?;
    let checkpoints: BTreeMap<Partition, Reached> = snapshot.checkpoints().await?.into_iter().collect();
    let mut asides = snapshot.asides().await?;
    let mut sums = Sums::default();
    progress.begin("tables", 0);
    for table in Table::ALL {
        let mut rows = 0;
        let each = |row: &[u8]| {
            sums.found(table, row);
            rows += 1;
            if rows % 1024 == 0 {
                progress.add(1024);
            }
        };
        snapshot.all_rows(table, each).await?;
        report.rows += rows;
        if sources.stop.is_cancelled() {
            return Err(ReadError::Interrupted.into());
        }
    }
    snapshot.close().await;

    let partitions = partitions(sources).await?;
    for (partition, _) in checkpoints.iter().filter(|(partition, _)| !partitions.contains_key(partition)) {
        let problem = "the log has no such partition".to_owned();
        report.differences.push(RowDifference::of_checkpoint(partition.to_string(), problem));
    }
    let stretches = stretches(&partitions, &checkpoints, &mut report);
    progress.begin("log", report.events);
    let sums = Arc::new(Mutex::new(sums));
    let folded = stream::iter(stretches).map(|(partition, reached)| {
        let (sources, sums) = (sources.clone(), Arc::clone(&sums));
        let watch = Counting { progress: progress.clone(), aside: asides.remove(&partition).unwrap_or_default() };
        async move {
            let take_off = move |replay: &Replay| take_off(&sums, replay);
            let read = fold(&sources, partition, reached.next_offset, None, watch, take_off).await?.0;
            Ok::<_, VerifyError>((partition, reached, read))
        }
    });
    let folded: Vec<_> = folded.buffer_unordered(sources.parallel.max(1)).try_collect().await?;
    for (partition, reached, read) in folded {
        // One that is beyond the log's end is told already.
        let said = checkpoints.get(&partition).filter(|said| said.next_offset == reached.next_offset);
        if let Some(problem) = said.and_then(|said| mismatch(said, &read)) {
            report.differences.push(RowDifference::of_checkpoint(partition.to_string(), problem));
        }
    }
    let differing = sums.lock().unwrap_or_else(PoisonError::into_inner).differing();
    look_closely(sources, &differing, &mut report, progress).await?;
    Ok(report)
}

/// How far each partition is to be folded. A checkpoint beyond the log's end is a difference by itself.
fn stretches(
    partitions: &BTreeMap<Partition, i64>,
    checkpoints: &BTreeMap<Partition, Reached>,
    report: &mut Report,
) -> Vec<(Partition, Reached)> {
    let mut stretches = Vec::with_capacity(partitions.len());
    for (partition, end) in partitions {
        let Some(reached) = checkpoints.get(partition) else { continue };
        let mut reached = *reached;
        if reached.next_offset > *end {
            let problem = format!("next_offset is {}, the log ends at {end}", reached.next_offset);
            report.differences.push(RowDifference::of_checkpoint(partition.to_string(), problem));
            reached = Reached { next_offset: *end, last_event: None };
        }
        report.events += u64::try_from(reached.next_offset).unwrap_or_default();
        stretches.push((*partition, reached));
    }
    stretches
}

/// The rows are hashed apart, so that partitions do not wait for each other.
fn take_off(sums: &Mutex<Sums>, replay: &Replay) -> Result<(), std::io::Error> {
    let all = || sums.lock().unwrap_or_else(PoisonError::into_inner);
    let mut apart = Sums::default();
    for table in Table::ALL {
        replay.rows(table, |row| {
            apart.expected(table, row);
            if apart.len() >= APART {
                all().merge(&mut apart);
            }
            Ok::<_, std::io::Error>(())
        })?;
    }
    let mut all = all();
    all.merge(&mut apart);
    all.shrink();
    Ok(())
}

/// Row by row, at the first few keys that differ. Those that agree by now (the closer look is a later one) are told as a
/// whole.
async fn look_closely(
    sources: &Sources,
    differing: &[(Table, Uuid, i64)],
    report: &mut Report,
    progress: &PhaseProgress,
) -> Result<(), VerifyError> {
    let mut keys: Vec<Uuid> = Vec::new();
    for (_, key, _) in differing {
        if !keys.contains(key) {
            keys.push(*key);
        }
    }
    report.keys_differing = keys.len() as u64;
    let looked_at: HashSet<Uuid> = keys.into_iter().take(LOOKED_AT).collect();
    if looked_at.is_empty() {
        return Ok(());
    }
    let mut closer = Report { generation: report.generation, ..Report::default() };
    row_diff::compare_keys(sources, &looked_at, &mut closer, progress).await?;
    let named = |table: Table, key: Uuid| {
        let key = key.to_string();
        closer.differences.iter().any(|it| it.table == table.name() && it.key.first().is_some_and(|it| it.1 == key))
    };
    let unnamed = differing.iter().filter(|(table, key, _)| looked_at.contains(key) && !named(*table, *key));
    let unnamed: Vec<RowDifference> = unnamed
        .map(|(table, key, surplus)| RowDifference {
            table: table.name(),
            key: vec![(table.columns()[0].0, key.to_string())],
            finding: Finding::Rows { surplus: *surplus },
            log: "the checkpoint of its partition".to_owned(),
        })
        .collect();
    report.differences.append(&mut closer.differences);
    report.differences.extend(unnamed);
    Ok(())
}

/// Why a checkpoint and the log do not belong together.
fn mismatch(reached: &Reached, read: &Read) -> Option<String> {
    // Before the first record nothing was read; a record without an id says nothing.
    let stands = read.last_event?;
    let LastEvent { offset, id } = stands;
    match reached.last_event {
        Some(says) if says == stands => None,
        Some(says) => Some(format!(
            "the last event folded is {} at offset {}, but offset {offset} holds {id}",
            says.id, says.offset
        )),
        None => Some(format!("it does not say which event was folded last; offset {offset} holds {id}")),
    }
}

/// All partitions that are folded, with their ends.
async fn partitions(sources: &Sources) -> Result<BTreeMap<Partition, i64>, KafkaError> {
    let mut partitions = BTreeMap::new();
    for topic in Topic::PROJECTED {
        for number in 0..sources.kafka.partitions(topic).await? {
            let end = sources.kafka.end_offset(topic, number).await?;
            partitions.insert(Partition { topic, number }, end);
        }
    }
    Ok(partitions)
}

/// The partition of a topic that holds a key.
pub(crate) async fn home(sources: &Sources, topic: Topic, key: Uuid) -> Result<Partition, KafkaError> {
    let number = partition_of(&key.to_string(), sources.kafka.partitions(topic).await?);
    Ok(Partition { topic, number })
}

/// Folds a partition up to an offset, on a thread of its own, and there looks at its rows.
pub(crate) async fn fold<T: Send + 'static>(
    sources: &Sources,
    partition: Partition,
    to: i64,
    keys: Option<Arc<HashSet<Uuid>>>,
    mut watch: Counting,
    then: impl FnOnce(&Replay) -> Result<T, std::io::Error> + Send + 'static,
) -> Result<(Read, Replay, T), VerifyError> {
    let sources = sources.clone();
    let folded = tokio::task::spawn_blocking(move || {
        let mut replay = Replay::new(&sources.scratch);
        let stretch =
            Stretch { kafka: &sources.kafka, partition, from: 0, to, keys: keys.as_deref(), stop: &sources.stop };
        let read = stretch.fold(&mut replay, &mut watch)?;
        let told = then(&replay).map_err(ReadError::Scratch)?;
        Ok::<_, ReadError>((read, replay, told))
    });
    Ok(folded.await.map_err(|_| VerifyError::Panicked)??)
}

/// Shows how far it is, and leaves out what the live fold has not folded.
pub(crate) struct Counting {
    pub(crate) progress: PhaseProgress,
    pub(crate) aside: Exclusions,
}

impl Watch for Counting {
    fn passed(&mut self, records: u64) {
        self.progress.add(records);
    }

    fn leaves_out(&mut self, offset: i64, event: &Event) -> bool {
        self.aside.holds(offset, event)
    }

    fn leaves_out_damaged(&mut self, offset: i64, event: &DamagedEvent) -> bool {
        self.aside.holds_damaged(offset, event)
    }

    fn folded(&mut self, _: &[Event], _: &[fold::Outcome]) {}
}
