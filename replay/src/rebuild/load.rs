//! The bulk load: each partition folded from the beginning of the log, its finished rows copied into bare tables.

use std::time::{Duration, Instant};

use event_schema::record::DamagedEvent;
use event_schema::{Event, Topic};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use platform::settings::PostgresSettings;
use platform::{foreign_records, postgres};
use projector::ParkedLimits;
use read_model::checkpoint::LastEvent;
use read_model::generations::search_path;
use read_model::{Partition, effect_marks};
use sqlx::{Connection as _, Executor as _, PgConnection};
use tokio::sync::mpsc;

use super::RebuildError;
use super::copy_error::{self, Refused};
use crate::exclusions::{self, Exclusions};
use crate::log_range::{ReadError, Spent, Stretch, Watch};
use crate::partition_replay::Replay;
use crate::progress::PhaseProgress;
use crate::table::Table;
use crate::verify::Sources;

/// Rows on their way to Postgres are handed over in pieces of this size, a few at a time.
pub(super) const PIECE: usize = 256 * 1024;
const PIECES: usize = 4;
/// Before and after the rows of a binary COPY.
pub(super) const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
pub(super) const TRAILER: &[u8] = &[0xff, 0xff];
/// Rows and checkpoint of a partition commit together, and before the switch everything is made durable by it.
const BEGIN: &str = "begin;
set local statement_timeout = 0;
set local idle_in_transaction_session_timeout = 0;
set local synchronous_commit = off";

/// The part of a processor that each folding thread may take, in percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share(u32);

impl Share {
    pub const WHOLE: Self = Self(100);

    /// 1 to 100 percent.
    #[must_use]
    pub fn percent(percent: u32) -> Self {
        Self(percent.clamp(1, 100))
    }

    /// Whether there is no limit.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self.0 == 100
    }

    /// How long to rest after so much work.
    fn rest(self, work: Duration) -> Duration {
        work * (100 - self.0) / self.0
    }
}

/// Shows how far it is, and rests so that others have their share of the machine.
struct Sharing {
    progress: PhaseProgress,
    share: Share,
    since: Instant,
    aside: Exclusions,
}

impl Watch for Sharing {
    fn passed(&mut self, records: u64) {
        self.progress.add(records);
        self.breathe();
    }

    fn leaves_out(&mut self, offset: i64, event: &Event) -> bool {
        self.aside.sets_aside(offset, event)
    }

    fn leaves_out_damaged(&mut self, offset: i64, event: &DamagedEvent) -> bool {
        self.aside.sets_aside_damaged(offset, event)
    }
}

impl Sharing {
    fn new(progress: PhaseProgress, share: Share) -> Self {
        Self { progress, share, since: Instant::now(), aside: Exclusions::default() }
    }

    #[expect(clippy::disallowed_methods, reason = "on a blocking thread, which nobody else waits for")]
    fn breathe(&mut self) {
        if !self.share.is_whole() {
            std::thread::sleep(self.share.rest(self.since.elapsed()));
            self.since = Instant::now();
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub(super) events: u64,
    pub(super) rows: u64,
    pub(super) spent: Spent,
}

/// Of which events effects have been told: those are loaded, which tells nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// Of all: another generation tells them.
    Everything,
    /// Only what was told before the tables were lost: the rest is left to a projector.
    UpToMarks,
}

/// Loads every partition that has no checkpoint yet, up to the end that it has when its turn comes.
pub(super) async fn all(
    sources: &Sources,
    generation: i32,
    (share, told): (Share, Told),
    caps: ParkedLimits,
    progress: &PhaseProgress,
) -> Result<Loaded, RebuildError> {
    let mut connection = connect(&sources.postgres, generation).await?;
    let mut open = Vec::new();
    for topic in Topic::PROJECTED {
        for number in 0..sources.kafka.partitions(topic).await? {
            let partition = Partition { topic, number };
            if read_model::checkpoint::read(&mut connection, partition).await?.is_none() {
                let end = sources.kafka.end_offset(topic, number).await?;
                let end = match told {
                    Told::Everything => end,
                    Told::UpToMarks => end.min(effect_marks::first_untold(&mut connection, partition).await?),
                };
                open.push((end, partition));
            }
        }
    }
    connection.close().await?;
    // The largest first: the last to end are small.
    open.sort_unstable_by_key(|(end, partition)| (std::cmp::Reverse(*end), *partition));
    progress.begin("load", open.iter().map(|(end, _)| u64::try_from(*end).unwrap_or_default()).sum());
    let loading = stream::iter(open).map(|(end, partition)| {
        let work = PartitionLoad { sources, generation, partition, end, share, progress };
        async move { work.load(caps).await }
    });
    let all = Loaded::default();
    let add = |mut all: Loaded, one: Loaded| async move {
        all.events += one.events;
        all.rows += one.rows;
        all.spent += one.spent;
        Ok(all)
    };
    loading.buffer_unordered(sources.parallel.max(1)).try_fold(all, add).await
}

async fn connect(settings: &PostgresSettings, generation: i32) -> sqlx::Result<PgConnection> {
    postgres::connect(settings, &search_path(generation)).await
}

/// The load of one partition.
struct PartitionLoad<'a> {
    sources: &'a Sources,
    generation: i32,
    partition: Partition,
    end: i64,
    share: Share,
    progress: &'a PhaseProgress,
}

