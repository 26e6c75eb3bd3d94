//! `verify`, `rebuild`, `room` and `diff` as people run them: processes, their words and exit codes, killed in every phase.

use std::cell::RefCell;
use std::process::Stdio;
use std::time::Duration;

use platform::Platform;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Executor as _, PgPool};
use test_support::{TestPlatform, wait_for};
use tokio::process::{Child, Command};

use crate::world::{World, folder};

/// The program, for the servers of a test.
pub fn chatlog(test: &TestPlatform, arguments: &[&str]) -> Command {
    let settings = &test.settings;
    let mut command = Command::new(env!("CARGO_BIN_EXE_chatlog"));
    command
        .args(arguments)
        .env("KAFKA_BROKERS", &settings.kafka.brokers)
        .env("CHATLOG_TOPIC_PREFIX", &settings.kafka.topic_prefix)
        .env("DATABASE_URL", settings.postgres.database_url.expose())
        .env("REDIS_URL", settings.redis.redis_url.expose())
        .env("CHATLOG_REDIS_PREFIX", &settings.redis.redis_prefix)
        .kill_on_drop(true);
    command
}

/// Its exit code, and what it printed.
async fn said(test: &TestPlatform, arguments: &[&str]) -> (i32, String) {
    let output = chatlog(test, arguments).output().await.expect("the program");
    let (out, notes) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code().unwrap_or(-1), format!("{out}{notes}"))
}

/// A platform with a room of a few hundred messages.
async fn filled() -> World {
    let lines = |day: u32| (0..300).map(move |n| format!("[{:02}:{:02}] <owner> line {n} of {day}\n", n / 60, n % 60));
    let (_kept, hall) = folder(&[("2020-01-01.log", lines(1).collect()), ("2020-01-02.log", lines(2).collect())]);
    let world = World::start().await;
    world.import(&[hall]).await;
    world
}

