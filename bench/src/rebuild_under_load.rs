//! A rebuild beside a live platform: people go on writing and reading; no request fails, no page goes back in time, and the
//! tables are what the log says before and after.

use std::collections::HashMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use event_schema::{RoomId, UserId};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::Options;
use crate::live::{connect, write_backlog};
use crate::load::Measured;
use crate::replay::{Built, finished, pairs};
use crate::report::{Report, ms, progress, rate};
use crate::stack::{Person, Stack};

const SENDS_PER_SECOND: u64 = 500;
const READ_EVERY: Duration = Duration::from_millis(50);
const PAGE: usize = 1000;
/// Folding a long log takes its time.
const PATIENCE: Duration = Duration::from_hours(1);
/// Access tokens last for ten minutes.
const LOG_IN_EVERY: Duration = Duration::from_mins(4);
/// Pages are read for so long after the rebuild, from the new generation alone.
const AFTERWARDS: Duration = Duration::from_secs(3);

/// Fills the log, and rebuilds while 500 messages a second go in and a page is read every 50 ms.
pub async fn run(stack: &Stack, options: &Options, report: &mut Report) -> Result<()> {
    if let Some(logs) = &options.irc {
        import(stack, logs)?;
    }
    let rooms = fill(stack, options, report).await?;
    let before = verify(stack).await?;
    report.row("verify before", "the same".to_owned(), before, "the same");
    let people = People::start(stack, rooms).await?;
    let built = rebuild(stack).await;
    tokio::time::sleep(AFTERWARDS).await;
    let seen = people.stop().await?;
    let built = built?;
    let events = built.said["events"].as_f64().unwrap_or_default();
    report.row(
        format!("rebuild of {events} events rebuild_under_load a live platform, verified and activated"),
        rate(events, built.seconds),
        format!("{:.0} s: {}; peak {} MiB", built.seconds, pairs(&built.said["phases"]), built.peak_mib),
        "≤ 512 MiB",
    );
    report.row(
        format!("meanwhile {} messages sent at {SENDS_PER_SECOND}/s", seen.sent.count()),
        format!("{} failed", seen.failed_sends),
        format!("p50 {}, p99 {}", ms(seen.sent.quantile(0.5)), ms(seen.sent.quantile(0.99))),
        "0 failed",
    );
    report.row(
        format!("meanwhile {} pages of {PAGE} read, one each {} ms", seen.read.count(), READ_EVERY.as_millis()),
        format!("{} failed, {} went back in time or had a gap", seen.failed_reads, seen.wrong_pages),
        format!("p50 {}, p99 {}", ms(seen.read.quantile(0.5)), ms(seen.read.quantile(0.99))),
        "0 failed, 0 went back",
    );
    let after = verify(stack).await?;
    report.row("verify afterwards", "the same".to_owned(), after, "the same");
    Ok(())
}

fn import(stack: &Stack, logs: &Path) -> Result<()> {
    let folder = logs.to_str().context("the folder's name is not UTF-8")?;
    let status = stack.command(&["import", "irc", folder]).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    ensure!(status.success(), "chatlog import failed");
    Ok(())
}

/// As many events as asked for, half of them in one room, and waits until the live projection has folded them.
async fn fill(stack: &Stack, options: &Options, report: &mut Report) -> Result<Vec<String>> {
    let (platform, read_model) = connect(stack).await?;
    let author = stack.person("filler").await?;
    let mut rooms: Vec<RoomId> = Vec::new();
    for n in 0..24 {
        rooms.push(stack.room(&author, &format!("rebuilt {n}")).await?.parse()?);
    }
    let author_id: UserId = author.id.parse()?;
    let (largest, others) = rooms.split_first().context("no rooms")?;
    let skewed: Vec<RoomId> = others.iter().flat_map(|room| [*largest, *room]).collect();
    let begin = Instant::now();
    let end = write_backlog(&platform, &skewed, author_id, options.events).await?;
    read_model.progress.wait(&end, PATIENCE).await.context("the log was not folded")?;
    #[expect(clippy::cast_precision_loss, reason = "a count of events")]
    let events = options.events as f64;
    let seconds = begin.elapsed().as_secs_f64();
    report.row(
        format!("log of {} events, half of them in one room, written and folded live", options.events),
        rate(events, seconds),
        format!("{seconds:.0} s; platform resident {} MiB", stack.resident_mib()?),
        "none",
    );
    Ok(rooms.iter().map(ToString::to_string).collect())
}

/// `chatlog verify`; fails when anything differs.
async fn verify(stack: &Stack) -> Result<String> {
    let begin = Instant::now();
    let built = finished(stack.command(&["verify", "--json"])).await.context("verify")?;
    let seconds = begin.elapsed().as_secs_f64();
    Ok(format!("{} rows, {} events folded again in {seconds:.0} s", built.said["rows"], built.said["events"]))
}

/// `chatlog rebuild` as people run it.
async fn rebuild(stack: &Stack) -> Result<Built> {
    let built = finished(stack.command(&["rebuild", "--json"])).await.context("rebuild")?;
    ensure!(built.said["active"] == true, "the new generation was not made active: {}", built.said);
    Ok(built)
}

struct Observed {
    sent: Measured,
    read: Measured,
    failed_sends: u64,
    failed_reads: u64,
    wrong_pages: u64,
}

