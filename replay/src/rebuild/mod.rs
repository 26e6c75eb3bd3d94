//! Another generation beside the live one: load, index, catch up, verify, activate; and back again.
//!
//! Each partition is folded from the beginning of the log without the tables (`crate::partition_replay`), and its finished rows go
//! into bare tables by binary COPY, together with its checkpoint, in one transaction: what was interrupted is done again by
//! partitions. From there on the ordinary projectors go on. Activation is one row.

mod activate;
mod copy_error;
pub(crate) mod drop_generation;
mod generations;
mod index;
mod load;
mod metrics;
pub(crate) mod progress_report;
mod repair_rows;
mod room;
mod standstill;

use std::time::{Duration, Instant};

use event_schema::Topic;
use platform::kafka::KafkaError;
use platform::{Lifecycle, Platform, postgres};
use read_model::generations::{begin_generation, search_path};
use tokio_util::sync::CancellationToken;

pub use activate::{ActivateError, activate, previous};
pub use copy_error::Refused;
pub use drop_generation::{DropError, drop_generation};
pub use generations::{GenerationStatus, State, status};
pub use load::Share;
use load::Told;
pub use repair_rows::Touched;
pub use room::{RepairError, Repaired, RepairedRoom, repair_room};

use crate::log_range::{ReadError, Spent};
use crate::progress::PhaseProgress;
use crate::verify::{Report, Scope, Sources, VerifyError, verify};
use projector::{Projector, Target, start_on};
use read_model::Fold;
use read_model::Partition;
use read_model::parked::store;
use standstill::{Amount, Standstill};

/// How often the catching up is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// How a rebuild works.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The part of the machine that the folding may take.
    pub share: Share,
    /// Compare the new generation with the log before it is read.
    pub verify: bool,
    /// Make it the active one.
    pub activate: bool,
    /// Settings of the projector that catches up.
    pub projector: projector::Settings,
}

/// What a rebuild has done.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct RebuildResult {
    pub generation: i32,
    /// Whether an earlier rebuild had begun it.
    pub resumed: bool,
    /// Events folded by the bulk load.
    pub events: u64,
    pub rows: u64,
    /// Seconds of each phase.
    pub phases: Vec<(&'static str, f64)>,
    /// Seconds of the folding threads, summed.
    pub spent: Vec<(&'static str, f64)>,
    /// What the verification said.
    pub verified: Option<Report>,
    /// Whether it is read now.
    pub active: bool,
}

/// Why a rebuild ended early. What it has done stays, and the next one goes on with it.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    #[error("Postgres: {0}")]
    Postgres(#[from] sqlx::Error),
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    /// A record or the scratch files.
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Verify(#[from] VerifyError),
    #[error(transparent)]
    Activate(#[from] ActivateError),
    /// Two would load the same rows.
    #[error("another rebuild is at work")]
    Busy,
    /// It is not what the log says.
    #[error("generation {} is not what the log says; it is not made active", .0.generation)]
    Different(Box<Report>),
    /// The tables cannot hold what follows from the log.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// It would show less than the present one.
    #[error(
        "generation {generation} has parked keys that the one that is read has not: {}. Mend the cause and `chatlog parked \
         retry` them, or read it all the same: `chatlog rebuild activate {generation}`",
        keys.iter().map(uuid::Uuid::to_string).collect::<Vec<_>>().join(", ")
    )]
    NewlyParked {
        generation: i32,
        /// Some of the keys.
        keys: Vec<uuid::Uuid>,
    },
    /// Only a person can help, or a server that is away.
    #[error(
        "generation {generation} does not catch up; behind: {}; the projector says: {}",
        behind.join(", "),
        if concerns.is_empty() { "nothing".to_owned() } else { concerns.join("; ") }
    )]
    StandsStill {
        generation: i32,
        /// The partitions that are behind, and what is left of each.
        behind: Vec<String>,
        /// What keeps the projector from going on.
        concerns: Vec<String>,
    },
    /// A thread of it.
    #[error("the folding panicked")]
    Panicked,
}

