//! Rows that the tables refuse, and tables that are away.

use event_schema::{RoomId, UserId};
use projector::Settings;
use test_support::story::{created, event, posted};
use test_support::wait_for;
use test_support::world::{World, number};
use uuid::Uuid;

const OWNER: UserId = UserId(Uuid::from_u128(1));
const ROOM: RoomId = RoomId(Uuid::from_u128(7));

#[tokio::test(flavor = "multi_thread")]
async fn what_the_tables_refuse_is_narrowed_down_to_one_event() {
    let world = World::new().await;
    let active = world.read_model().generation();
    let pool = world.pool(active);
    let refuse = "alter table messages add constraint no_stones check (item not like '%a stone%')";
    sqlx::query(refuse).execute(&pool).await.expect("a constraint");
    let mut events = vec![event(1, ROOM, OWNER, created(OWNER, &[]))];
    events.extend((2..200).map(|n| event(n, ROOM, OWNER, posted(if n == 150 { "a stone" } else { "bread" }))));
    world.log(&events).await;
    let running = world.project(active, &Settings::default());
    world.folded(active).await;
    // The one event, and its successors behind it.
    assert_eq!(
        number(&pool, "select min(at_offset) from parked where reason like '%the tables refuse its rows%'").await,
        149
    );
    assert_eq!(number(&pool, "select count(*) from parked").await, 50);
    assert_eq!(number(&pool, "select count(*) from messages").await, 148);
    running.end().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_of_the_server_is_waited_out_and_told() {
    let world = World::new().await;
    let active = world.read_model().generation();
    let pool = world.pool(active);
    sqlx::query("alter table messages rename to messages_elsewhere").execute(&pool).await.expect("renamed");
    let running = world.project(active, &Settings::default());
    world.log(&[event(1, ROOM, OWNER, created(OWNER, &[])), event(2, ROOM, OWNER, posted("patience"))]).await;
    world.wait_for_concern(&running, "trying again").await;
    sqlx::query("alter table messages_elsewhere rename to messages").execute(&pool).await.expect("renamed");
    world.folded(active).await;
    wait_for("readiness", async || running.projector.concerns().is_empty().then_some(())).await;
    assert_eq!(number(&pool, "select count(*) from messages").await, 1);
    running.end().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_projector_without_its_tables_still_ends_in_time() {
    let world = World::new().await;
    let active = world.read_model().generation();
    let pool = world.pool(active);
    let running = world.project(active, &Settings::default());
    world.log(&[event(1, ROOM, OWNER, created(OWNER, &[]))]).await;
    world.folded(active).await;
    sqlx::query("alter table rooms rename to rooms_elsewhere").execute(&pool).await.expect("renamed");
    world.log(&[event(2, ROOM, OWNER, posted("nowhere to go"))]).await;
    world.wait_for_concern(&running, "trying again").await;
    assert!(running.end().await);
    world.end().await;
}