struct People {
    stop: Arc<AtomicBool>,
    writing: JoinHandle<Result<(Measured, u64)>>,
    reading: JoinHandle<Result<(Measured, u64, u64)>>,
    staying: JoinHandle<Result<()>>,
}

impl People {
    async fn start(stack: &Stack, rooms: Vec<String>) -> Result<Self> {
        let writer = stack.person("writer").await?;
        for room in &rooms {
            let path = format!("/v1/rooms/{room}/members/{}", writer.id);
            let joined = stack.request(&writer, Method::PUT, &path).header("prefer", "wait=10").json(&json!({}));
            stack.call(joined).await?;
        }
        let (stop, rooms) = (Arc::new(AtomicBool::new(false)), Arc::new(rooms));
        let visitor = Visitor { url: stack.url.clone(), http: stack.http.clone(), person: writer };
        Ok(Self {
            writing: tokio::spawn(write(visitor.clone(), Arc::clone(&rooms), Arc::clone(&stop))),
            reading: tokio::spawn(read(visitor.clone(), rooms, Arc::clone(&stop))),
            staying: tokio::spawn(stay(visitor, Arc::clone(&stop))),
            stop,
        })
    }

    async fn stop(self) -> Result<Observed> {
        self.stop.store(true, Ordering::Relaxed);
        let (sent, failed_sends) = self.writing.await??;
        let (read, failed_reads, wrong_pages) = self.reading.await??;
        self.staying.abort();
        Ok(Observed { sent, read, failed_sends, failed_reads, wrong_pages })
    }
}

/// Somebody who writes and reads.
#[derive(Clone)]
struct Visitor {
    url: String,
    http: reqwest::Client,
    person: Person,
}

impl Visitor {
    fn messages(&self, method: Method, room: &str) -> reqwest::RequestBuilder {
        self.person.sign(self.http.request(method, format!("{}/v1/rooms/{room}/messages", self.url)))
    }
}

/// Logs in again before the token expires.
async fn stay(visitor: Visitor, stop: Arc<AtomicBool>) -> Result<()> {
    while !stop.load(Ordering::Relaxed) {
        tokio::time::sleep(LOG_IN_EVERY).await;
        visitor.person.log_in(&visitor.http, &visitor.url).await?;
    }
    Ok(())
}

async fn write(visitor: Visitor, rooms: Arc<Vec<String>>, stop: Arc<AtomicBool>) -> Result<(Measured, u64)> {
    let begin = Instant::now();
    let failed = Arc::new(AtomicU64::new(0));
    let mut tasks = Vec::new();
    for (n, room) in (0..).zip(rooms.iter().cycle()) {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let planned = begin + Duration::from_secs(n) / u32::try_from(SENDS_PER_SECOND)?;
        tokio::time::sleep_until(planned.into()).await;
        let request =
            visitor.messages(Method::POST, room).json(&json!({"text": "Written while the tables are rebuilt."}));
        let failed = Arc::clone(&failed);
        tasks.push(tokio::spawn(async move {
            if let Err(why) = sent(request).await
                && failed.fetch_add(1, Ordering::Relaxed) == 0
            {
                progress(&format!("the first send that failed, after {:?}: {why:#}", begin.elapsed()));
            }
            planned.elapsed()
        }));
    }
    let mut latencies = Vec::with_capacity(tasks.len());
    for task in tasks {
        latencies.push(task.await?);
    }
    let sent = Measured::from_latencies(latencies, begin.elapsed().as_secs_f64())?;
    Ok((sent, failed.load(Ordering::Relaxed)))
}

/// Sends what must be taken; else with what was answered.
async fn sent(request: reqwest::RequestBuilder) -> Result<()> {
    let answer = request.send().await?;
    let status = answer.status();
    ensure!(status.is_success(), "{status}: {}", answer.text().await?);
    Ok(())
}

async fn read(visitor: Visitor, rooms: Arc<Vec<String>>, stop: Arc<AtomicBool>) -> Result<(Measured, u64, u64)> {
    let begin = Instant::now();
    let mut latencies = Vec::new();
    let (mut failed, mut wrong) = (0, 0);
    let mut newest: HashMap<&str, i64> = HashMap::new();
    let mut ticks = tokio::time::interval(READ_EVERY);
    for room in rooms.iter().cycle() {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        ticks.tick().await;
        let start = Instant::now();
        let Ok(page) = page(&visitor, room).await else {
            failed += 1;
            continue;
        };
        latencies.push(start.elapsed());
        let seen = newest.entry(room).or_default();
        match newest_of(&page).filter(|seq| *seq >= *seen) {
            Some(seq) => *seen = seq,
            None => wrong += 1,
        }
    }
    Ok((Measured::from_latencies(latencies, begin.elapsed().as_secs_f64())?, failed, wrong))
}

async fn page(visitor: &Visitor, room: &str) -> Result<Value> {
    let request = visitor.messages(Method::GET, room).query(&[("limit", PAGE)]);
    Ok(request.send().await?.error_for_status()?.json().await?)
}

/// The newest seq of a page whose seqs go down one by one.
fn newest_of(page: &Value) -> Option<i64> {
    let seqs: Option<Vec<i64>> = page["items"].as_array()?.iter().map(|item| item["seq"].as_i64()).collect();
    let seqs = seqs?;
    let whole = seqs.windows(2).all(|pair| pair[0] == pair[1] + 1);
    if whole { seqs.first().copied() } else { None }
}
