//! Row by row: the rows of a few keys as the tables have them, in the order of their primary keys, against those that
//! follow from the log.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

use event_schema::Topic;
use read_model::Partition;
use uuid::Uuid;

use super::report::{Report, RowDifference};
use super::snapshot::{Reached, Snapshot};
use super::{Counting, Sources, VerifyError, fold, home, mismatch};
use crate::checksums::{comparable, key_of};
use crate::copy_encoder;
use crate::partition_replay::Replay;
use crate::progress::PhaseProgress;
use crate::table::Table;

/// Differences told of each table.
const TOLD: usize = 10;

/// What follows from the log about some keys.
struct Expected {
    partition: Partition,
    to: i64,
    replay: Replay,
}

/// Compares everything about these keys.
pub(super) async fn compare_keys(
    sources: &Sources,
    keys: &HashSet<Uuid>,
    report: &mut Report,
    progress: &PhaseProgress,
) -> Result<(), VerifyError> {
    let mut homes: BTreeMap<Partition, HashSet<Uuid>> = BTreeMap::new();
    for topic in Topic::PROJECTED {
        for key in keys {
            homes.entry(home(sources, topic, *key).await?).or_default().insert(*key);
        }
    }
    let mut snapshot = Snapshot::open(&sources.postgres, report.generation).await?;
    let checkpoints: BTreeMap<Partition, Reached> = snapshot.checkpoints().await?.into_iter().collect();
    let mut asides = snapshot.asides().await?;
    let reached = |partition: &Partition| checkpoints.get(partition).map_or(0, |reached| reached.next_offset);
    let total = homes.keys().map(|partition| u64::try_from(reached(partition)).unwrap_or_default()).sum();
    progress.begin("closer look", total);
    report.events += total;
    let mut expected = Vec::new();
    for (partition, keys) in homes {
        let end = sources.kafka.end_offset(partition.topic, partition.number).await?;
        let to = reached(&partition).min(end);
        let watch = Counting { progress: progress.clone(), aside: asides.remove(&partition).unwrap_or_default() };
        let (read, replay, ()) = fold(sources, partition, to, Some(Arc::new(keys)), watch, |_| Ok(())).await?;
        let said = checkpoints.get(&partition).filter(|said| said.next_offset == to);
        if let Some(problem) = said.and_then(|said| mismatch(said, &read)) {
            report.differences.push(RowDifference::of_checkpoint(partition.to_string(), problem));
        }
        expected.push(Expected { partition, to, replay });
    }
    let mut keys: Vec<Uuid> = keys.iter().copied().collect();
    keys.sort_unstable();
    for table in Table::ALL {
        compare(&mut snapshot, table, &keys, &expected, report).await?;
    }
    snapshot.close().await;
    Ok(())
}

async fn compare(
    snapshot: &mut Snapshot,
    table: Table,
    keys: &[Uuid],
    expected: &[Expected],
    report: &mut Report,
) -> Result<(), VerifyError> {
    let expected: Vec<&Expected> = expected.iter().filter(|it| table.topics().contains(&it.partition.topic)).collect();
    let hasher = RandomState::new();
    let identity = |row: &[u8]| hasher.hash_one(copy_encoder::prefix(row, table.key_columns()));
    let mut open: HashMap<u64, u64> = HashMap::new();
    each(&expected, table, |row| {
        open.insert(identity(row), hasher.hash_one(comparable(table, row)));
    })?;

    // In the order of the primary key: what is told is the first of what differs.
    let (mut rows, mut found) = (0, Vec::new());
    let look = |row: &[u8]| {
        rows += 1;
        let says = hasher.hash_one(comparable(table, row));
        if open.remove(&identity(row)) != Some(says) && found.len() < TOLD {
            found.push(row.to_vec());
        }
    };
    snapshot.copy_out(&table.copy_out_of(keys), look).await?;
    report.rows += rows;

    let mut wanted: HashMap<u64, Vec<u8>> = found.iter().map(|row| (identity(row), Vec::new())).collect();
    let mut missing: Vec<Vec<u8>> = Vec::new();
    each(&expected, table, |row| {
        if let Some(theirs) = wanted.get_mut(&identity(row)) {
            *theirs = row.to_vec();
        } else if open.contains_key(&identity(row)) {
            keep_least(&mut missing, row, table);
        }
    })?;
    let log = |key: Uuid| log_of(&expected, key);
    let differing = found.iter().map(|row| {
        let theirs = wanted.get(&identity(row)).filter(|row| !row.is_empty());
        RowDifference::of_row(table, theirs.map(Vec::as_slice), Some(row), log(key_of(row)))
    });
    report.differences.extend(differing);
    report
        .differences
        .extend(missing.iter().map(|row| RowDifference::of_row(table, Some(row), None, log(key_of(row)))));
    Ok(())
}

fn each(expected: &[&Expected], table: Table, mut each: impl FnMut(&[u8])) -> Result<(), VerifyError> {
    for it in expected {
        let rows = it.replay.rows(table, |row| {
            each(row);
            Ok::<_, std::io::Error>(())
        });
        rows.map_err(super::ReadError::Scratch)?;
    }
    Ok(())
}

/// Keeps the first few by primary key.
fn keep_least(kept: &mut Vec<Vec<u8>>, row: &[u8], table: Table) {
    let key = |row: &[u8]| copy_encoder::prefix(row, table.key_columns()).to_vec();
    let at = kept.partition_point(|other| key(other) < key(row));
    kept.insert(at, row.to_vec());
    kept.truncate(TOLD);
}

/// Where the rows of a key come from.
fn log_of(expected: &[&Expected], key: Uuid) -> String {
    let holds = |it: &&&Expected| {
        let mut holds = false;
        for table in [Table::Rooms, Table::Users] {
            let rows = it.replay.rows(table, |row| {
                holds |= key_of(row) == key;
                Ok::<_, std::io::Error>(())
            });
            drop(rows);
        }
        holds
    };
    let place = |it: &&Expected| format!("{} offset {}", it.partition, it.to);
    match expected.iter().find(holds) {
        Some(it) => place(it),
        None => expected.iter().map(place).collect::<Vec<_>>().join(", "),
    }
}
