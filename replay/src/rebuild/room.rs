//! One room mended from the log, in every generation that is folded, while everything goes on.
//!
//! The room is folded afresh up to the checkpoints. Then one transaction holds the checkpoints of the partitions that hold its
//! events, so that no commit of the projector passes between, and puts what the log says in the place of what the tables say.
//! Readers see the room before or after it, never half. The epochs are raised with it: whoever folds these partitions forgets
//! what it has in memory of the room, and readers are told to look again.

use std::collections::HashSet;
use std::time::Duration;

use event_schema::record::DamagedEvent;
use event_schema::{Event, EventId, RoomId, Topic};
use fold::Outcome;
use platform::kafka::KafkaError;
use platform::{Platform, postgres};
use read_model::Partition;
use read_model::checkpoint;
use read_model::generations::search_path;
use read_model::parked::store;
use read_model::push::{CHANNEL, Push};
use serde::Serialize;
use sqlx::{Connection as _, Executor as _, PgConnection};

use super::repair_rows::{self, RepairRowsError, Touched};
use crate::exclusions::Exclusions;
use crate::log_range::{ReadError, Stretch, Watch};
use crate::partition_replay::Replay;
use crate::progress::PhaseProgress;
use crate::verify::{Report, Scope, Sources, VerifyError, home, verify};

/// So many events are folded while the checkpoints are held; with more, they go on once again.
const NEAR: i64 = 50_000;
/// How often it is tried to come near, and to begin anew where keys are parked or let out meanwhile.
const ROUNDS: u32 = 20;
/// A projector waits for the checkpoint until it is told to try again later. Between two statements the rest is folded; a process
/// that is frozen meanwhile must not hold the partitions for ever.
const BEGIN: &str = "begin;
set local statement_timeout = 0;
set local idle_in_transaction_session_timeout = '60s';
set local lock_timeout = '30s'";
/// How often readers are told, if Redis is away.
const TELL: u32 = 20;
const TELL_AGAIN: Duration = Duration::from_millis(250);

#[derive(Clone, Debug, Serialize)]
pub struct Repaired {
    pub room_id: RoomId,
    /// The generations that were looked at.
    pub generations: Vec<RepairedRoom>,
    /// Those that only programs of another fold version can mend.
    pub left_out: Vec<i32>,
}

impl Repaired {
    /// Whether all of them are what the log says now.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.generations.iter().all(|it| it.verified.is_same())
    }
}

/// A room of one generation.
#[derive(Clone, Debug, Serialize)]
pub struct RepairedRoom {
    pub generation: i32,
    /// Whether queries read it.
    pub active: bool,
    /// Events of the room that were folded.
    pub events: u64,
    /// The tables that were not what the log says.
    pub touched: Vec<Touched>,
    /// Where the room is parked: up to there it was mended.
    pub parked_from: Option<String>,
    pub verified: Report,
}

/// Why a room was not mended; the tables are as they were.
#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    #[error("Postgres: {0}")]
    Postgres(#[from] sqlx::Error),
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    /// A record or the scratch files.
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("mended, but not compared: {0}")]
    Verify(#[from] VerifyError),
    /// Neither log nor tables have anything of it.
    #[error("there is no room {0}")]
    Unknown(RoomId),
    /// The generations are all of other logs or fold versions.
    #[error("there is no generation that this program folds")]
    NoGeneration,
    /// The log is shorter than what was folded.
    #[error("{place} is folded up to {next_offset}, but the log ends at {end}")]
    Beyond { place: String, next_offset: i64, end: i64 },
    /// Its partitions are folded faster than the room, or its parked events come and go.
    #[error("generation {0} changes too fast; try again")]
    Restless(i32),
    /// A thread of it.
    #[error("the folding panicked")]
    Panicked,
}

impl From<RepairRowsError> for RepairError {
    fn from(error: RepairRowsError) -> Self {
        match error {
            RepairRowsError::Postgres(error) => Self::Postgres(error),
            RepairRowsError::Scratch(error) => Self::Read(ReadError::Scratch(error)),
        }
    }
}