async fn room(world: &World) -> String {
    let pool = world.read_model().pool();
    sqlx::query_scalar("select room_id::text from rooms").fetch_one(&pool).await.expect("a room")
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_answers_with_words_and_exit_codes() {
    let world = filled().await;
    let (code, words) = said(&world.test, &["verify"]).await;
    assert!(code == 0 && words.contains("is what the log says"), "{code}: {words}");
    let pool = world.read_model().pool();
    let spoil = "update messages set item = replace(item, 'line 7 of', 'line 8 of') where item like '%line 7 of 1%'";
    assert_eq!(pool.execute(spoil).await.expect("planted").rows_affected(), 1);
    let (code, words) = said(&world.test, &["verify"]).await;
    assert!(code == 1 && words.contains("line 7 of 1") && words.contains("line 8 of 1"), "{code}: {words}");
    let room = room(&world).await;
    let (code, words) = said(&world.test, &["verify", "--room", &room, "--json"]).await;
    let report: Value = serde_json::from_str(words.lines().next().expect("a line")).expect("JSON");
    assert_eq!((code, report["keys_differing"].as_u64()), (1, Some(1)), "{words}");
    assert_eq!(report["differences"][0]["columns"][0]["column"], "item");
    let (code, words) = said(&world.test, &["verify", "--generation", "9"]).await;
    assert!(code == 2 && words.contains("no such generation"), "{code}: {words}");
    world.test.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_is_mended_with_words_and_exit_codes() {
    let world = filled().await;
    let room = room(&world).await;
    let (code, words) = said(&world.test, &["rebuild", "--room", &room]).await;
    assert!(code == 0 && words.contains("nothing to mend in ") && words.contains("is what the log says"), "{words}");
    let pool = world.read_model().pool();
    pool.execute("delete from messages where seq between 20 and 24").await.expect("planted");
    pool.execute("update rooms set last_seq = 5, member_count = 77").await.expect("planted");
    let (code, words) = said(&world.test, &["rebuild", "--room", &room]).await;
    assert!(code == 0 && words.contains("rooms (-1 +1), messages (-0 +5)"), "{code}: {words}");
    assert_eq!(said(&world.test, &["verify"]).await.0, 0);
    pool.execute("update messages set deleted = true where seq = 9").await.expect("planted");
    let (code, words) = said(&world.test, &["rebuild", "--room", &room, "--json"]).await;
    let mended: Value = serde_json::from_str(words.lines().next().expect("a line")).expect("JSON");
    let touched = &mended["generations"][0]["touched"];
    assert_eq!(
        (code, &mended["room_id"], touched.as_array().map(Vec::len)),
        (0, &Value::from(room), Some(1)),
        "{words}"
    );
    assert_eq!(touched[0], serde_json::json!({"table": "messages", "removed": 1, "written": 1}));
    let nobody = "01980000-0000-7000-8000-000000000000";
    let (code, words) = said(&world.test, &["rebuild", "--room", nobody]).await;
    assert!(code == 2 && words.contains("there is no room"), "{code}: {words}");
    let (code, words) = said(&world.test, &["rebuild", "--room", nobody, "--no-activate"]).await;
    assert!(code == 2 && words.contains("cannot be used with"), "{code}: {words}");
    world.test.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_is_shown_as_it_was() {
    let world = filled().await;
    let room = room(&world).await;
    let at = "2020-01-01T02:00:30Z";
    let (code, words) = said(&world.test, &["room", "show", &room, "--at", at, "--limit", "1", "--json"]).await;
    let past: Value = serde_json::from_str(words.lines().next().expect("a line")).expect("JSON");
    assert_eq!((code, past["room"]["last_seq"].as_i64()), (0, Some(121)), "{words}");
    assert_eq!(past["messages"][0]["content"]["text"], "line 120 of 1");
    let (code, words) = said(&world.test, &["room", "show", &room, "--at", "2019-01-01T00:00:00Z"]).await;
    assert!(code == 0 && words.contains("was not there yet"), "{words}");
    let (code, words) = said(&world.test, &["diff", &room, "--from", at, "--to", "2020-01-01T02:02:30Z"]).await;
    let new: Vec<&str> = words.lines().filter(|line| line.starts_with("+ ")).collect();
    assert_eq!((code, new.len()), (0, 2), "{words}");
    assert!(new[1].contains("line 122 of 1"), "{words}");
    world.test.finish().await;
}

/// Whether the servers say so.
async fn so(pool: &PgPool, sql: &'static str) -> Option<()> {
    sqlx::query_scalar::<_, bool>(sql).fetch_one(pool).await.unwrap_or(false).then_some(())
}

/// Starts a rebuild, holds it in a phase by a lock, kills it there.
async fn killed(test: &TestPlatform, platform: &Platform, hold: &str, waits: &'static str) {
    let mut tx = platform.db.begin().await.expect("a transaction");
    tx.execute(AssertSqlSafe(hold.to_owned())).await.expect("a lock");
    let begin = || chatlog(test, &["rebuild"]).stdout(Stdio::null()).spawn().expect("a process");
    let child: RefCell<Child> = RefCell::new(begin());
    wait_for(format!("`{hold}` to hold it"), async || {
        // A server that answered too late ends it; it says why, and to begin again.
        let ended = child.borrow_mut().try_wait().expect("a status");
        if ended.is_some() {
            *child.borrow_mut() = begin();
        }
        so(&platform.db, waits).await
    })
    .await;
    child.into_inner().kill().await.expect("killed");
    tx.rollback().await.expect("the lock is gone");
    // Its connections end when the servers notice.
    let free = "select pg_try_advisory_xact_lock(7163082358176874500)";
    wait_for("the end of the killed one's lock", async || so(&platform.db, free).await).await;
}

const WAITS: &str =
    "select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')";

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_killed_in_any_phase_goes_on() {
    let world = filled().await;
    let platform = world.test.another().await.expect("connected");
    // Before the tables are there: at their making, which the lock of generations serialises.
    killed(&world.test, &platform, "select pg_advisory_xact_lock(7163082358176874497)", WAITS).await;
    read_model::generations::begin_generation(&platform.db, world.read_model().fold).await.expect("a generation");
    // In the load, before the checkpoint of a partition; at the first key; while it catches up; while it is compared; at the
    // switch itself.
    for hold in [
        "lock table g2.checkpoints in share mode",
        "lock table g2.users in access share mode",
        "select from g2.checkpoints for update",
        "lock table g2.messages in access exclusive mode",
        "select from control.generations for share",
    ] {
        killed(&world.test, &platform, hold, WAITS).await;
    }
    let (code, words) = said(&world.test, &["rebuild"]).await;
    assert!(code == 0 && words.contains("generation 2 is read from now on"), "{code}: {words}");
    let (code, words) = said(&world.test, &["rebuild", "status"]).await;
    assert!(code == 0 && words.contains("standby"), "{words}");
    assert!(words.contains("last rebuild, of generation 2") && words.contains(": done"), "{words}");
    let (code, words) = said(&world.test, &["rebuild", "rollback"]).await;
    assert!(code == 0 && words.contains("generation 1 is read from now on, instead of 2"), "{words}");
    let (code, words) = said(&world.test, &["rebuild", "drop", "1"]).await;
    assert!(code == 1 && words.contains("is the one that is read"), "{words}");
    let (code, words) = said(&world.test, &["rebuild", "drop", "2"]).await;
    assert!(code == 1 && words.contains("its last readers are gone in"), "{words}");
    let (code, words) = said(&world.test, &["rebuild", "drop", "2", "--force"]).await;
    assert!(code == 0, "{words}");
    let (code, words) = said(&world.test, &["verify"]).await;
    assert_eq!(code, 0, "{words}");
    platform.lifecycle.drain(Duration::from_secs(5)).await;
    world.test.finish().await;
}
