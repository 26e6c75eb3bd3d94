//! Each event counts once, whatever ends or interrupts the projector (promises P2, P6, P7).

use std::cell::Cell;

use event_schema::{RoomId, Topic, UserId};
use projector::Settings;
use read_model::checkpoint;
use test_support::story::{Story, created, event, posted};
use test_support::wait_for;
use test_support::world::World;
use uuid::Uuid;

const OWNER: UserId = UserId(Uuid::from_u128(1));

/// Small batches: many places to be interrupted at.
fn small() -> Settings {
    Settings { projector_batch_events: 20, projector_batch_ms: 0, ..Settings::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn restarts_in_mid_stream_neither_lose_nor_repeat() {
    let world = World::new().await;
    let events = Story::new(11).events(3_000);
    world.log(&events).await;
    let active = world.read_model().generation();
    for round in 0..4 {
        let running = world.project(active, &small());
        // Somewhere in the middle, a different place each time.
        let middle = (round + 1) * 400;
        let folded = || running.projector.reached().iter().map(|(_, _, offset)| *offset).sum::<i64>();
        wait_for("the middle of the log", async || (folded() >= middle).then_some(())).await;
        running.crash().await;
    }
    let running = world.project(active, &small());
    world.folded(active).await;
    assert!(running.end().await, "drains by itself");

    let replayed = world.generation().await;
    let running = world.project(replayed, &Settings::default());
    world.folded(replayed).await;
    assert!(running.end().await);
    assert_eq!(world.hashes(active).await, world.hashes(replayed).await);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_connections_neither_lose_nor_repeat() {
    let world = World::new().await;
    let active = world.read_model().generation();
    let running = world.project(active, &small());
    let (killed, done) = (Cell::new(0), Cell::new(false));
    let killing = async {
        // The projector's own, in the middle of whatever they do.
        let kill = "select count(pg_terminate_backend(pid)) from pg_stat_activity
             where datname = current_database() and pid <> pg_backend_pid() and query ~ 'checkpoints|unnest|commit'";
        wait_for("enough of them to be killed", async || {
            let hit = sqlx::query_scalar::<_, i64>(kill).fetch_one(&world.platform().db).await;
            killed.set(killed.get() + hit.unwrap_or_default());
            (killed.get() > 20).then_some(())
        })
        .await;
        done.set(true);
    };
    let writing = async {
        let mut story = Story::new(12);
        while !done.get() {
            world.log(&story.events(500)).await;
        }
    };
    tokio::join!(killing, writing);
    world.folded(active).await;
    assert!(running.end().await);
    let replayed = world.generation().await;
    let running = world.project(replayed, &Settings::default());
    world.folded(replayed).await;
    running.end().await;
    assert_eq!(world.hashes(active).await, world.hashes(replayed).await);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_move_between_replicas_without_loss() {
    let world = World::new().await;
    let active = world.read_model().generation();
    let parts: Vec<_> = Story::new(14).events(4_000).chunks(1_000).map(<[_]>::to_vec).collect();
    let first = world.project(active, &small());
    world.log(&parts[0]).await;
    let second = world.project(active, &small());
    world.log(&parts[1]).await;
    // Both have some, together all.
    wait_for("the work to be shared out", async || {
        let (one, other) = (first.projector.reached(), second.projector.reached());
        let both = !one.is_empty() && !other.is_empty();
        (both && one.len() + other.len() == world.ends().await.len()).then_some(())
    })
    .await;
    world.log(&parts[2]).await;
    assert!(first.end().await, "a rolling restart");
    world.log(&parts[3]).await;
    world.folded(active).await;
    second.crash().await;

    let replayed = world.generation().await;
    let running = world.project(replayed, &Settings::default());
    world.folded(replayed).await;
    running.end().await;
    assert_eq!(world.hashes(active).await, world.hashes(replayed).await);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fenced_partition_is_taken_again_while_it_is_assigned() {
    let world = World::new().await;
    let active = world.read_model().generation();
    let running = world.project(active, &small());
    let events = Story::new(13).events(900);
    for part in events.chunks(150) {
        // Somebody takes everything and goes away.
        for (partition, _) in world.ends().await {
            checkpoint::claim(&world.pool(active), partition).await.expect("a claim");
        }
        world.log(part).await;
    }
    world.folded(active).await;
    assert!(running.end().await);
    let replayed = world.generation().await;
    let running = world.project(replayed, &Settings::default());
    world.folded(replayed).await;
    running.end().await;
    assert_eq!(world.hashes(active).await, world.hashes(replayed).await);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_postgres_lost_of_an_idle_partition_is_claimed_no_more_and_folded_again() {
    let world = World::new().await;
    let active = world.read_model().generation();
    let running = world.project(active, &small());
    let room = RoomId(Uuid::from_u128(7));
    let partition = world.partition(Topic::Rooms, &room).await;
    world.log(&Story::new(14).events(600)).await;
    world.log(&[event(9_000, room, OWNER, created(OWNER, &[])), event(9_001, room, OWNER, posted("kept"))]).await;
    world.folded(active).await;
    let before = world.hashes(active).await;
    let end = world.next_offset(active, partition).await;
    let progress = &world.read_model().progress;
    // What is said of it to readers.
    let said = async |expected: i64| {
        let as_expected =
            async || (progress.reached(partition.topic, partition.number) == Some(expected)).then_some(());
        wait_for(format!("{expected} to be said of {partition}"), as_expected).await;
    };
    said(end).await;

    // Nothing can be folded again at first, and nothing new comes.
    world.lose(active, "alter table rooms rename to rooms_elsewhere").await;
    said(0).await;
    let pool = world.pool(active);
    sqlx::query("alter table rooms_elsewhere rename to rooms").execute(&pool).await.expect("renamed");
    world.folded(active).await;
    said(end).await;
    assert_eq!(world.hashes(active).await, before);
    assert!(running.end().await);
    world.end().await;
}
