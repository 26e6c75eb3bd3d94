//! A room is mended from the log while everything goes on, and nothing but it is touched (promises P6, P7, P8).

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use event_schema::message::{Deleted, Edited, ReactionAdded};
use event_schema::receipt::ReadUpTo;
use event_schema::{Event, MessageId, Payload, RoomId, Topic, UserId};
use futures::StreamExt as _;
use projector::Settings;
use read_model::push::{CHANNEL, Push};
use sqlx::{AssertSqlSafe, Executor as _, PgPool};
use test_support::story::{Story, created, event, posted, text};
use test_support::wait_for;
use test_support::world::{World, number, until_number};
use uuid::Uuid;

use super::verifying::sources;
use crate::progress::PhaseProgress;
use crate::rebuild::{RepairError, Repaired, repair_room};
use crate::verify::{Scope, verify};

const OWNER: UserId = UserId(Uuid::from_u128(1));
const STRANGER: UserId = UserId(Uuid::from_u128(2));
const ROOM: RoomId = RoomId(Uuid::from_u128(0x51));
const BUSY: RoomId = RoomId(Uuid::from_u128(0x52));

/// A room with something in every table.
fn room() -> Vec<Event> {
    let mut events = vec![event(1, ROOM, OWNER, created(OWNER, &[])), event(2, BUSY, OWNER, created(OWNER, &[]))];
    let id = |n: u64| MessageId(event(n, ROOM, OWNER, posted("")).envelope.id.0);
    events.extend((100..300).map(|n| event(n, ROOM, OWNER, posted(format!("see you at {n}")))));
    for n in 100..110_u64 {
        let message_id = id(n);
        let edited = Edited { message_id, content: text(format!("edited {n}")), mentions: Vec::new() };
        let reaction = ReactionAdded { message_id: id(n + 20), emoji: "\u{1f44d}".to_owned() };
        events.push(event(n + 300, ROOM, OWNER, edited));
        events.push(event(n + 400, ROOM, OWNER, Deleted { message_id: id(n + 50) }));
        events.push(event(n + 500, ROOM, OWNER, reaction));
        events.push(event(n + 600, ROOM, STRANGER, posted("let me in")));
        events.push(event(n + 700, ROOM, OWNER, Payload::ReadUpTo(ReadUpTo { up_to_seq: n })));
    }
    events
}

/// Makes something wrong in every table of the room, and lets whoever folds it believe that.
async fn spoil(pool: &PgPool) {
    let of_room = |sql: &str| sql.replace("ROOM", &format!("'{}'", ROOM.0));
    for sql in [
        "update messages set item = replace(item, 'see you', 'see them') where room_id = ROOM and seq between 30 and 35",
        "delete from messages where room_id = ROOM and seq = 40",
        "insert into messages select room_id, seq + 5000, gen_random_uuid(), author_id, created_at, deleted, reply_to,
            mentions, item from messages where room_id = ROOM and seq = 41",
        "update rooms set last_seq = last_seq + 7, rev = rev + 3, member_count = 9 where room_id = ROOM",
        "update room_members set last_own_seq = 3 where room_id = ROOM",
        "update message_edits set content = jsonb_set(content, '{text}', '\"other\"') where room_id = ROOM",
        "delete from reactions where room_id = ROOM and seq < 25",
        "update changes set last_seq = 1 where room_id = ROOM and rev > 210",
        "update receipts set read_seq = 9999 where room_id = ROOM",
        "insert into receipts values (ROOM, gen_random_uuid(), 5)",
        "update rejections set reason = 'unchanged' where key_id = ROOM",
        "delete from seen_events where key_id = ROOM and rev % 2 = 0",
        "update checkpoints set epoch = epoch + 1",
    ] {
        let changed = pool.execute(AssertSqlSafe(of_room(sql))).await.expect("a statement").rows_affected();
        assert!(changed > 0, "{sql}");
    }
}

async fn repaired(world: &World, room: RoomId) -> Repaired {
    let repaired =
        repair_room(world.platform(), &sources(world), room, &PhaseProgress::default()).await.expect("mended");
    assert!(repaired.is_same(), "{repaired:?}");
    repaired
}

