//! The rebuild: events a second from the log to indexed tables, beside a bare binary COPY of the same rows with the same
//! indexes built after it.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use event_schema::{RoomId, UserId};
use futures::TryStreamExt;
use read_model::generations::index_statements;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::Options;
use crate::live::{connect, write_backlog};
use crate::report::{Report, rate};
use crate::stack::Stack;

/// The log holds so many times the events of the live projection's backlog.
const TIMES: u64 = 5;
const PIECE: usize = 256 * 1024;
/// As the rebuild has it.
const SETTINGS: &str = "set statement_timeout = 0; set maintenance_work_mem = '256MB'; set synchronous_commit = off";

/// What a tool took, and its JSON.
pub struct Built {
    pub seconds: f64,
    /// The most memory it has had.
    pub peak_mib: u64,
    pub said: Value,
}

/// Writes a log, builds a generation from it, and copies the same rows again by hand.
pub async fn run(stack: &Stack, options: &Options, report: &mut Report) -> Result<()> {
    let (platform, _) = connect(stack).await?;
    let author = stack.person("replayer").await?;
    let mut rooms = Vec::new();
    for n in 0..24 {
        rooms.push(stack.room(&author, &format!("replay {n}")).await?.parse::<RoomId>()?);
    }
    let author: UserId = author.id.parse()?;
    // The live projection stands still: only the rebuild is measured.
    stack.signal("STOP")?;
    let measured = async {
        write_backlog(&platform, &rooms, author, options.events * TIMES).await?;
        let mut database = PgConnection::connect(&stack.database_url()).await?;
        database.execute("checkpoint").await?;
        let built = rebuild(stack).await?;
        database.execute("checkpoint").await?;
        let generation = built.said["generation"].as_i64().context("no generation")?;
        let bare = bare_copy(&mut database, generation).await?;
        Ok::<_, anyhow::Error>((built, bare))
    };
    let measured = measured.await;
    stack.signal("CONT")?;
    let (built, (copy, index)) = measured?;
    let events = built.said["events"].as_f64().unwrap_or_default();
    let phases = pairs(&built.said["phases"]);
    report.row(
        format!("rebuild of {events} events, end to end"),
        rate(events, built.seconds),
        format!("{:.1} s: {phases}; peak {} MiB", built.seconds, built.peak_mib),
        "goal 150,000/s; ≤ 512 MiB",
    );
    report.row(
        "rebuild rebuild_under_load a bare COPY with its indexes",
        format!("{:.2} ×", (copy + index) / built.seconds),
        format!("bare: copy {copy:.1} s, index {index:.1} s; folding threads: {}", pairs(&built.said["spent"])),
        "≥ 0.3 ×",
    );
    Ok(())
}

/// Names and seconds as `chatlog rebuild` lists them.
pub fn pairs(list: &Value) -> String {
    let pairs = list.as_array().into_iter().flatten();
    let shown =
        pairs.map(|it| format!("{} {:.1} s", it[0].as_str().unwrap_or_default(), it[1].as_f64().unwrap_or(0.0)));
    shown.collect::<Vec<_>>().join(", ")
}

/// `chatlog rebuild` as people run it, as far as loading and indexing go.
async fn rebuild(stack: &Stack) -> Result<Built> {
    finished(stack.command(&["rebuild", "--no-verify", "--no-activate", "--json"])).await
}

/// Runs a tool of the program to its end, which must be a good one.
pub async fn finished(mut command: Command) -> Result<Built> {
    let begin = Instant::now();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let mut peak_mib = 0;
    let status = loop {
        peak_mib = peak_mib.max(high_water(child.id()));
        if let Some(status) = child.try_wait()? {
            break status;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let seconds = begin.elapsed().as_secs_f64();
    let mut out = String::new();
    child.stdout.take().context("no output")?.read_to_string(&mut out)?;
    ensure!(status.success(), "it failed: {out}");
    Ok(Built { seconds, peak_mib, said: serde_json::from_str(&out)? })
}

/// The most memory that a process has had, in MiB.
fn high_water(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).map_or(0, |kib| kib / 1024)
}

/// Seconds of copying every table of a generation into bare tables, and of building its indexes there.
async fn bare_copy(database: &mut PgConnection, generation: i64) -> Result<(f64, f64)> {
    let folder = std::env::temp_dir().join(format!("chatlog-bench-replay-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    database.execute(SETTINGS).await?;
    let tables: Vec<String> = sqlx::query_scalar(
        "select relname::text from pg_class where relnamespace = $1::regnamespace and relkind = 'r'",
    )
    .bind(format!("g{generation}"))
    .fetch_all(&mut *database)
    .await?;
    database.execute("create schema bare").await?;
    for table in &tables {
        let sql = format!("create table bare.{table} (like g{generation}.{table})");
        database.execute(AssertSqlSafe(sql)).await?;
        copy_out(database, &format!("g{generation}.{table}"), &folder.join(table)).await?;
    }
    let begin = Instant::now();
    for table in &tables {
        copy_in(database, &format!("bare.{table}"), &folder.join(table)).await?;
    }
    let copy = begin.elapsed().as_secs_f64();
    std::fs::remove_dir_all(&folder)?;
    database.execute("set search_path = bare").await?;
    let begin = Instant::now();
    for statement in index_statements() {
        database.execute(AssertSqlSafe(statement)).await?;
    }
    let index = begin.elapsed().as_secs_f64();
    database.execute("drop schema bare cascade").await?;
    Ok((copy, index))
}

async fn copy_out(database: &mut PgConnection, table: &str, file: &Path) -> Result<()> {
    let mut file = BufWriter::new(File::create(file)?);
    let mut pieces = database.copy_out_raw(&format!("copy {table} to stdout (format binary)")).await?;
    while let Some(piece) = pieces.try_next().await? {
        file.write_all(&piece)?;
    }
    Ok(file.flush()?)
}

async fn copy_in(database: &mut PgConnection, table: &str, file: &Path) -> Result<()> {
    let mut file = BufReader::new(File::open(file)?);
    let mut copying = database.copy_in_raw(&format!("copy {table} from stdin (format binary)")).await?;
    let mut piece = vec![0; PIECE];
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            break;
        }
        copying.send(&piece[..read]).await?;
    }
    copying.finish().await?;
    Ok(())
}
