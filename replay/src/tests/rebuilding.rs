//! Another generation beside the live one: the same rows, while everything goes on (promises P7, P8).

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use platform::RecordMetadata;
use projector::Settings;
use read_model::generations::Fold;
use read_model::{Position, rebuild_status};
use sqlx::{PgPool, Row as _};
use test_support::story::Story;
use test_support::wait_for;
use test_support::world::{World, number, until_number};

use super::verifying::sources;
use crate::progress::PhaseProgress;
use crate::rebuild::{
    ActivateError, DropError, Plan, RebuildError, RebuildResult, Share, State, activate, drop_generation, previous,
    rebuild, status,
};
use crate::verify::{ReadError, Scope, verify};

fn plan() -> Plan {
    Plan { share: Share::WHOLE, verify: true, activate: true, projector: Settings::default() }
}

async fn rebuilt(world: &World) -> RebuildResult {
    let done =
        rebuild(world.platform(), &sources(world), &plan(), &PhaseProgress::default()).await.expect("a generation");
    assert!(done.verified.as_ref().is_some_and(crate::verify::Report::is_same));
    done
}

/// Keys and indexes, without the generation's name.
async fn indexes(pool: &PgPool) -> Vec<String> {
    let sql =
        "select replace(indexdef, current_schema() || '.', '') from pg_indexes where schemaname = current_schema()
        order by 1";
    sqlx::query_scalar(sql).fetch_all(pool).await.expect("indexes")
}