async fn assert_verified(world: &World, generation: i32) {
    let report =
        verify(&sources(world), Some(generation), &Scope::Whole, &PhaseProgress::default()).await.expect("a report");
    assert!(report.is_same(), "{report:?}");
}

/// Every row of other rooms, and the transactions that wrote them.
async fn others(pool: &PgPool) -> Vec<(String, i64, String)> {
    let mut all = Vec::new();
    for (table, key) in [
        ("rooms", "room_id"),
        ("room_members", "room_id"),
        ("messages", "room_id"),
        ("message_edits", "room_id"),
        ("reactions", "room_id"),
        ("changes", "room_id"),
        ("receipts", "room_id"),
        ("rejections", "key_id"),
        ("seen_events", "key_id"),
        ("users", "user_id"),
        ("friends", "user_id"),
    ] {
        let sql = format!(
            "select '{table}', count(*), coalesce(md5(string_agg(t.xmin::text || t::text, E'\\n' order by t::text)), '')
             from {table} t where {key} not in ('{}', '{}')",
            ROOM.0, BUSY.0
        );
        all.push(sqlx::query_as(AssertSqlSafe(sql)).fetch_one(pool).await.expect("a hash"));
    }
    all
}

/// Writes to the room and to another one until told to end.
async fn write_on(world: &World, done: &AtomicBool) -> u64 {
    let mut n = 10_000;
    while !done.load(Ordering::Relaxed) {
        for room in [ROOM, BUSY] {
            n += 1;
            world.platform().kafka.send(&event(n, room, OWNER, posted(format!("meanwhile {n}")))).await.expect("a log");
        }
    }
    n - 10_000
}

