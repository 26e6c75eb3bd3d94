//! Signing up until the account may be used, with an outside participant that keeps customers; logging in, refreshing.
//!
//! Hashing the password is most of it, by design: it is measured alone in the same run.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use argon2::password_hash::PasswordHasher as _;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};
use tokio::sync::Mutex;

use crate::Options;
use crate::load::{self, Measured};
use crate::report::{Report, ms, rate};
use crate::stack::{Stack, text};

const CONCURRENT: usize = 200;
const PASSWORD: &str = "a password for benchmarks";
const HASHES: u32 = 40;

/// The participant of `examples/`, ended when dropped.
struct Customers(Child);

impl Customers {
    fn start(stack: &Stack) -> Result<Self> {
        let program = std::env::current_exe()?.with_file_name("customer-participant");
        ensure!(program.exists(), "{} is missing: ./dev bench builds it", program.display());
        let child = Command::new(program)
            .env("DATABASE_URL", stack.database_url())
            .env("CHATLOG_TOPIC_PREFIX", stack.setting("CHATLOG_TOPIC_PREFIX"))
            .stdout(Stdio::null())
            .spawn()?;
        Ok(Self(child))
    }
}

impl Drop for Customers {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Signs people up, then logs them in and refreshes.
pub async fn run(options: &Options, report: &mut Report) -> Result<()> {
    let extra = [
        ("CHATLOG_REGISTRATION_STEPS", "customer,profile"),
        // More are asked for at once than may wait for a hash by themselves: each is answered in its turn.
        ("CHATLOG_PASSWORD_HASHES", "8"),
        ("CHATLOG_REGISTRATION_DEADLINE", "600"),
    ];
    let stack = Arc::new(Stack::start_with(&extra).await?);
    let customers = Customers::start(&stack)?;
    sign_ups(&stack, options.sign_ups, report).await?;
    sessions(&stack, options, report).await?;
    drop(customers);
    if let Ok(stack) = Arc::try_unwrap(stack) {
        stack.finish().await;
    }
    Ok(())
}

async fn sign_ups(stack: &Arc<Stack>, count: u64, report: &mut Report) -> Result<()> {
    // The first begins when everybody is there.
    register(stack, "warm-up").await?;
    let (cpu, begin) = (stack.cpu_seconds()?, Instant::now());
    let each = (0..count).map(|n| async move {
        let begin = Instant::now();
        register(stack, &format!("newcomer-{n}")).await?;
        anyhow::Ok(begin.elapsed())
    });
    let taken: Vec<Duration> = stream::iter(each).buffer_unordered(CONCURRENT).try_collect().await?;
    let (seconds, cpu) = (begin.elapsed().as_secs_f64(), stack.cpu_seconds()? - cpu);
    let hash = hash_seconds()?;
    let people = f64::from(u32::try_from(count)?);
    let mean = taken.iter().sum::<Duration>().as_secs_f64() / people;
    let measured = Measured::from_latencies(taken, seconds)?;
    let quantile = |quantile: f64| ms(measured.quantile(quantile));
    report.row(
        format!("sign-up until registered, {count} at {CONCURRENT} at once"),
        format!("{}; mean {}, p50 {}", rate(people, seconds), ms(mean), quantile(0.5)),
        format!("p99 {}, max {}", quantile(0.99), quantile(1.0)),
        "reported",
    );
    report.row(
        "of which Argon2id",
        format!("{:.0} % of the platform's CPU time", 100.0 * hash * people / cpu),
        format!("{} a hash alone; {cpu:.1} s CPU of the platform in {seconds:.1} s", ms(hash)),
        "reported",
    );
    counts_agree(stack, count + 1, report).await
}

/// One sign-up, until the account may be used.
async fn register(stack: &Stack, name: &str) -> Result<()> {
    let body = json!({"username": name, "email": format!("{name}@example.com"), "password": PASSWORD});
    let url = format!("{}/v1/users", stack.url);
    let answer: Value = loop {
        let answer = stack.http.post(&url).header("prefer", "wait=10").json(&body).send().await?;
        // As many as may wait for a hash are waiting: it is tried again, and counts as part of the sign-up.
        if answer.status().as_u16() != 503 {
            ensure!(answer.status().is_success(), "{name}: {}", answer.status());
            break answer.json().await?;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let path = format!("{}/v1/registrations/{}", stack.url, text(&answer, "registration_id")?);
    loop {
        let state = stack.call(stack.http.get(&path)).await?;
        match text(&state, "status")?.as_str() {
            "registered" => return Ok(()),
            "pending" => tokio::time::sleep(Duration::from_millis(50)).await,
            other => anyhow::bail!("{name} is {other}: {state}"),
        }
    }
}

/// What a password costs the platform, one after another on this machine.
fn hash_seconds() -> Result<f64> {
    // The parameters of command-api.
    let params = argon2::Params::new(19 * 1024, 2, 1, None).map_err(|error| anyhow::anyhow!("{error}"))?;
    let argon2 = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    let begin = Instant::now();
    for _ in 0..HASHES {
        argon2.hash_password(PASSWORD.as_bytes()).map_err(|error| anyhow::anyhow!("{error}"))?;
    }
    Ok(begin.elapsed().as_secs_f64() / f64::from(HASHES))
}

/// Accounts, profiles and customers are the same people.
async fn counts_agree(stack: &Stack, expected: u64, report: &mut Report) -> Result<()> {
    let mut db = PgConnection::connect(&stack.database_url()).await?;
    let (accounts, profiles, customers, pending): (i64, i64, i64, i64) = sqlx::query_as(
        "select (select count(*) from identity.accounts where status = 'registered'),
                (select count(*) from g1.users where not pending),
                (select count(*) from customers.accounts),
                (select count(*) from identity.registrations where status <> 'registered')",
    )
    .fetch_one(&mut db)
    .await
    .context("counts")?;
    let expected = i64::try_from(expected)?;
    let agree = [accounts, profiles, customers] == [expected; 3] && pending == 0;
    report.row(
        "accounts, profiles, customers, undecided",
        format!("{accounts}, {profiles}, {customers}, {pending}"),
        format!("{expected} signed up"),
        "the same, and 0",
    );
    ensure!(agree, "the counts do not agree");
    Ok(())
}

async fn sessions(stack: &Arc<Stack>, options: &Options, report: &mut Report) -> Result<()> {
    let people = usize::try_from(options.sign_ups)?.max(1);
    let logged_in = Arc::clone(stack);
    let log_ins = load::closed(16, options.seconds, move |connection, n| {
        let name = format!("newcomer-{}", (connection * 7919 + usize::try_from(n).unwrap_or(0)) % people);
        let request = logged_in.http.post(format!("{}/v1/sessions", logged_in.url));
        let request = request.json(&json!({"username": name, "password": PASSWORD}));
        async move {
            request.send().await?.error_for_status()?.bytes().await?;
            Ok(())
        }
    })
    .await?;
    report.row(
        "log-ins",
        format!("{:.0}/s", log_ins.per_second()),
        format!("p50 {}, p99 {}", ms(log_ins.quantile(0.5)), ms(log_ins.quantile(0.99))),
        "reported",
    );
    let mut tokens = Vec::new();
    for n in 0..16.min(people) {
        let body = json!({"username": format!("newcomer-{n}"), "password": PASSWORD});
        let session = stack.call(stack.http.post(format!("{}/v1/sessions", stack.url)).json(&body)).await?;
        tokens.push(Arc::new(Mutex::new(text(&session, "refresh_token")?)));
    }
    let (connections, place) = (tokens.len(), Arc::clone(stack));
    let refreshes = load::closed(connections, options.seconds, move |connection, _| {
        let (stack, token) = (Arc::clone(&place), Arc::clone(&tokens[connection % tokens.len()]));
        async move {
            let mut token = token.lock().await;
            let body = json!({"refresh_token": *token});
            let next = stack.call(stack.http.post(format!("{}/v1/sessions/refresh", stack.url)).json(&body)).await?;
            *token = text(&next, "refresh_token")?;
            Ok(())
        }
    })
    .await?;
    report.row(
        "refreshes",
        format!("{:.0}/s", refreshes.per_second()),
        format!("p50 {}, p99 {}", ms(refreshes.quantile(0.5)), ms(refreshes.quantile(0.99))),
        "reported",
    );
    Ok(())
}
