//! One event that cannot be folded holds up its own key and nothing else; what is let out or given up later leaves the
//! same rows as a fold from the beginning (promises P1, P2, P7).

use event_schema::record::encode;
use event_schema::{Event, EventId, RoomId, Topic, UserId};
use platform::kafka::RawRecord;
use platform::outbox::Relay;
use projector::Settings;
use read_model::Partition;
use sqlx::{Executor as _, PgPool};
use test_support::story::{Story, created, event, posted};
use test_support::world::{Running, World, number, until_number};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::verifying::sources;
use crate::progress::PhaseProgress;
use crate::rebuild::{Plan, Share, rebuild};
use crate::verify::{Scope, verify};

pub(super) const OWNER: UserId = UserId(Uuid::from_u128(1));
const STRANGER: UserId = UserId(Uuid::from_u128(2));

/// Messages of stone are refused by the table.
const REFUSE: &str = "alter table messages add constraint no_stones check (item not like '%a stone%')";
const ALLOW: &str = "alter table messages drop constraint no_stones";

/// A few rooms of one partition, so that one of them could stop the others.
pub(super) async fn rooms(world: &World, count: usize) -> (Partition, Vec<RoomId>) {
    let mut rooms = Vec::new();
    for n in 1..1_000_u128 {
        let room = RoomId(Uuid::from_u128(n));
        if world.partition(Topic::Rooms, &room).await.number == 0 && rooms.len() < count {
            rooms.push(room);
        }
    }
    (Partition { topic: Topic::Rooms, number: 0 }, rooms)
}

/// Rooms in turn, so many messages in each; the first room has stones at these places, and a stranger's post after each.
pub(super) fn talk(rooms: &[RoomId], messages: u64, stones: &[u64]) -> Vec<Event> {
    let mut events: Vec<Event> =
        (1..).zip(rooms).map(|(n, room)| event(n, *room, OWNER, created(OWNER, &[]))).collect();
    let mut n = 100;
    for message in 0..messages {
        for (place, room) in rooms.iter().enumerate() {
            let stone = place == 0 && stones.contains(&message);
            n += 1;
            events.push(event(n, *room, OWNER, posted(if stone { "a stone" } else { "bread" })));
            if stone {
                n += 1;
                events.push(event(n, *room, STRANGER, posted("let me in")));
            }
        }
    }
    events
}

pub(super) async fn ask(world: &World, generation: i32, key: Uuid, drop: Option<EventId>) {
    let sql = "insert into control.parked_requests (generation, topic, partition, key_id, action, event_id)
        select $1, topic, partition, key_id, $3, $4 from parked where key_id = $2 group by topic, partition, key_id";
    let action = if drop.is_some() { "drop" } else { "retry" };
    let asked = sqlx::query(sql).bind(generation).bind(key).bind(action).bind(drop.map(|it| it.0));
    assert_eq!(asked.execute(&world.pool(generation)).await.expect("a request").rows_affected(), 1);
}

pub(super) const WAITING: &str = "select count(*) from parked";
pub(super) const STUCK: &str = "select count(*) from parked where reason is not null";
pub(super) const ASKED: &str = "select count(*) from control.parked_requests";

/// What a fold from the beginning gives, in a generation that refuses nothing.
pub(super) async fn assert_as_from_the_beginning(world: &World, generation: i32) {
    let replayed = world.generation().await;
    let running = world.project(replayed, &Settings::default());
    world.folded(replayed).await;
    running.end().await;
    assert_eq!(number(&world.pool(replayed), WAITING).await, 0);
    assert_eq!(world.hashes(replayed).await, world.hashes(generation).await);
}

pub(super) async fn assert_verified(world: &World) {
    let report = verify(&sources(world), None, &Scope::Whole, &PhaseProgress::default()).await.expect("a report");
    assert!(report.is_same(), "{report:?}");
}

/// A world whose first room is parked at its first stone, and everything else is folded.
pub(super) async fn parked(
    settings: &Settings,
    events: impl Fn(&[RoomId]) -> Vec<Event>,
) -> (World, PgPool, Vec<RoomId>, Running) {
    let world = World::new().await;
    let active = world.read_model().generation();
    let pool = world.pool(active);
    pool.execute(REFUSE).await.expect("a constraint");
    let (_, rooms) = rooms(&world, 3).await;
    world.log(&events(&rooms)).await;
    let running = world.project(active, settings);
    world.folded(active).await;
    (world, pool, rooms, running)
}

