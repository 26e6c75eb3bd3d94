//! The platform under test: the `chatlog` program with a database, topics and keys of its own on the given servers.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use sqlx::{Connection, Executor};

/// Each has a name of its own.
static STACKS: AtomicU32 = AtomicU32::new(0);

/// A running platform and a client of it.
pub struct Stack {
    child: Child,
    program: PathBuf,
    environment: Vec<(&'static str, String)>,
    server_url: String,
    database: String,
    /// `http://127.0.0.1:port`
    pub url: String,
    pub http: Client,
}

/// A person who can act.
#[derive(Clone)]
pub struct Person {
    pub id: String,
    username: String,
    token: Arc<Mutex<String>>,
}

const PASSWORD: &str = "a password for benchmarks";

impl Person {
    /// Puts their name on a request.
    pub fn sign(&self, request: RequestBuilder) -> RequestBuilder {
        request.bearer_auth(self.token.lock().unwrap_or_else(PoisonError::into_inner).as_str())
    }

    /// Begins another session: the token of the last one expires.
    pub async fn log_in(&self, http: &Client, url: &str) -> Result<()> {
        let body = json!({"username": self.username, "password": PASSWORD});
        let answer = http.post(format!("{url}/v1/sessions")).json(&body).send().await?.error_for_status()?;
        let token = text(&answer.json().await?, "access_token")?;
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = token;
        Ok(())
    }
}

impl Stack {
    /// Makes a database, topics and tables, and starts every role in one process.
    pub async fn start() -> Result<Self> {
        Self::start_with(&[]).await
    }

    /// The same with further settings.
    pub async fn start_with(settings: &[(&'static str, &str)]) -> Result<Self> {
        let server_url = std::env::var("DATABASE_URL").context("DATABASE_URL is not set; run ./dev bench")?;
        let of_ours = STACKS.fetch_add(1, Ordering::Relaxed);
        let name = format!("bench_{}_{of_ours}", std::process::id());
        sqlx::PgConnection::connect(&server_url)
            .await?
            .execute(sqlx::AssertSqlSafe(format!("create database {name}")))
            .await?;
        let program = std::env::current_exe()?.with_file_name("chatlog");
        ensure!(program.exists(), "{} is missing: ./dev bench builds it", program.display());
        let (port, internal) = (free_port()?, free_port()?);
        let mut environment = vec![
            ("DATABASE_URL", on_database(&server_url, &name)),
            ("CHATLOG_TOPIC_PREFIX", format!("{name}.")),
            ("CHATLOG_REDIS_PREFIX", format!("{name}:")),
            ("CHATLOG_LISTEN", format!("127.0.0.1:{port}")),
            ("CHATLOG_INTERNAL_LISTEN", format!("127.0.0.1:{internal}")),
            ("CHATLOG_PARTITIONS", "6".to_owned()),
            ("CHATLOG_LOG_LEVEL", "warn".to_owned()),
            // Counted as ever, and never refused.
            ("CHATLOG_RATE_COMMANDS", "1000000/s".to_owned()),
            ("CHATLOG_RATE_QUERIES", "1000000/s".to_owned()),
            // Everybody comes from this machine.
            ("CHATLOG_RATE_SPARE_LOOPBACK", "true".to_owned()),
        ];
        environment.extend(settings.iter().map(|(name, value)| (*name, (*value).to_owned())));
        for step in [["topics", "apply"].as_slice(), &["migrate"]] {
            let status = Command::new(&program).args(step).envs(environment.clone()).stdout(Stdio::null()).status()?;
            ensure!(status.success(), "chatlog {} failed", step.join(" "));
        }
        let child = Command::new(&program).arg("serve").envs(environment.clone()).stdout(Stdio::null()).spawn()?;
        let url = format!("http://127.0.0.1:{port}");
        let http = Client::builder().timeout(Duration::from_secs(30)).build()?;
        let stack = Self { child, program, environment, server_url, database: name, url, http };
        stack.wait_until_ready(&format!("http://127.0.0.1:{internal}/readyz")).await?;
        Ok(stack)
    }

    async fn wait_until_ready(&self, url: &str) -> Result<()> {
        let deadline = Instant::now() + Duration::from_mins(1);
        while Instant::now() < deadline {
            if self.http.get(url).send().await.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("the platform is not ready after 60 s")
    }

    /// The address of the stack's own database.
    pub fn database_url(&self) -> String {
        on_database(&self.server_url, &self.database)
    }

    /// The value of a setting of the platform under test.
    pub fn setting(&self, name: &str) -> &str {
        self.environment.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }

    /// Another call of the program, against this stack.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).envs(self.environment.clone());
        command
    }

    /// Signs somebody up and in.
    pub async fn person(&self, role: &str) -> Result<Person> {
        let username = format!("{role}{}", std::process::id());
        let email = format!("{username}@example.com");
        let body = json!({"username": username, "email": email, "password": PASSWORD});
        let request = self.http.post(format!("{}/v1/users", self.url)).header("prefer", "wait=10").json(&body);
        let user = self.call(request).await?;
        let person = Person { id: text(&user, "user_id")?, username, token: Arc::default() };
        person.log_in(&self.http, &self.url).await?;
        Ok(person)
    }

    /// A channel that the person owns.
    pub async fn room(&self, owner: &Person, name: &str) -> Result<String> {
        let body = json!({"kind": "channel", "name": name, "join_rule": "open"});
        let room = self.call(self.request(owner, Method::POST, "/v1/rooms").json(&body)).await?;
        text(&room, "room_id")
    }

    /// A request in somebody's name.
    pub fn request(&self, person: &Person, method: Method, path: &str) -> RequestBuilder {
        person.sign(self.http.request(method, format!("{}{path}", self.url)))
    }

    /// Sends a request that must succeed.
    pub async fn call(&self, request: RequestBuilder) -> Result<Value> {
        let answer = request.send().await?;
        let status = answer.status();
        let body: Value = answer.json().await?;
        ensure!(status.is_success(), "{status}: {body}");
        Ok(body)
    }

    /// Process id of the platform.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// CPU seconds (user and system) that the platform has used.
    pub fn cpu_seconds(&self) -> Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks: u32 = fields[11].parse::<u32>()? + fields[12].parse::<u32>()?;
        Ok(f64::from(ticks) / 100.0)
    }

    /// Resident memory of the platform, in MiB.
    pub fn resident_mib(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
        Ok(line.split_whitespace().nth(1).context("no figure")?.parse::<u64>()? / 1024)
    }

    /// Stops the platform and drops its database.
    pub async fn finish(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Ok(mut connection) = sqlx::PgConnection::connect(&self.server_url).await {
            let drop = format!("drop database if exists {} with (force)", self.database);
            let _ = connection.execute(sqlx::AssertSqlSafe(drop)).await;
        }
    }
}

/// A field that must be there.
pub fn text(value: &Value, field: &str) -> Result<String> {
    Ok(value[field].as_str().with_context(|| format!("no {field} in {value}"))?.to_owned())
}

/// The same server, another database.
fn on_database(url: &str, name: &str) -> String {
    let (address, query) = url.split_once('?').map_or((url, String::new()), |(a, q)| (a, format!("?{q}")));
    let base = address.rsplit_once('/').map_or(address, |(base, _)| base);
    format!("{base}/{name}{query}")
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