impl PartitionLoad<'_> {
    /// A key of which the tables refuse a row is set aside as a whole, and the partition is loaded without it: once the tables
    /// are complete, the projector folds it event by event and parks it where it must.
    async fn load(&self, caps: ParkedLimits) -> Result<Loaded, RebuildError> {
        let Self { sources, partition, end, .. } = *self;
        let mut aside =
            exclusions::for_rebuild(&sources.postgres, &sources.kafka, partition, end, &sources.stop).await?;
        let mut refused: Option<Refused> = None;
        loop {
            let why = match (self.load_without(aside.clone()).await, refused.take()) {
                (Ok(Some(loaded)), _) => return Ok(loaded),
                // More than may be parked.
                (Ok(None), Some(why)) => return Err(why.into()),
                (Ok(None), None) => return Err(RebuildError::Panicked),
                (Err(RebuildError::Refused(why)), _) => why,
                (Err(error), _) => return Err(error),
            };
            let Some(key) = why.key.filter(|key| aside.refuse(*key, caps.key)) else { return Err(why.into()) };
            let generation = self.generation;
            tracing::warn!(generation, %partition, %key, %why, "key parked during the load");
            self.progress.expect(u64::try_from(end).unwrap_or_default());
            refused = Some(why);
        }
    }

    /// `None` if there are too many events of what was set aside.
    async fn load_without(&self, aside: Exclusions) -> Result<Option<Loaded>, RebuildError> {
        let Self { sources, generation, partition, end, share, progress } = *self;
        let mut sharing = Sharing::new(progress.clone(), share);
        sharing.aside = aside;
        let theirs = sources.clone();
        let folding = tokio::task::spawn_blocking(move || {
            let mut replay = Replay::new(&theirs.scratch);
            let stretch = Stretch { kafka: &theirs.kafka, partition, from: 0, to: end, keys: None, stop: &theirs.stop };
            let read = stretch.fold(&mut replay, &mut sharing)?;
            Ok::<_, ReadError>((read, replay, sharing.aside))
        });
        let (read, replay, aside) = folding.await.map_err(|_| RebuildError::Panicked)??;
        if aside.is_too_much() {
            return Ok(None);
        }
        let began = Instant::now();
        let mut connection = connect(&sources.postgres, generation).await?;
        connection.execute(BEGIN).await?;
        let rows = copy(&mut connection, replay, Sharing::new(progress.clone(), share), sources).await?;
        aside.keep(&mut connection, partition).await?;
        foreign_records::set_aside(&mut connection, sources.fold.log_id, &read.foreign).await?;
        checkpoint(&mut connection, partition, end, read.last_event).await?;
        connection.execute("commit").await?;
        connection.close().await?;
        let mut spent = read.spent;
        spent.copy = began.elapsed();
        Ok(Some(Loaded { events: u64::try_from(end).unwrap_or_default(), rows, spent }))
    }
}