/// Builds a generation, or goes on with one that was begun.
pub async fn rebuild(
    platform: &Platform,
    sources: &Sources,
    plan: &Plan,
    progress: &PhaseProgress,
) -> Result<RebuildResult, RebuildError> {
    let lock = generations::lock(&sources.postgres).await?.ok_or(RebuildError::Busy)?;
    let begun = generations::unfinished(&platform.db, sources.fold).await?;
    let resumed = begun.is_some();
    let (generation, state) = match begun {
        Some(begun) => begun,
        None => (begin_generation(&platform.db, sources.fold).await?, State::Loading),
    };
    let done = RebuildResult { generation, resumed, ..RebuildResult::default() };
    let building = Box::pin(build(platform, sources, plan, progress, done, state));
    let built = progress_report::with_progress(&platform.db, generation, progress, building).await;
    drop(lock);
    built
}

async fn build(
    platform: &Platform,
    sources: &Sources,
    plan: &Plan,
    progress: &PhaseProgress,
    mut done: RebuildResult,
    state: State,
) -> Result<RebuildResult, RebuildError> {
    let mut clock = Clock::default();
    let generation = done.generation;
    if state == State::Loading {
        let caps = plan.projector.parked_caps();
        let lost = generations::lost(&platform.db).await?;
        if let Some(lost) = lost {
            tracing::warn!(lost, generation, "the tables that were read are lost; the log alone is built from");
        }
        let told = if lost.is_some() { Told::UpToMarks } else { Told::Everything };
        let loaded = load::all(sources, generation, (plan.share, told), caps, progress).await?;
        (done.events, done.rows, done.spent) = (loaded.events, loaded.rows, named(loaded.spent));
        clock.phase("load");
        index::all(sources, generation, plan.share, progress).await?;
        if lost.is_some() {
            // Before anybody folds it on.
            generations::take_over_effects(&platform.db, generation, &partitions(platform).await?).await?;
        }
        generations::loaded(&platform.db, generation).await?;
        clock.phase("index");
    }
    if plan.activate || plan.verify {
        let catching = catch_up(platform, &plan.projector, sources.fold, generation, &sources.stop, progress).await?;
        clock.phase("catch up");
        let finished = finish(platform, sources, plan, progress, &mut done, &mut clock).await;
        catching.drain(Duration::from_secs(8)).await;
        finished?;
    }
    done.phases = clock.phases;
    Ok(done)
}

async fn finish(
    platform: &Platform,
    sources: &Sources,
    plan: &Plan,
    progress: &PhaseProgress,
    done: &mut RebuildResult,
    clock: &mut Clock,
) -> Result<(), RebuildError> {
    if plan.verify {
        let report = verify(sources, Some(done.generation), &Scope::Whole, progress).await?;
        clock.phase("verify");
        if !report.is_same() {
            return Err(RebuildError::Different(Box::new(report)));
        }
        done.verified = Some(report);
    }
    if plan.activate {
        let keys = generations::newly_parked(&platform.db, done.generation).await?;
        if !keys.is_empty() {
            return Err(RebuildError::NewlyParked { generation: done.generation, keys });
        }
        progress.begin("activate", 0);
        activate(&platform.db, done.generation, sources.fold, &sources.stop).await?;
        clock.phase("activate");
        done.active = true;
    }
    Ok(())
}

/// Folds a generation by the ordinary projector, beside those of other processes, until it has what the log has now. The
/// projector goes on until its life is ended.
pub async fn catch_up(
    platform: &Platform,
    settings: &projector::Settings,
    fold: Fold,
    generation: i32,
    stop: &CancellationToken,
    progress: &PhaseProgress,
) -> Result<Lifecycle, RebuildError> {
    let lifecycle = Lifecycle::new();
    let pool = postgres::pool(&platform.settings.postgres, &search_path(generation))?;
    let target = Target { fold, generation, pool: pool.clone() };
    let projector = start_on(platform, settings, &target, &lifecycle, None);
    let caught = wait_for_ends(platform, &pool, &projector, stop, progress).await;
    pool.close().await;
    if let Err(error) = caught {
        lifecycle.drain(Duration::from_secs(8)).await;
        tracing::warn!(concerns = ?projector.concerns(), "rebuild stopped: generation did not catch up");
        return Err(error);
    }
    Ok(lifecycle)
}

