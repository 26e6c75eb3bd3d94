//! A generation is dropped when it has told what only it can tell, and not before, unless that is wanted.

use event_schema::{Event, RoomId, UserId};
use projector::Settings;
use read_model::generations::create_generation;
use sqlx::{Executor as _, PgPool};
use test_support::story::{created, event, posted};
use test_support::world::{World, number};
use uuid::Uuid;

use super::verifying::sources;
use crate::progress::PhaseProgress;
use crate::rebuild::drop_generation::attempt;
use crate::rebuild::{DropError, Plan, Share, drop_generation, rebuild};

const OWNER: UserId = UserId(Uuid::from_u128(1));
const STRANGER: UserId = UserId(Uuid::from_u128(2));
const ROOM: RoomId = RoomId(Uuid::from_u128(7));
const TOLD: &str = "select count(*) from control.outbox where topic = 'chat.rejections'";

fn refused(from: u64, to: u64) -> Vec<Event> {
    (from..to).map(|n| event(n, ROOM, STRANGER, posted("let me in"))).collect()
}

/// The second generation is active, the first behind it, and the switch long ago.
async fn switched(world: &World, first: i32) -> i32 {
    let plan = Plan { share: Share::WHOLE, verify: true, activate: true, projector: Settings::default() };
    let done =
        rebuild(world.platform(), &sources(world), &plan, &PhaseProgress::default()).await.expect("a generation");
    assert!(done.generation > first && done.active);
    done.generation
}

async fn long_ago(db: &PgPool) {
    let sql = "update control.generations set activated_at = activated_at - interval '5 minutes'";
    db.execute(sql).await.expect("updated");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_generation_that_is_behind_tells_before_it_goes() {
    let world = World::new().await;
    let (first, db) = (world.read_model().generation(), &world.platform().db);
    world.log(&[event(1, ROOM, OWNER, created(OWNER, &[]))]).await;
    world.log(&refused(10, 20)).await;
    let running = world.project(first, &Settings::default());
    world.folded(first).await;
    assert!(running.end().await);
    // These the second folds in silence: the first has not come to them, and they are its to tell.
    world.log(&refused(20, 50)).await;
    let second = switched(&world, first).await;
    assert_eq!(
        (number(db, TOLD).await, number(&world.pool(second), "select count(*) from rejections").await),
        (10, 40)
    );

    let early = attempt(db, first, false).await;
    assert!(matches!(early, Err(DropError::Readers { seconds, .. }) if seconds > 30), "{early:?}");
    long_ago(db).await;
    let untold = attempt(db, first, false).await.expect_err("refused").to_string();
    let partition = world.partition(event_schema::Topic::Rooms, &ROOM).await;
    assert!(untold.contains(&format!("{partition} up to offset 41 (folded up to 11)")), "{untold}");
    // It waits for whoever folds it.
    let running = world.project(first, &Settings::default());
    drop_generation(db, first, false).await.expect("dropped");
    running.crash().await;
    assert_eq!(number(db, TOLD).await, 40);
    assert_eq!(number(db, "select count(*) from pg_namespace where nspname = 'g1'").await, 0);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parked_events_are_told_of_too_or_given_up_by_force() {
    let world = World::new().await;
    let (first, db) = (world.read_model().generation(), &world.platform().db);
    let pool = world.pool(first);
    let refuse = "alter table messages add constraint no_stones check (item not like '%a stone%')";
    pool.execute(refuse).await.expect("a constraint");
    world.log(&[event(1, ROOM, OWNER, created(OWNER, &[])), event(2, ROOM, OWNER, posted("a stone"))]).await;
    world.log(&refused(10, 14)).await;
    let running = world.project(first, &Settings::default());
    world.folded(first).await;
    assert!(running.end().await);
    assert_eq!(number(&pool, "select count(*) from parked").await, 5);
    // The tables of the second take the stone.
    let second = switched(&world, first).await;
    long_ago(db).await;
    let untold = attempt(db, first, false).await.expect_err("refused").to_string();
    assert!(untold.contains("with 5 parked events"), "{untold}");
    drop_generation(db, first, true).await.expect("dropped by force");
    let again = drop_generation(db, first, true).await;
    assert!(matches!(again, Err(DropError::Unknown(1))), "{again:?}");

    // A number that has told is not given again.
    let third = create_generation(db, world.platform().log_id).await.expect("a generation");
    assert_eq!(third, second + 1);
    drop_generation(db, third, false).await.expect("never read");
    assert_eq!(create_generation(db, world.platform().log_id).await.expect("a generation"), third);
    world.end().await;
}
