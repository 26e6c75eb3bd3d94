//! `verify` says nothing about what is right, and finds what is not (promise P7).

use platform::Lifecycle;
use projector::Settings;
use sqlx::{AssertSqlSafe, Executor as _, PgPool};
use test_support::story::Story;
use test_support::world::World;

use crate::progress::PhaseProgress;
use crate::table::Table;
use crate::verify::{Finding, Report, RowDifference, Scope, Sources, verify};

pub(super) fn sources(world: &World) -> Sources {
    Sources {
        kafka: world.platform().kafka.clone(),
        fold: world.fold(),
        postgres: world.platform().settings.postgres.clone(),
        scratch: std::env::temp_dir(),
        parallel: 2,
        stop: Lifecycle::new().soft(),
    }
}

async fn checked(world: &World, scope: &Scope) -> Report {
    verify(&sources(world), None, scope, &PhaseProgress::default()).await.expect("a report")
}

/// A world with a folded story.
async fn folded_story(seed: u64, events: usize) -> (World, PgPool) {
    let world = World::new().await;
    world.log(&Story::new(seed).events(events)).await;
    let active = world.read_model().generation();
    let running = world.project(active, &Settings::default());
    world.folded(active).await;
    assert!(running.end().await);
    let pool = world.pool(active);
    (world, pool)
}

/// Changes a table, looks, and puts it back as it was.
async fn planted(world: &World, pool: &PgPool, table: &str, change: &str) -> Vec<RowDifference> {
    let run = async |sql: String| pool.execute(AssertSqlSafe(sql)).await.expect("a statement");
    run(format!("create table kept as table {table}")).await;
    assert!(run(change.to_owned()).await.rows_affected() > 0, "nothing was planted: {change}");
    let report = checked(world, &Scope::Whole).await;
    run(format!("delete from {table}")).await;
    run(format!("insert into {table} table kept")).await;
    run("drop table kept".to_owned()).await;
    assert!(!report.is_same(), "not found: {change}");
    report.differences
}