/// Every partition that is folded.
async fn partitions(platform: &Platform) -> Result<Vec<Partition>, KafkaError> {
    let mut partitions = Vec::new();
    for topic in Topic::PROJECTED {
        let count = platform.kafka.partitions(topic).await?;
        partitions.extend((0..count).map(|number| Partition { topic, number }));
    }
    Ok(partitions)
}

async fn wait_for_ends(
    platform: &Platform,
    pool: &sqlx::PgPool,
    projector: &Projector,
    stop: &CancellationToken,
    progress: &PhaseProgress,
) -> Result<(), RebuildError> {
    let mut ends = Vec::new();
    for partition in partitions(platform).await? {
        ends.push((partition, platform.kafka.end_offset(partition.topic, partition.number).await?));
    }
    let mut from = None;
    let mut standstill = Standstill::new(Instant::now());
    loop {
        let left = Left::measure(pool, &ends).await?;
        let total = *from.get_or_insert_with(|| {
            progress.begin("catch up", left.events());
            left.events()
        });
        progress.set(total.saturating_sub(left.events()));
        if left.is_nothing() {
            return Ok(());
        }
        if standstill.lasts(left.amount(), Instant::now()) {
            let (generation, concerns) = (projector.generation(), projector.concerns());
            return Err(RebuildError::StandsStill { generation, behind: left.describe(), concerns });
        }
        tokio::select! {
            () = stop.cancelled() => return Err(ReadError::Interrupted.into()),
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// What a generation has not folded of what was in the log.
struct Left {
    behind: Vec<(Partition, u64)>,
    /// Parked events, while keys are on their way out: what was taken over as parked is tried before anybody compares or reads
    /// it.
    on_their_way_out: u64,
}

impl Left {
    async fn measure(pool: &sqlx::PgPool, ends: &[(Partition, i64)]) -> sqlx::Result<Self> {
        let mut connection = pool.acquire().await?;
        let mut left = Self { behind: Vec::new(), on_their_way_out: 0 };
        for (partition, end) in ends {
            let reached =
                read_model::checkpoint::read(&mut connection, *partition).await?.map_or(0, |it| it.next_offset);
            if let Some(events) = u64::try_from(end - reached).ok().filter(|events| *events > 0) {
                left.behind.push((*partition, events));
            }
        }
        if left.behind.is_empty() && store::is_any_free(&mut connection).await? {
            let waiting: i64 = sqlx::query_scalar("select count(*) from parked").fetch_one(&mut *connection).await?;
            left.on_their_way_out = u64::try_from(waiting).unwrap_or_default();
        }
        Ok(left)
    }

    fn events(&self) -> u64 {
        self.behind.iter().map(|(_, events)| events).sum()
    }

    fn amount(&self) -> Amount {
        (self.events(), self.on_their_way_out)
    }

    fn is_nothing(&self) -> bool {
        self.amount() == (0, 0)
    }

    fn describe(&self) -> Vec<String> {
        let mut words: Vec<String> =
            self.behind.iter().map(|(partition, events)| format!("{partition} by {events} events")).collect();
        if self.on_their_way_out > 0 {
            words.push(format!("{} parked events, of which some are being tried", self.on_their_way_out));
        }
        words
    }
}

fn named(spent: Spent) -> Vec<(&'static str, f64)> {
    let parts = [("kafka", spent.kafka), ("decode", spent.decode), ("fold", spent.fold), ("copy", spent.copy)];
    parts.map(|(name, time)| (name, time.as_secs_f64())).to_vec()
}

struct Clock {
    since: Instant,
    phases: Vec<(&'static str, f64)>,
}

impl Default for Clock {
    fn default() -> Self {
        Self { since: Instant::now(), phases: Vec::new() }
    }
}

impl Clock {
    fn phase(&mut self, name: &'static str) {
        self.phases.push((name, self.since.elapsed().as_secs_f64()));
        self.since = Instant::now();
    }
}
