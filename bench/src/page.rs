//! A page of 1000 from a large table over HTTP, beside `pgbench` reading five plain columns of the same rows.

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use reqwest::Method;
use sqlx::{Connection, PgConnection};

use crate::Options;
use crate::load::{self, Measured};
use crate::report::{Report, ms, progress};
use crate::stack::{Person, Stack};

/// Turns of each of the two that are compared.
const ROUNDS: u64 = 5;

/// Fills rooms until the table has as many rows, then reads pages of the largest with one and with 16 clients.
pub async fn run(stack: &Stack, options: &Options, report: &mut Report) -> Result<()> {
    let reader = stack.person("reader").await?;
    let room = stack.room(&reader, "pages").await?;
    stack.call(stack.request(&reader, Method::GET, &format!("/v1/rooms/{room}/messages"))).await?;
    fill(stack, &room, &reader, options.rows).await?;

    let cursors = Arc::new(cursors(stack, &reader, &room, options.rows).await?);
    let clients = |many| Clients { stack, reader: &reader, room: &room, cursors: &cursors, many };
    let both = clients(1).measure(options.seconds).await?;
    report.row(
        format!("page of 1000 from Postgres, {} rows, over HTTP, one client", options.rows),
        format!("p50 {}, {:.2} ×", ms(both.ours.quantile(0.5)), both.ours.quantile(0.5) / both.bare.quantile(0.5)),
        format!("pgbench prepared, five columns: p50 {}", ms(both.bare.quantile(0.5))),
        "p50 ≤ 0.9 ×",
    );
    let Both { bare, ours, cpu } = clients(16).measure(options.seconds).await?;
    report.row(
        "pages of 1000, 16 clients",
        format!("{:.0} pages/s, {:.2} ×", ours.per_second(), ours.per_second() / bare.per_second()),
        format!("pgbench {:.0} pages/s; {cpu:.1} s CPU of the platform in {:.1} s", bare.per_second(), ours.seconds),
        "none (from memory: ≥ 8 ×)",
    );
    Ok(())
}

/// Readers of the same pages, over HTTP and by pgbench.
struct Clients<'a> {
    stack: &'a Stack,
    reader: &'a Person,
    room: &'a str,
    cursors: &'a Arc<Vec<String>>,
    many: u32,
}

/// What they measured, and the seconds of CPU that the platform took for its part.
struct Both {
    bare: Measured,
    ours: Measured,
    cpu: f64,
}

impl Clients<'_> {
    /// By turns: a virtual machine is another one every few seconds.
    async fn measure(&self, seconds: u64) -> Result<Both> {
        let mut both = Both { bare: Measured::nothing()?, ours: Measured::nothing()?, cpu: 0.0 };
        for round in 0..ROUNDS {
            let seconds = (seconds * (round + 1) / ROUNDS - seconds * round / ROUNDS).max(1);
            both.bare.add(&pgbench(self.stack, self.room, self.many, seconds)?)?;
            let cpu = self.stack.cpu_seconds()?;
            both.ours.add(&self.pages(seconds).await?)?;
            both.cpu += self.stack.cpu_seconds()? - cpu;
        }
        Ok(both)
    }

    /// Random places of the room, so that it is not one page read again and again.
    async fn pages(&self, seconds: u64) -> Result<Measured> {
        let url = format!("{}/v1/rooms/{}/messages?limit=1000&before=", self.stack.url, self.room);
        let (http, reader, cursors) = (self.stack.http.clone(), self.reader.clone(), Arc::clone(self.cursors));
        load::closed(usize::try_from(self.many)?, seconds, move |client, n| {
            let cursor = &cursors[(client * 7 + usize::try_from(n).unwrap_or(0) * 13) % cursors.len()];
            let request = reader.sign(http.get(format!("{url}{cursor}")));
            async move {
                let body = request.send().await?.error_for_status()?.bytes().await?;
                ensure!(body.len() > 100_000, "a page of {} bytes is not a page of 1000", body.len());
                Ok(())
            }
        })
        .await
    }
}

