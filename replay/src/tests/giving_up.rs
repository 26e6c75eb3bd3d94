//! Parked events that are given up: every fold leaves them out, now or when it comes to them.

use event_schema::EventId;
use platform::Lifecycle;
use platform::outbox::Relay;
use projector::Settings;
use sqlx::Executor as _;
use test_support::story::{Story, created, event, posted};
use test_support::world::{World, number, until_number};
use uuid::Uuid;

use super::parking::{
    ASKED, OWNER, STUCK, WAITING, ask, assert_as_from_the_beginning, assert_verified, parked, rooms, talk,
};
use super::verifying::sources;
use crate::point_in_time::{Log, room_at};
use crate::progress::PhaseProgress;
use crate::rebuild::{Plan, Share, rebuild};
use crate::verify::{Scope, verify};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_up_is_left_out_by_every_fold() {
    let (world, pool, rooms, running) = parked(&Settings::default(), |rooms| talk(rooms, 40, &[10, 25])).await;
    let active = world.read_model().generation();
    let lifecycle = Lifecycle::new();
    lifecycle.spawn("relay", Relay::run(world.platform().clone(), lifecycle.soft()));
    // Two stones: the second stands in the way when the first is gone.
    for left in [16, 0] {
        let first = "select event_id from parked where reason is not null";
        let first: Uuid = sqlx::query_scalar(first).fetch_one(&pool).await.expect("a parked event");
        ask(&world, active, rooms[0].0, Some(EventId(first))).await;
        until_number(&pool, ASKED, 0).await;
        until_number(&pool, "select count(*) from control.dropped_events where at_offset is null", 0).await;
        // The word of the first is behind the second stone.
        until_number(&pool, WAITING, if left > 0 { left + 1 } else { 0 }).await;
        assert_verified(&world).await;
    }
    world.folded(active).await;
    assert_eq!(number(&pool, "select count(*) from messages").await, 38 + 2 * 40);
    assert_eq!(number(&pool, "select count(*) from changes where type = 'room.event_dropped'").await, 2);
    assert_as_from_the_beginning(&world, active).await;
    // The log alone says so, too.
    let log =
        Log { kafka: world.platform().kafka.clone(), scratch: std::env::temp_dir(), stop: Lifecycle::new().soft() };
    let past = room_at(&log, rooms[0], None, &PhaseProgress::default()).await.expect("the past");
    assert_eq!(past.room().map(|room| room.last_seq), Some(38));
    running.end().await;
    pool.execute("delete from control.dropped_events").await.expect("forgotten");
    pool.execute("update control.generations set state = 'loading'").await.expect("not looked at");
    assert_as_from_the_beginning(&world, active).await;
    lifecycle.drain(std::time::Duration::from_secs(5)).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_up_while_another_generation_is_loaded_is_left_out_there() {
    let (world, pool, rooms, running) = parked(&Settings::default(), |rooms| talk(rooms, 30, &[10])).await;
    let active = world.read_model().generation();
    let lifecycle = Lifecycle::new();
    lifecycle.spawn("relay", Relay::run(world.platform().clone(), lifecycle.soft()));
    // Loaded, and folded by nobody yet: it is to try what it took over.
    let plan = Plan { share: Share::WHOLE, verify: false, activate: false, projector: Settings::default() };
    let done =
        rebuild(world.platform(), &sources(&world), &plan, &PhaseProgress::default()).await.expect("a generation");
    let new = world.pool(done.generation);
    assert_eq!((number(&new, WAITING).await, number(&new, STUCK).await), (number(&pool, WAITING).await, 0));

    let first: Uuid = sqlx::query_scalar("select event_id from parked where reason is not null")
        .fetch_one(&pool)
        .await
        .expect("a parked event");
    ask(&world, active, rooms[0].0, Some(EventId(first))).await;
    until_number(&pool, ASKED, 0).await;
    until_number(&pool, "select count(*) from control.dropped_events where at_offset is null", 0).await;
    until_number(&pool, WAITING, 0).await;
    let other = world.project(done.generation, &Settings::default());
    world.folded(done.generation).await;
    until_number(&new, WAITING, 0).await;
    assert_eq!(number(&new, "select count(*) from messages where item like '%a stone%'").await, 0);
    assert_eq!(world.hashes(active).await, world.hashes(done.generation).await);
    let report = verify(&sources(&world), Some(done.generation), &Scope::Whole, &PhaseProgress::default()).await;
    assert!(report.as_ref().is_ok_and(crate::verify::Report::is_same), "{report:?}");
    running.end().await;
    other.end().await;
    lifecycle.drain(std::time::Duration::from_secs(5)).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_up_elsewhere_is_left_out_by_whoever_comes_to_it_later() {
    let world = World::new().await;
    let active = world.read_model().generation();
    let pool = world.pool(active);
    let (_, rooms) = rooms(&world, 1).await;
    let running = world.project(active, &Settings::default());
    world.log(&[event(1, rooms[0], OWNER, created(OWNER, &[]))]).await;
    world.folded(active).await;
    // As a generation that is far ahead leaves it: the log says so at an offset to which this one has not come.
    let void = event(2, rooms[0], OWNER, posted("void"));
    let insert = "insert into control.dropped_events (topic, partition, key_id, event_id, at_offset)
        values ('chat.rooms', 0, $1, $2, 1000)";
    sqlx::query(insert).bind(rooms[0].0).bind(void.envelope.id.0).execute(&pool).await.expect("a row");
    // Whoever has answered this has looked since.
    let ask = "insert into control.parked_requests (generation, topic, partition, key_id, action)
        values ($1, 'chat.rooms', 0, $2, 'retry')";
    sqlx::query(ask).bind(active).bind(rooms[0].0).execute(&pool).await.expect("a request");
    until_number(&pool, ASKED, 0).await;
    world.log(&[void, event(3, rooms[0], OWNER, posted("bread"))]).await;
    world.folded(active).await;
    assert_eq!(number(&pool, "select count(*) from messages").await, 1);
    assert_eq!(number(&pool, "select count(*) from messages where item like '%void%'").await, 0);
    running.end().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_parked_too_and_never_given_up() {
    let world = World::new().await;
    let active = world.read_model().generation();
    let pool = world.pool(active);
    pool.execute("alter table users add constraint no_busy check (status <> 'Busy')").await.expect("a constraint");
    world.log(&Story::new(72).events(2_000)).await;
    sqlx::query("alter table users drop constraint no_busy").execute(&pool).await.expect("none");
    pool.execute("alter table friends add constraint no_friends check (false)").await.expect("a constraint");
    let running = world.project(active, &Settings::default());
    world.folded(active).await;
    let of_people = "select count(*) from parked where topic = 'chat.users' and reason is not null";
    assert!(number(&pool, of_people).await > 0);
    let (key, event): (Uuid, Uuid) =
        sqlx::query_as("select key_id, event_id from parked where reason is not null order by key_id limit 1")
            .fetch_one(&pool)
            .await
            .expect("a parked event");
    let before = number(&pool, WAITING).await;
    ask(&world, active, key, Some(EventId(event))).await;
    until_number(&pool, ASKED, 0).await;
    assert_eq!(
        (
            number(&pool, WAITING).await,
            number(&pool, "select count(*) from control.outbox where topic = 'chat.rooms'").await
        ),
        (before, 0)
    );
    pool.execute("alter table friends drop constraint no_friends").await.expect("no constraint");
    let keys: Vec<Uuid> =
        sqlx::query_scalar("select distinct key_id from parked").fetch_all(&pool).await.expect("keys");
    for key in keys {
        ask(&world, active, key, None).await;
    }
    until_number(&pool, WAITING, 0).await;
    assert_as_from_the_beginning(&world, active).await;
    running.end().await;
    world.end().await;
}