/// Mends a room in every generation that this program folds, and compares it afterwards.
pub async fn repair_room(
    platform: &Platform,
    sources: &Sources,
    room: RoomId,
    progress: &PhaseProgress,
) -> Result<Repaired, RepairError> {
    let rows = sqlx::query!(
        r#"select generation, state = 'active' as "active!", fold_version = $1 as "ours!" from control.generations
           where log_id = $2 and state <> 'loading' order by generation"#,
        sources.fold.version,
        sources.fold.log_id.0
    );
    let rows = rows.fetch_all(&platform.db).await?;
    let mut repaired = Repaired { room_id: room, generations: Vec::new(), left_out: Vec::new() };
    for row in rows {
        if !row.ours {
            repaired.left_out.push(row.generation);
            continue;
        }
        let homes = [home(sources, Topic::Rooms, room.0).await?, home(sources, Topic::Receipts, room.0).await?];
        let work = RoomRepair { platform, sources, generation: row.generation, room, homes, progress };
        let (events, touched, parked_from) = work.repair().await?;
        if events == 0 && touched.is_empty() {
            return Err(RepairError::Unknown(room));
        }
        let verified = verify(sources, Some(row.generation), &Scope::Rooms(vec![room]), progress).await?;
        let (generation, active) = (row.generation, row.active);
        repaired.generations.push(RepairedRoom { generation, active, events, touched, parked_from, verified });
    }
    if repaired.generations.is_empty() { Err(RepairError::NoGeneration) } else { Ok(repaired) }
}

/// What a fold of the room depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mark {
    next_offset: i64,
    /// The first parked event of the room.
    parked: Option<i64>,
    dropped: Vec<(EventId, Option<i64>)>,
}

/// A partition that holds events of the room, folded so far.
struct Half {
    partition: Partition,
    mark: Mark,
    replay: Replay,
    /// Events of the room.
    events: u64,
}

impl Half {
    /// Whether it can be folded on to there.
    fn leads_to(&self, to: &Mark) -> bool {
        self.mark.next_offset <= to.next_offset && (&self.mark.parked, &self.mark.dropped) == (&to.parked, &to.dropped)
    }
}

struct RoomRepair<'a> {
    platform: &'a Platform,
    sources: &'a Sources,
    generation: i32,
    room: RoomId,
    homes: [Partition; 2],
    progress: &'a PhaseProgress,
}

/// Events folded, tables touched, where the room is parked.
type RebuildResult = (u64, Vec<Touched>, Option<String>);