/// A piece of a table's rows.
type Piece = (Table, Vec<u8>);

/// A thread reads the tapes, this task writes to Postgres.
async fn copy(
    connection: &mut PgConnection,
    replay: Replay,
    sharing: Sharing,
    sources: &Sources,
) -> Result<u64, RebuildError> {
    let (sender, mut pieces) = mpsc::channel::<Piece>(PIECES);
    let reading = tokio::task::spawn_blocking(move || {
        let rows = read_tapes(&replay, sharing, &sender);
        (replay, rows)
    });
    let mut next = pieces.recv().await;
    while let Some((table, first)) = next.take() {
        match copy_table(connection, table, first, &mut pieces, sources).await {
            Ok(of_another) => next = of_another,
            Err(RebuildError::Postgres(error)) => {
                // Lets the thread go.
                drop(pieces);
                let (replay, _) = reading.await.map_err(|_| RebuildError::Panicked)?;
                return Err(copy_error::of_copy(error, table, &replay)?.into());
            }
            Err(error) => return Err(error),
        }
    }
    let (_, rows) = reading.await.map_err(|_| RebuildError::Panicked)?;
    Ok(rows.map_err(ReadError::Scratch)?)
}

/// Copies the pieces of one table; gives the first of the next.
async fn copy_table(
    connection: &mut PgConnection,
    table: Table,
    first: Vec<u8>,
    pieces: &mut mpsc::Receiver<Piece>,
    sources: &Sources,
) -> Result<Option<Piece>, RebuildError> {
    let mut next = None;
    let mut copying = connection.copy_in_raw(&table.copy_in()).await?;
    copying.send(HEADER).await?;
    copying.send(first).await?;
    while let Some((of, piece)) = pieces.recv().await {
        if of != table {
            next = Some((of, piece));
            break;
        }
        if sources.stop.is_cancelled() {
            copying.abort("interrupted").await?;
            return Err(ReadError::Interrupted.into());
        }
        copying.send(piece).await?;
    }
    copying.send(TRAILER).await?;
    copying.finish().await?;
    Ok(next)
}

fn read_tapes(replay: &Replay, mut sharing: Sharing, pieces: &mpsc::Sender<Piece>) -> std::io::Result<u64> {
    let mut rows = 0;
    for table in Table::ALL {
        let mut piece = Vec::with_capacity(PIECE + PIECE / 4);
        replay.rows(table, |row| {
            rows += 1;
            piece.extend_from_slice(row);
            if piece.len() < PIECE {
                return Ok(());
            }
            sharing.breathe();
            send(pieces, table, std::mem::replace(&mut piece, Vec::with_capacity(PIECE + PIECE / 4)))
        })?;
        if !piece.is_empty() {
            send(pieces, table, piece)?;
        }
    }
    Ok(rows)
}

fn send(pieces: &mpsc::Sender<Piece>, table: Table, piece: Vec<u8>) -> std::io::Result<()> {
    // Nobody takes them any more: the writer has failed, and says why.
    pieces.blocking_send((table, piece)).map_err(|_| std::io::ErrorKind::BrokenPipe.into())
}

async fn checkpoint(
    connection: &mut PgConnection,
    partition: Partition,
    next_offset: i64,
    last: Option<LastEvent>,
) -> sqlx::Result<()> {
    let insert = sqlx::query!(
        "insert into checkpoints (topic, partition, epoch, next_offset, last_event_id, last_event_offset)
         values ($1, $2, 0, $3, $4, $5)",
        partition.topic.name(),
        partition.number,
        next_offset,
        last.map(|last| last.id.0),
        last.map(|last| last.offset)
    );
    insert.execute(connection).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_work_and_rest() {
        let work = Duration::from_millis(10);
        assert_eq!(Share::WHOLE.rest(work), Duration::ZERO);
        assert_eq!(Share::percent(50).rest(work), work);
        assert_eq!(Share::percent(0).rest(work), work * 99);
    }
}
