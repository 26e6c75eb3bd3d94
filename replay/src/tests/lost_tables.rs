//! Tables that are lost come back from the log alone, and what the fold causes is told once.

use event_schema::{Event, RoomId, UserId};
use projector::Settings;
use read_model::integrity;
use sqlx::{Executor as _, PgPool};
use test_support::story::{Story, created, event, posted};
use test_support::world::{World, number, until_number};
use uuid::Uuid;

use super::verifying::sources;
use crate::progress::PhaseProgress;
use crate::rebuild::{Plan, Share, activate, rebuild};
use crate::verify::{Scope, verify};

const OWNER: UserId = UserId(Uuid::from_u128(1));
const STRANGER: UserId = UserId(Uuid::from_u128(2));
const ROOM: RoomId = RoomId(Uuid::from_u128(77));

const TOLD: &str = "select count(*) from control.outbox where topic = 'chat.rejections'";

/// What a stranger says is rejected, and the rejection told.
fn strangers(from: u64, count: u64) -> Vec<Event> {
    (from..from + count).map(|n| event(n, ROOM, STRANGER, posted("let me in"))).collect()
}

/// As the relay does after the acks: nothing of it can be seen any more.
async fn relayed(db: &PgPool) {
    db.execute("delete from control.outbox").await.expect("relayed");
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_tables_come_back_from_the_log_and_effects_are_told_once() {
    let world = World::new().await;
    let db = &world.platform().db;
    let lost = world.read_model().generation();
    let running = world.project(lost, &Settings::default());
    world.log(&[event(1, ROOM, OWNER, created(OWNER, &[]))]).await;
    world.log(&Story::new(31).events(1_500)).await;
    world.log(&strangers(5_000, 3)).await;
    world.folded(lost).await;
    assert!(number(db, TOLD).await >= 3);
    relayed(db).await;
    db.execute("drop schema g1 cascade").await.expect("dropped");
    // The log goes on meanwhile.
    world.log(&strangers(6_000, 4)).await;

    let missing = integrity::missing(&mut db.acquire().await.expect("a connection"), lost).await.expect("a list");
    assert!(missing.iter().any(|name| name == "messages") && missing.iter().any(|name| name == "messages_by_id"));
    let plan = Plan { share: Share::WHOLE, verify: true, activate: true, projector: Settings::default() };
    let built = rebuild(world.platform(), &sources(&world), &plan, &PhaseProgress::default()).await.expect("built");
    assert!(built.active && built.generation > lost, "{built:?}");
    running.end().await;
    until_number(db, TOLD, 4).await;
    relayed(db).await;
    let again = world.project(built.generation, &Settings::default());
    world.log(&strangers(7_000, 2)).await;
    world.folded(built.generation).await;
    assert_eq!(number(db, TOLD).await, 2, "what comes later is told as ever");
    again.end().await;
    let report = verify(&sources(&world), Some(built.generation), &Scope::Whole, &PhaseProgress::default()).await;
    assert!(report.expect("a report").is_same());
    let replayed = world.generation().await;
    let running = world.project(replayed, &Settings::default());
    world.folded(replayed).await;
    running.end().await;
    assert_eq!(world.hashes(built.generation).await, world.hashes(replayed).await);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_folded_ahead_of_a_switch_is_told_by_the_generation_before() {
    let world = World::new().await;
    let db = &world.platform().db;
    let mut story = Story::new(33);
    let before = world.read_model().generation();
    world.log(&[event(1, ROOM, OWNER, created(OWNER, &[]))]).await;
    world.log(&story.events(1_000)).await;
    let ahead = world.generation().await;
    assert_eq!((before, ahead), (1, 2));
    let running = world.project(ahead, &Settings::default());
    world.folded(ahead).await;
    assert_eq!(activate(db, ahead, world.fold(), &sources(&world).stop).await.expect("active"), Some(before));
    let in_silence = number(&world.pool(ahead), "select count(*) from rejections").await;
    assert!(in_silence > 0);
    assert_eq!(number(db, TOLD).await, 0);
    world.log(&story.events(300)).await;
    world.log(&strangers(5_000, 3)).await;
    world.folded(ahead).await;
    let all = number(&world.pool(ahead), "select count(*) from rejections").await;
    until_number(db, TOLD, all - in_silence).await;
    // The new one's marks are beyond what the old one has still to tell.
    let behind = "select count(*) from g2.checkpoints reached left join control.effect_marks mark
                  on (mark.generation, mark.topic, mark.partition) = (2, reached.topic, reached.partition)
                  where coalesce(mark.next_offset, 0) < reached.next_offset";
    until_number(db, behind, 0).await;
    let old = world.project(before, &Settings::default());
    world.folded(before).await;
    until_number(db, TOLD, all).await;

    // Once more, with the tables of the active one lost: owners of before the loss keep nobody from telling.
    relayed(db).await;
    running.end().await;
    db.execute("drop schema g2 cascade").await.expect("dropped");
    world.log(&strangers(6_000, 4)).await;
    let plan = Plan { share: Share::WHOLE, verify: true, activate: true, projector: Settings::default() };
    let built = rebuild(world.platform(), &sources(&world), &plan, &PhaseProgress::default()).await.expect("built");
    until_number(db, TOLD, 4).await;
    let again = world.project(built.generation, &Settings::default());
    world.log(&strangers(7_000, 2)).await;
    world.folded(built.generation).await;
    world.folded(before).await;
    assert_eq!(number(db, TOLD).await, 6);
    old.end().await;
    again.end().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_table_or_index_that_is_lost_is_named_and_comes_back() {
    let world = World::new().await;
    let db = &world.platform().db;
    let before = world.read_model().generation();
    let running = world.project(before, &Settings::default());
    world.log(&Story::new(32).events(800)).await;
    world.folded(before).await;
    running.end().await;
    db.execute("drop table g1.reactions; drop index g1.messages_by_time").await.expect("dropped");
    let missing = integrity::missing(&mut db.acquire().await.expect("a connection"), before).await.expect("a list");
    assert_eq!(missing, ["reactions", "messages_by_time", "reactions_pkey"]);
    // Its checkpoints are there: what it had folded is not told again.
    let plan = Plan { share: Share::WHOLE, verify: true, activate: true, projector: Settings::default() };
    let built = rebuild(world.platform(), &sources(&world), &plan, &PhaseProgress::default()).await.expect("built");
    assert!(built.active, "{built:?}");
    let missing = integrity::missing(&mut db.acquire().await.expect("a connection"), built.generation).await;
    assert_eq!(missing.expect("a list"), [] as [String; 0]);
    world.end().await;
}