async fn folded(world: &World, events: usize, seed: u64) -> i32 {
    world.log(&Story::new(seed).events(events)).await;
    let active = world.read_model().generation();
    let running = world.project(active, &Settings::default());
    world.folded(active).await;
    assert!(running.end().await);
    active
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_gives_the_same_rows_byte_for_byte() {
    let world = World::new().await;
    let active = folded(&world, 5_000, 41).await;
    let done = rebuilt(&world).await;
    assert_eq!((done.generation, done.resumed, done.events, done.active), (active + 1, false, 5_000, true));
    assert_eq!(world.hashes(active).await, world.hashes(done.generation).await);
    assert_eq!(indexes(&world.pool(active)).await, indexes(&world.pool(done.generation)).await);
    // Folding goes on from there, in both.
    let mut story = Story::new(42);
    world.log(&story.events(1_000)).await;
    let both = [world.project(active, &Settings::default()), world.project(done.generation, &Settings::default())];
    world.folded(active).await;
    world.folded(done.generation).await;
    for running in both {
        running.end().await;
    }
    assert_eq!(world.hashes(active).await, world.hashes(done.generation).await);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_interrupted_goes_on_where_it_was() {
    let world = World::new().await;
    let active = folded(&world, 3_000, 43).await;
    let progress = PhaseProgress::default();
    // In the middle of the load: nothing of the partitions in hand is there, what was loaded stays.
    let mut interrupted = sources(&world);
    interrupted.parallel = 1;
    let token = interrupted.stop.clone();
    let slow = Plan { share: Share::percent(5), ..plan() };
    let stop = async {
        let loading = async || (progress.now().0 == "load" && progress.now().1 > 0).then_some(());
        wait_for("the middle of the load", loading).await;
        token.cancel();
    };
    let (ended, ()) = tokio::join!(rebuild(world.platform(), &interrupted, &slow, &progress), stop);
    assert!(matches!(ended, Err(RebuildError::Read(ReadError::Interrupted))), "{ended:?}");
    let begun = status(&world.platform().db).await.expect("generations");
    assert_eq!((begun.len(), begun[1].state), (2, State::Loading));
    let told = rebuild_status::current(&world.platform().db).await.expect("a row").expect("one");
    let (generation, known) = (begun[1].generation, told.total.unwrap_or_default());
    assert_eq!(
        (told.generation, told.state, &*told.phase, known),
        (generation, rebuild_status::State::Stopped, "load", 3_000)
    );
    let rest = rebuilt(&world).await;
    assert!(rest.resumed && rest.generation == active + 1 && rest.events > 0 && rest.active, "{rest:?}");
    assert_eq!(world.hashes(active).await, world.hashes(rest.generation).await);

    // A generation that is not what the log says is not made active.
    let held = Plan { activate: false, ..plan() };
    let third = rebuild(world.platform(), &sources(&world), &held, &progress).await.expect("a generation");
    let spoil = "update messages set deleted = not deleted where seq = 1";
    assert!(sqlx::query(spoil).execute(&world.pool(third.generation)).await.expect("planted").rows_affected() > 0);
    let refused = rebuild(world.platform(), &sources(&world), &plan(), &progress).await;
    assert!(matches!(refused, Err(RebuildError::Different(_))), "{refused:?}");
    let all = status(&world.platform().db).await.expect("generations");
    assert_eq!(all.iter().map(|it| it.state).collect::<Vec<_>>(), [State::Standby, State::Active, State::Building]);

    // The active one cannot be dropped, others can.
    let db = &world.platform().db;
    let read = drop_generation(db, rest.generation, true).await;
    assert!(matches!(read, Err(DropError::Active(_))), "{read:?}");
    drop_generation(db, third.generation, false).await.expect("dropped");
    let gone = drop_generation(db, third.generation, false).await;
    assert!(matches!(gone, Err(DropError::Unknown(_))), "{gone:?}");
    world.end().await;
}

/// What reader, writer and admin of a test tell each other.
#[derive(Default)]
struct Shared {
    /// The newest event that its writer knows to be in the log.
    newest: Mutex<Option<RecordMetadata>>,
    /// Generations that were read, in turn.
    read: Mutex<Vec<i32>>,
    done: AtomicBool,
}

impl Shared {
    fn is_done(&self) -> bool {
        self.done.load(Ordering::Relaxed)
    }

    /// Waits until the reader has got an answer from a generation, and is still there.
    async fn reads(&self, generation: i32) {
        let last = async || (self.read.lock().expect("a lock").last() == Some(&generation)).then_some(());
        wait_for(format!("an answer from generation {generation}"), last).await;
    }
}

/// A reader that names the newest position it knows, and never sees less than before. How often it read.
async fn read_on(world: &World, shared: &Shared) -> u64 {
    let (mut reads, mut most) = (0, 0);
    while !shared.is_done() {
        let Some(placed) = *shared.newest.lock().expect("a lock") else {
            tokio::time::sleep(Duration::from_millis(1)).await;
            continue;
        };
        let next = placed.offset + 1;
        let position = Position::of(world.platform().log_id, placed.topic, placed.partition, next);
        let pool = world.read_model().progress.pool_at(&position, Duration::from_mins(1)).await.expect("never behind");
        let row = sqlx::query(
            "select (select next_offset from checkpoints where topic = $1 and partition = $2),
             (select coalesce(sum(rev), 0)::bigint from rooms), substr(current_schema(), 2)::int",
        );
        let row = row.bind(placed.topic.name()).bind(placed.partition).fetch_one(&pool).await.expect("never failed");
        let (at, revs): (i64, i64) = (row.get(0), row.get(1));
        assert!(at >= next, "a stale answer: {at} of {next}");
        assert!(revs >= most, "back in time: {revs} after {most}");
        most = revs;
        let generation = row.get(2);
        let mut read = shared.read.lock().expect("a lock");
        if read.last() != Some(&generation) {
            read.push(generation);
        }
        reads += 1;
    }
    reads
}

async fn write_on(world: &World, shared: &Shared) -> usize {
    let mut story = Story::new(44);
    let mut written = 0;
    while !shared.is_done() {
        for event in story.events(20) {
            let placed = world.platform().kafka.send(&event).await.expect("a log");
            *shared.newest.lock().expect("a lock") = Some(placed);
            written += 1;
        }
    }
    written
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_goes_on_through_a_rebuild_and_back() {
    let world = World::new().await;
    let active = world.read_model().generation();
    projector::start(world.platform(), world.fold(), &Settings::default());
    world.log(&Story::new(45).events(2_000)).await;
    let shared = Shared::default();
    let changes = async {
        shared.reads(active).await;
        let built = rebuilt(&world).await.generation;
        shared.reads(built).await;
        let (db, fold): (&PgPool, Fold) = (&world.platform().db, world.fold());
        let stop = sources(&world).stop;
        for _ in 0..2 {
            let back = previous(db, fold).await.expect("an answer").expect("one to go back to");
            assert!(activate(db, back, fold, &stop).await.expect("active").is_some());
            shared.reads(back).await;
        }
        shared.done.store(true, Ordering::Relaxed);
        built
    };
    let (built, reads, written) = tokio::join!(changes, read_on(&world, &shared), write_on(&world, &shared));
    assert!(reads > 20 && written > 100, "{reads} reads, {written} events");
    assert_eq!(shared.read.into_inner().expect("a list"), [active, built, active, built]);
    world.folded(active).await;
    world.folded(built).await;
    assert_eq!(world.hashes(active).await, world.hashes(built).await);
    for generation in [active, built] {
        let report = verify(&sources(&world), Some(generation), &Scope::Whole, &PhaseProgress::default()).await;
        assert!(report.expect("a report").is_same());
    }
    // Each rejection was told once, whichever generation was active when it was found.
    let pool = world.pool(built);
    until_number(&pool, "select count(*) from control.outbox", 0).await;
    assert_eq!(world.recorded_rejections().await, number(&pool, "select count(*) from rejections").await);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_generation_that_stays_behind_holds_nobody_up() {
    let world = World::new().await;
    let active = folded(&world, 500, 46).await;
    // Nobody folds it.
    let behind = world.generation().await;
    let (db, fold, stop) = (&world.platform().db, world.fold(), sources(&world).stop);
    let pool = world.pool(active);
    let looks = async {
        for _ in 0..200 {
            let free = sqlx::query("select from checkpoints for update nowait").execute(&pool).await;
            free.expect("nobody holds the checkpoints");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        stop.cancel();
    };
    let (ended, ()) = tokio::join!(activate(db, behind, fold, &stop), looks);
    assert!(matches!(ended, Err(ActivateError::Interrupted)), "{ended:?}");
    let running = world.project(behind, &Settings::default());
    world.folded(behind).await;
    let stop = sources(&world).stop;
    assert_eq!(activate(db, behind, fold, &stop).await.expect("active"), Some(active));
    running.end().await;
    world.end().await;
}