const FIRST: &str =
    "(room_id, seq) = (select room_id, seq from messages where item like '%Message%' order by 1, 2 limit 1)";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_planted_in_messages_is_found() {
    let (world, pool) = folded_story(31, 3_000).await;
    let clean = checked(&world, &Scope::Whole).await;
    assert!(clean.is_same() && clean.events == 3_000 && clean.rows > 2_000, "{clean:?}");

    let one = format!("update messages set item = replace(item, 'Message', 'Massage') where {FIRST}");
    let found = planted(&world, &pool, "messages", &one).await;
    assert_eq!(found.len(), 1);
    let Finding::Changed { columns } = &found[0].finding else { panic!("{found:?}") };
    assert_eq!((found[0].table, columns.len(), columns[0].column), ("messages", 1, "item"));
    assert!(columns[0].expected.contains("Message") && columns[0].found.contains("Massage"), "{columns:?}");
    let words = found[0].to_string();
    assert!(words.contains("Massage") && words.contains("seq") && words.contains("chat.rooms/"), "{words}");

    let found = planted(&world, &pool, "messages", &format!("delete from messages where {FIRST}")).await;
    assert_eq!((found.len(), &found[0].finding, found[0].table), (1, &Finding::Missing, "messages"));

    let extra = format!(
        "insert into messages select room_id, seq + 100000, gen_random_uuid(), author_id, created_at, deleted, reply_to,
         mentions, item from messages where {FIRST}"
    );
    let found = planted(&world, &pool, "messages", &extra).await;
    assert_eq!((found.len(), &found[0].finding), (1, &Finding::Extra));

    let swap = "with pair as (select room_id, seq, item, row_number() over (order by room_id, seq) as n from messages
        where room_id = (select room_id from messages order by 1 limit 1) order by seq limit 2)
        update messages m set item = other.item from pair one, pair other
        where one.n <> other.n and m.room_id = one.room_id and m.seq = one.seq";
    let found = planted(&world, &pool, "messages", swap).await;
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(checked(&world, &Scope::Whole).await.is_same());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_planted_elsewhere_is_found() {
    let (world, pool) = folded_story(32, 3_000).await;
    let plants = [
        ("rooms", "member_count = member_count + 1"),
        ("rooms", r"digest = decode(repeat('ab', 32), 'hex')"),
        ("room_members", "last_own_seq = last_own_seq + 1"),
        ("message_edits", "content = jsonb_set(content, '{text}', '\"other\"')"),
        ("reactions", "rev = rev + 1"),
        ("changes", "last_seq = last_seq + 1"),
        ("receipts", "read_seq = read_seq + 1"),
        ("users", "display_name = 'somebody'"),
        ("friends", "added_at = added_at + interval '1 microsecond'"),
        ("rejections", "reason = 'unchanged'"),
        ("seen_events", "rev = rev + 1"),
    ];
    for (table, change) in plants {
        let one = format!("update {table} set {change} where ctid = (select min(ctid) from {table})");
        let found = planted(&world, &pool, table, &one).await;
        assert_eq!((found.len(), found[0].table), (1, table), "{change}: {found:?}");
    }
    let place = "where topic = 'chat.rooms' and next_offset > 5";
    for change in ["next_offset = next_offset - 3", "next_offset = next_offset - 3, last_event_id = null"] {
        let found = planted(&world, &pool, "checkpoints", &format!("update checkpoints set {change} {place}")).await;
        assert!(found.iter().any(|it| it.log.contains("chat.rooms/")), "{found:?}");
    }
    for change in ["last_event_id = null", "next_offset = next_offset + 3"] {
        let one = format!("update checkpoints set {change} where topic = 'chat.rooms' and partition = 0");
        let found = planted(&world, &pool, "checkpoints", &one).await;
        assert_eq!((found.len(), found[0].table), (1, "checkpoints"), "{change}: {found:?}");
    }
    assert!(checked(&world, &Scope::Whole).await.is_same());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_table_and_no_column_is_left_out() {
    let world = World::new().await;
    let pool = world.pool(world.read_model().generation());
    // What does not follow from the log alone.
    let sql = "select table_name::text, array_agg(column_name::text order by ordinal_position)
        from information_schema.columns
        where table_schema = current_schema() and table_name not in ('checkpoints', 'parked') group by 1 order by 1";
    let there: Vec<(String, Vec<String>)> = sqlx::query_as(sql).fetch_all(&pool).await.expect("columns");
    let columns = |table: Table| table.columns().iter().map(|(name, _)| (*name).to_owned()).collect();
    let mut ours: Vec<(String, Vec<String>)> =
        Table::ALL.into_iter().map(|table| (table.name().to_owned(), columns(table))).collect();
    ours.sort_unstable();
    assert_eq!(ours, there);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_and_a_sample_are_looked_at_alone() {
    let (world, pool) = folded_story(33, 2_000).await;
    let rooms: Vec<uuid::Uuid> =
        sqlx::query_scalar("select room_id from rooms order by 1").fetch_all(&pool).await.expect("rooms");
    let spoil = "update messages set deleted = not deleted where room_id = $1 and seq = 1";
    sqlx::query(spoil).bind(rooms[0]).execute(&pool).await.expect("planted");
    let of = |room: uuid::Uuid| Scope::Rooms(vec![event_schema::RoomId(room)]);
    assert!(checked(&world, &of(rooms[1])).await.is_same());
    let report = checked(&world, &of(rooms[0])).await;
    assert_eq!((report.keys_differing, report.differences.len()), (1, 1), "{report:?}");
    let all = u32::try_from(rooms.len()).expect("few");
    let sampled = checked(&world, &Scope::Sample { rooms: all, seed: 7 }).await;
    assert_eq!(sampled.differences.len(), 1);
    let sampled = checked(&world, &Scope::Sample { rooms: 2, seed: 7 }).await;
    assert!(sampled.rows > 0 && sampled.rows < report.rows + 3_000, "{sampled:?}");
    assert!(!checked(&world, &Scope::Whole).await.is_same());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_are_being_written_are_right_at_every_moment() {
    let world = World::new().await;
    let active = world.read_model().generation();
    let settings = Settings { projector_batch_events: 20, projector_batch_ms: 0, ..Settings::default() };
    let running = world.project(active, &settings);
    let mut story = Story::new(34);
    for _ in 0..4 {
        let events = story.events(1_000);
        let ((), report) = tokio::join!(world.log(&events), checked(&world, &Scope::Whole));
        assert!(report.is_same(), "{report:?}");
    }
    world.folded(active).await;
    let report = checked(&world, &Scope::Whole).await;
    assert!(report.is_same() && report.events == 4_000, "{report:?}");
    running.end().await;
    world.end().await;
}