/// The record of an event, spoilt before it is sent.
async fn spoilt(world: &World, event: &Event, spoil: impl FnOnce(&mut RawRecord)) {
    let mut record: RawRecord = encode(event).expect("a record").into();
    spoil(&mut record);
    world.platform().kafka.enqueue_record(&record).expect("room in the queue").await.expect("a log");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_set_aside_by_every_fold_alike() {
    let world = World::new().await;
    let active = world.read_model().generation();
    let (_, rooms) = rooms(&world, 3).await;
    world.log(&talk(&rooms, 10, &[])).await;
    spoilt(&world, &event(900, rooms[1], OWNER, posted("foreign")), |record| record.headers.clear()).await;
    let damaged = event(901, rooms[0], OWNER, posted("damaged"));
    spoilt(&world, &damaged, |record| record.value = b"{".to_vec()).await;
    world.log(&[event(902, rooms[0], OWNER, posted("behind it")), event(903, rooms[1], OWNER, posted("flows"))]).await;
    spoilt(&world, &event(904, rooms[2], OWNER, posted("foreign, at the end")), |record| record.headers.clear()).await;
    let running = world.project(active, &Settings::default());
    world.folded(active).await;
    let pool = world.pool(active);
    assert_eq!((number(&pool, WAITING).await, number(&pool, STUCK).await), (2, 1));
    assert_verified(&world).await;

    // A rebuild parks the same key, and its owner finds the same reason.
    let plan = Plan { share: Share::WHOLE, verify: true, activate: false, projector: Settings::default() };
    let built = rebuild(world.platform(), &sources(&world), &plan, &PhaseProgress::default()).await.expect("built");
    let again = world.pool(built.generation);
    let rebuilt = world.project(built.generation, &Settings::default());
    until_number(&again, STUCK, 1).await;
    assert_eq!(number(&again, WAITING).await, 2);
    rebuilt.end().await;
    assert_eq!(world.hashes(active).await, world.hashes(built.generation).await);
    assert_eq!(number(&pool, "select count(*) from control.foreign_records").await, 2);

    // Given up, the key goes on, and every fold from the beginning leaves it out.
    let relay = CancellationToken::new();
    let relaying = tokio::spawn(Relay::run(world.platform().clone(), relay.clone()));
    ask(&world, active, rooms[0].0, Some(damaged.envelope.id)).await;
    until_number(&pool, WAITING, 0).await;
    until_number(&pool, "select count(*) from control.outbox", 0).await;
    world.folded(active).await;
    assert_verified(&world).await;
    assert_as_from_the_beginning(&world, active).await;
    relay.cancel();
    relaying.await.expect("it ends when asked");
    running.end().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_event_parks_its_key_and_a_retry_lets_it_out() {
    let (world, pool, rooms, running) = parked(&Settings::default(), |rooms| talk(rooms, 60, &[20])).await;
    let active = world.read_model().generation();
    // The stone, the stranger's post, 39 messages; the other rooms have all of theirs.
    assert_eq!(number(&pool, WAITING).await, 41);
    assert_eq!(number(&pool, STUCK).await, 1);
    assert_eq!(number(&pool, "select count(*) from messages").await, 20 + 2 * 60);
    world.wait_for_concern(&running, "chat.rooms/0: 1 keys with 41 events are parked").await;
    assert_verified(&world).await;
    // Later ones wait behind it, also behind a restart.
    assert!(running.end().await);
    world.log(&[event(900, rooms[0], OWNER, posted("late")), event(901, rooms[1], OWNER, posted("late"))]).await;
    let running = world.project(active, &Settings::default());
    world.folded(active).await;
    assert_eq!((number(&pool, WAITING).await, number(&pool, "select count(*) from rejections").await), (42, 0));
    // The cause is still there: it stays where it is.
    ask(&world, active, rooms[0].0, None).await;
    until_number(&pool, ASKED, 0).await;
    until_number(&pool, STUCK, 1).await;
    assert_eq!(number(&pool, WAITING).await, 42);

    pool.execute(ALLOW).await.expect("no constraint");
    ask(&world, active, rooms[0].0, None).await;
    until_number(&pool, WAITING, 0).await;
    assert_eq!(number(&pool, "select count(*) from messages").await, 61 + 61 + 60);
    // What it caused is told once.
    let told = "select count(*) from control.outbox where topic = 'chat.rejections'";
    assert_eq!(number(&pool, told).await, 1);
    assert_as_from_the_beginning(&world, active).await;
    assert_verified(&world).await;
    assert!(running.end().await);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_trigger_refuses_is_parked_as_well() {
    let world = World::new().await;
    let active = world.read_model().generation();
    let pool = world.pool(active);
    let trigger = "create function refuse() returns trigger language plpgsql
            as $$ begin raise exception 'no stones here'; end $$;
        create trigger no_stones before insert or update on messages
            for each row when (new.item like '%a stone%') execute function refuse()";
    pool.execute(trigger).await.expect("a trigger");
    let (_, rooms) = rooms(&world, 3).await;
    world.log(&talk(&rooms, 60, &[20])).await;
    let running = world.project(active, &Settings::default());
    world.folded(active).await;
    assert_eq!((number(&pool, WAITING).await, number(&pool, STUCK).await), (41, 1));
    assert_eq!(number(&pool, "select count(*) from parked where reason like '%no stones here%'").await, 1);
    assert_eq!(number(&pool, "select count(*) from messages").await, 20 + 2 * 60);
    pool.execute("drop trigger no_stones on messages").await.expect("no trigger");
    ask(&world, active, rooms[0].0, None).await;
    until_number(&pool, WAITING, 0).await;
    assert_as_from_the_beginning(&world, active).await;
    assert!(running.end().await);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_the_caps_the_partition_stands_still_until_keys_are_let_out() {
    let world = World::new().await;
    let active = world.read_model().generation();
    let pool = world.pool(active);
    pool.execute(REFUSE).await.expect("a constraint");
    let (partition, rooms) = rooms(&world, 2).await;
    let events = talk(&rooms, 30, &[5]);
    world.log(&events).await;
    for (settings, about) in [
        (Settings { projector_parked_events: 7, ..Settings::default() }, "7 events are parked"),
        (Settings { projector_parked_per_key: 10, ..Settings::default() }, "10 events of key"),
    ] {
        let running = world.project(active, &settings);
        world.wait_for_concern(&running, about).await;
        assert!(world.next_offset(active, partition).await < 62);
        running.end().await;
    }
    let running = world.project(active, &Settings { projector_parked_per_key: 12, ..Settings::default() });
    world.wait_for_concern(&running, "no more may be; let them out").await;
    assert_eq!(number(&pool, WAITING).await, 12);
    pool.execute(ALLOW).await.expect("no constraint");
    ask(&world, active, rooms[0].0, None).await;
    world.folded(active).await;
    until_number(&pool, WAITING, 0).await;
    assert_as_from_the_beginning(&world, active).await;
    running.end().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_interrupts_it_nothing_is_lost_or_doubled() {
    let small = Settings { projector_batch_events: 40, projector_batch_ms: 0, ..Settings::default() };
    let (world, pool, rooms, running) = parked(&small, |rooms| talk(rooms, 3_000, &[3, 700, 2_000])).await;
    let active = world.read_model().generation();
    world.log(&Story::new(71).events(600)).await;
    let mut running = Some(running);
    for round in 0..14 {
        if round == 6 {
            pool.execute(ALLOW).await.expect("no constraint");
        }
        // In this order: an answer takes both away at once.
        if number(&pool, ASKED).await == 0 && number(&pool, STUCK).await > 0 {
            ask(&world, active, rooms[0].0, None).await;
        }
        // Cut at another moment each time.
        tokio::time::sleep(std::time::Duration::from_millis(60 * round)).await;
        let kill = "select count(pg_terminate_backend(pid)) from pg_stat_activity
             where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle' and query ~ 'parked|unnest|commit'";
        number(&world.platform().db, kill).await;
        if let Some(running) = running.replace(world.project(active, &small)) {
            running.crash().await;
        }
    }
    if number(&pool, ASKED).await == 0 && number(&pool, STUCK).await > 0 {
        ask(&world, active, rooms[0].0, None).await;
    }
    world.folded(active).await;
    until_number(&pool, WAITING, 0).await;
    assert_as_from_the_beginning(&world, active).await;
    let told = "select count(*) from control.outbox where topic = 'chat.rejections' and key = $1";
    let told = sqlx::query_scalar::<_, i64>(told).bind(rooms[0].to_string()).fetch_one(&pool).await;
    assert_eq!(told.expect("a count"), 3);
    running.expect("one").end().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_takes_over_what_is_parked_and_tries_it() {
    let (world, pool, _, running) = parked(&Settings::default(), |rooms| talk(rooms, 30, &[10])).await;
    let waiting = number(&pool, WAITING).await;
    let plan = Plan { share: Share::WHOLE, verify: true, activate: false, projector: Settings::default() };
    let done =
        rebuild(world.platform(), &sources(&world), &plan, &PhaseProgress::default()).await.expect("a generation");
    let new = world.pool(done.generation);
    // Its tables refuse nothing.
    assert_eq!(number(&new, WAITING).await, 0);
    assert_eq!(number(&new, "select count(*) from messages").await, 90);
    assert_eq!((number(&pool, WAITING).await, number(&pool, STUCK).await), (waiting, 1));
    assert_as_from_the_beginning(&world, done.generation).await;
    running.end().await;
    world.end().await;
}