/// Reads the room, each time all at one moment. Whatever is wrong with it, it is never gone or half there.
async fn read_on(pool: &PgPool, least: i64, done: &AtomicBool) -> u64 {
    let sql =
        "select (select count(*) from messages where room_id = $1) + 0 * (select rev from rooms where room_id = $1)";
    let mut reads = 0;
    while !done.load(Ordering::Relaxed) {
        let count: Option<i64> = sqlx::query_scalar(sql).bind(ROOM.0).fetch_one(pool).await.expect("an answer");
        assert!(count.is_some_and(|count| count >= least), "{count:?} of {least}");
        reads += 1;
    }
    reads
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_is_mended_in_every_generation_while_posts_go_on() {
    let world = World::new().await;
    let active = world.read_model().generation();
    let second = world.generation().await;
    let settings = Settings { projector_batch_events: 50, projector_batch_ms: 0, ..Settings::default() };
    projector::start(world.platform(), world.fold(), &settings);
    world.log(&Story::new(51).events(2_000)).await;
    world.log(&room()).await;
    let pools = [world.pool(active), world.pool(second)];
    let mut before = Vec::new();
    for (generation, pool) in [active, second].into_iter().zip(&pools) {
        world.folded(generation).await;
        before.push(others(pool).await);
        spoil(pool).await;
    }
    // What follows is folded on the wrong state: it gets wrong seqs, and stays wrong in the memory of whoever folds it.
    let more: Vec<Event> = (3_000..3_020).map(|n| event(n, ROOM, OWNER, posted("on a wrong state"))).collect();
    world.log(&more).await;
    world.folded(active).await;
    world.folded(second).await;
    let least =
        number(&pools[0], "select count(*) from messages where room_id = '00000000-0000-0000-0000-000000000051'");
    let (least, done) = (least.await - 10, AtomicBool::new(false));
    let mending = async {
        let repaired = repaired(&world, ROOM).await;
        // The writers go on for a moment after it.
        world.folded(active).await;
        done.store(true, Ordering::Relaxed);
        repaired
    };
    let (repaired, written, reads) = tokio::join!(mending, write_on(&world, &done), read_on(&pools[0], least, &done));
    assert!(written > 10 && reads > 5, "{written} written, {reads} reads");
    let generations: Vec<_> = repaired.generations.iter().map(|it| (it.generation, it.active)).collect();
    assert_eq!(generations, [(active, true), (second, false)]);
    for mended in &repaired.generations {
        assert_eq!(mended.touched.len(), 9, "{mended:?}");
        assert!(mended.events > 250 && mended.parked_from.is_none());
    }
    for (generation, (pool, before)) in [active, second].into_iter().zip(pools.iter().zip(before)) {
        world.folded(generation).await;
        assert_verified(&world, generation).await;
        assert_eq!(others(pool).await, before, "others are as they were, and were not written anew");
    }
    // What readers keep by revs is worth nothing any more.
    let read = &world.read_model();
    wait_for("another edition", async || (read.edition() == (active, 1)).then_some(())).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_are_told_and_where_nothing_is_wrong_nothing_happens() {
    let world = World::new().await;
    let active = world.read_model().generation();
    let pool = world.pool(active);
    let running = world.project(active, &Settings::default());
    world.log(&room()).await;
    world.folded(active).await;
    let sums = "select (select sum(epoch) from checkpoints)::bigint + (select sum(repairs) from control.generations)";
    let before = number(&pool, sums).await;
    let clean = repaired(&world, ROOM).await;
    assert!(clean.generations[0].touched.is_empty() && number(&pool, sums).await == before, "{clean:?}");
    let unknown = RoomId(Uuid::from_u128(0x77));
    let missing = repair_room(world.platform(), &sources(&world), unknown, &PhaseProgress::default()).await;
    assert!(matches!(missing, Err(RepairError::Unknown(room)) if room == unknown), "{missing:?}");

    let pushes = world.platform().redis.subscribe(CHANNEL);
    let mut pushes = pushes.map(|bytes| Push::from_bytes(&bytes).expect("a push")).boxed();
    // Heard at all.
    assert!(pushes.next().await.is_some());
    pool.execute("update messages set deleted = true where seq = 5").await.expect("planted");
    assert_eq!(repaired(&world, ROOM).await.generations[0].touched[0].table, "messages");
    let mut told = Vec::new();
    let gaps = async {
        while told.len() < 2 {
            let push = pushes.next().await.expect("a push");
            // Nobody has written meanwhile.
            if push.from != push.to {
                told.push((push.topic, push.partition, push.generation));
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), gaps).await.expect("told");
    told.sort_unstable_by_key(|it| it.0.name());
    let partition = world.partition(Topic::Rooms, &ROOM).await.number;
    assert_eq!(told, [(Topic::Receipts, partition, active), (Topic::Rooms, partition, active)]);
    assert!(number(&pool, sums).await > before);
    assert!(running.end().await);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_room_is_mended_up_to_its_first_parked_event() {
    let world = World::new().await;
    let active = world.read_model().generation();
    let pool = world.pool(active);
    let refuse = "alter table messages add constraint no_stones check (item not like '%a stone%')";
    pool.execute(refuse).await.expect("a constraint");
    let mut events = vec![event(1, ROOM, OWNER, created(OWNER, &[]))];
    events.extend((2..60).map(|n| event(n, ROOM, OWNER, posted(if n == 30 { "a stone" } else { "bread" }))));
    world.log(&events).await;
    let running = world.project(active, &Settings::default());
    world.folded(active).await;
    pool.execute("delete from messages where seq between 3 and 7").await.expect("planted");
    let mended = repaired(&world, ROOM).await.generations.remove(0);
    let place = world.partition(Topic::Rooms, &ROOM).await;
    assert_eq!(mended.parked_from, Some(format!("{place} offset 29")));
    assert_eq!((mended.events, mended.touched.len(), mended.touched[0].written), (29, 1, 5));
    assert_eq!(number(&pool, "select count(*) from parked").await, 30);
    // Let out, it is whole.
    pool.execute("alter table messages drop constraint no_stones").await.expect("no constraint");
    pool.execute("update parked set reason = null").await.expect("let out");
    pool.execute("update checkpoints set epoch = epoch + 1").await.expect("taken again");
    world.log(&[event(90, ROOM, OWNER, posted("late"))]).await;
    until_number(&pool, "select count(*) from parked", 0).await;
    world.folded(active).await;
    assert_verified(&world, active).await;
    assert_eq!(number(&pool, "select count(*) from messages").await, 59);
    assert!(running.end().await);
    world.end().await;
}