/// Cursors spread over the newest fifth of the room, taken as a client would: from pages.
async fn cursors(stack: &Stack, reader: &Person, room: &str, rows: u64) -> Result<Vec<String>> {
    let mut cursors: Vec<String> = Vec::new();
    let mut path = format!("/v1/rooms/{room}/messages?limit=1000");
    for _ in 0..(rows / 5000).clamp(1, 100) {
        let page = stack.call(stack.request(reader, Method::GET, &path)).await?;
        let next = page["next"].as_str().context("the room is too small")?.to_owned();
        path = format!("/v1/rooms/{room}/messages?limit=1000&before={next}");
        cursors.push(next);
    }
    Ok(cursors)
}

async fn fill(stack: &Stack, room: &str, reader: &Person, rows: u64) -> Result<()> {
    let begin = Instant::now();
    let mut db = PgConnection::connect(&stack.database_url()).await?;
    let schema: String = sqlx::query_scalar("select schema_name from control.generations where state = 'active'")
        .fetch_one(&mut db)
        .await?;
    let size = format!(
        "set search_path to {schema};
         insert into messages (room_id, seq, message_id, author_id, created_at, item)
         select '{room}', n, gen_random_uuid(), '{author}', timestamptz '2020-01-01' + n * interval '1 second',
                json_build_object('message_id', gen_random_uuid(), 'room_id', '{room}', 'seq', n, 'rev', n + 1,
                                  'author_id', '{author}', 'content', json_build_object('format', 'plain',
                                  'text', 'A line of chat is about as long as this one.'), 'created_at',
                                  timestamptz '2020-01-01' + n * interval '1 second')::text
         from generate_series(1, {rows}) n;
         update rooms set last_seq = {rows}, rev = {rows} + 1 where room_id = '{room}';
         vacuum analyze messages;",
        author = reader.id,
    );
    for statement in size.split(';').filter(|statement| !statement.trim().is_empty()) {
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned())).execute(&mut db).await?;
    }
    progress(&format!("{rows} rows in {:.0} s", begin.elapsed().as_secs_f64()));
    Ok(())
}

/// The limit: `pgbench`, prepared statements, five plain columns, the same pages.
fn pgbench(stack: &Stack, room: &str, clients: u32, seconds: u64) -> Result<Measured> {
    let folder = std::env::temp_dir().join(format!("chatlog-pgbench-{}-{clients}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let url = stack.database_url();
    let script = folder.join("page.sql");
    std::fs::write(
        &script,
        format!(
            "\\set before random(5000, 500000)\n\
             select seq, message_id, author_id, created_at, item from g1.messages \
             where room_id = '{room}' and seq < :before order by seq desc limit 1000;\n"
        ),
    )?;
    let status = Command::new(pgbench_program()?)
        .current_dir(&folder)
        .args(["-n", "-M", "prepared", "-l", "-j", "1", "-c", &clients.to_string(), "-T", &seconds.to_string(), "-f"])
        .args([script.as_os_str(), url.as_ref()])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status()?;
    ensure!(status.success(), "pgbench failed");
    let mut latencies = Vec::new();
    for entry in std::fs::read_dir(&folder)? {
        let path = entry?.path();
        if path.to_string_lossy().contains("pgbench_log") {
            for line in std::fs::read_to_string(&path)?.lines() {
                let micros = line.split(' ').nth(2).context("a line of pgbench's log")?.parse()?;
                latencies.push(Duration::from_micros(micros));
            }
        }
    }
    std::fs::remove_dir_all(&folder)?;
    #[expect(clippy::cast_precision_loss, reason = "a handful of seconds")]
    Measured::from_latencies(latencies, seconds as f64)
}

/// Debian keeps pgbench beside the server, not on the path.
fn pgbench_program() -> Result<std::path::PathBuf> {
    let mut places: Vec<_> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|entries| entries.flatten().map(|entry| entry.path().join("bin/pgbench")).collect())
        .unwrap_or_default();
    places.push("/usr/bin/pgbench".into());
    places.into_iter().find(|path| path.exists()).context("pgbench is missing: apt install postgresql-contrib")
}