impl RoomRepair<'_> {
    async fn repair(&self) -> Result<RebuildResult, RepairError> {
        let mut connection = postgres::connect(&self.sources.postgres, &search_path(self.generation)).await?;
        let mut halves = Vec::new();
        for _ in 0..ROUNDS {
            let marks = self.marks(&mut connection).await?;
            halves = self.fold_to(halves, &marks).await?;
            connection.execute(BEGIN).await?;
            if !self.hold(&mut connection).await? {
                return Err(RepairError::NoGeneration);
            }
            let held = self.marks(&mut connection).await?;
            let near = |half: &Half, to: &Mark| half.leads_to(to) && to.next_offset - half.mark.next_offset <= NEAR;
            if !halves.iter().zip(&held).all(|(half, to)| near(half, to)) {
                connection.execute("rollback").await?;
                continue;
            }
            halves = self.fold_to(halves, &held).await?;
            let touched = self.write(&mut connection, &halves).await?;
            connection.close().await?;
            let parked =
                halves.iter().find_map(|half| Some(format!("{} offset {}", half.partition, half.mark.parked?)));
            return Ok((halves.iter().map(|half| half.events).sum(), touched, parked));
        }
        Err(RepairError::Restless(self.generation))
    }

    /// What the tables say now of both partitions, in their order.
    async fn marks(&self, connection: &mut PgConnection) -> Result<Vec<Mark>, RepairError> {
        let mut marks = Vec::with_capacity(self.homes.len());
        for partition in self.homes {
            let next_offset = checkpoint::read(connection, partition).await?.map_or(0, |it| it.next_offset);
            let end = self.sources.kafka.end_offset(partition.topic, partition.number).await?;
            if next_offset > end {
                return Err(RepairError::Beyond { place: partition.to_string(), next_offset, end });
            }
            let parked = store::first(connection, partition, self.room.0, 1).await?.first().map(|it| it.offset);
            let dropped = store::dropped_of_key(connection, partition, self.room.0).await?;
            marks.push(Mark { next_offset, parked, dropped });
        }
        Ok(marks)
    }

    /// Folds on to there, or anew where it has to be.
    async fn fold_to(&self, halves: Vec<Half>, to: &[Mark]) -> Result<Vec<Half>, RepairError> {
        let fits = !halves.is_empty() && halves.iter().zip(to).all(|(half, to)| half.leads_to(to));
        let halves = if fits { halves } else { self.beginning(to) };
        let ahead = |(half, to): (&Half, &Mark)| u64::try_from(to.next_offset - half.mark.next_offset);
        self.progress.begin("fold", halves.iter().zip(to).filter_map(|it| ahead(it).ok()).sum());
        let mut folded = Vec::with_capacity(halves.len());
        for (half, to) in halves.into_iter().zip(to) {
            folded.push(self.fold_half(half, to.next_offset).await?);
        }
        Ok(folded)
    }

    fn beginning(&self, marks: &[Mark]) -> Vec<Half> {
        let begin = |(partition, mark): (&Partition, &Mark)| Half {
            partition: *partition,
            mark: Mark { next_offset: 0, ..mark.clone() },
            replay: Replay::new(&self.sources.scratch),
            events: 0,
        };
        self.homes.iter().zip(marks).map(begin).collect()
    }

    async fn fold_half(&self, mut half: Half, to: i64) -> Result<Half, RepairError> {
        let (sources, key) = (self.sources.clone(), self.room.0);
        let mut watch = Watching {
            progress: self.progress.clone(),
            aside: Exclusions::of_key(key, half.mark.parked, &half.mark.dropped),
            events: 0,
        };
        let folding = tokio::task::spawn_blocking(move || {
            let keys = HashSet::from([key]);
            let (partition, from) = (half.partition, half.mark.next_offset);
            let stretch =
                Stretch { kafka: &sources.kafka, partition, from, to, keys: Some(&keys), stop: &sources.stop };
            stretch.fold(&mut half.replay, &mut watch)?;
            half.mark.next_offset = to;
            half.events += watch.events;
            Ok::<_, ReadError>(half)
        });
        Ok(folding.await.map_err(|_| RepairError::Panicked)??)
    }

    /// From here to the end of the transaction nobody folds these partitions, drops the generation or makes another one
    /// active. In the order in which those lock. `false` if the generation is gone.
    async fn hold(&self, connection: &mut PgConnection) -> sqlx::Result<bool> {
        let update = sqlx::query!(
            "update control.generations set repairs = repairs + 1 where generation = $1 and state <> 'loading'",
            self.generation
        );
        if update.execute(&mut *connection).await?.rows_affected() == 0 {
            return Ok(false);
        }
        let mut places = self.homes;
        places.sort_unstable_by_key(|it| (it.topic.name(), it.number));
        for place in places {
            checkpoint::hold(connection, place).await?;
        }
        Ok(true)
    }

    async fn write(&self, connection: &mut PgConnection, halves: &[Half]) -> Result<Vec<Touched>, RepairError> {
        self.progress.begin("write", 0);
        let replays: Vec<&Replay> = halves.iter().map(|half| &half.replay).collect();
        let touched = repair_rows::repair(connection, self.room.0, &replays, &self.sources.scratch).await?;
        if touched.is_empty() {
            connection.execute("rollback").await?;
            return Ok(touched);
        }
        for half in halves {
            checkpoint::raise(connection, half.partition).await?;
        }
        connection.execute("commit").await?;
        for half in halves {
            self.notify_readers(half).await;
        }
        Ok(touched)
    }

    /// Readers forget what they have in memory of these partitions, and look again.
    async fn notify_readers(&self, half: &Half) {
        let push = Push::gap(self.generation, half.partition, half.mark.next_offset).to_bytes();
        for _ in 0..TELL {
            let Err(error) = self.platform.redis.publish(CHANNEL, &push).await else { return };
            tracing::debug!(%error, "readers are not told yet");
            tokio::time::sleep(TELL_AGAIN).await;
        }
        tracing::warn!("Redis unavailable; readers may serve the repaired room from memory for a while");
    }
}

/// Counts the events of the room, and leaves out what the live fold has not folded.
struct Watching {
    progress: PhaseProgress,
    aside: Exclusions,
    events: u64,
}

impl Watch for Watching {
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
}
