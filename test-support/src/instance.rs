//! One installation of the system on the given servers: a database, topics and keys of its own.

use std::time::Duration;

use event_schema::Topic;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tempfile::TempDir;

use crate::process::Process;
use crate::program::Program;
use crate::random::unique;
use crate::servers::Servers;

/// Enough to have more than one, few enough for one broker and many tests.
pub const PARTITIONS: i32 = 2;

/// A database, topics with a prefix, keys with a prefix, and the program that is set to use them.
pub struct Instance {
    name: String,
    servers: Servers,
    /// The program, set to this instance.
    pub program: Program,
    /// Logs of its processes.
    pub logs: TempDir,
    /// Whether it takes away what it made; private servers take everything with them.
    tidy: bool,
}

impl Instance {
    /// Makes an instance on shared servers; what it makes there goes when it is dropped.
    pub async fn on_given_servers() -> Self {
        Self::prepare(Servers::given(), true).await
    }

    /// Makes an instance on servers of the test's own.
    pub async fn on(servers: &Servers) -> Self {
        Self::prepare(servers.clone(), false).await
    }

    async fn prepare(servers: Servers, tidy: bool) -> Self {
        let name = format!("test_{}", unique());
        let mut connection = PgConnection::connect(&servers.database).await.expect("Postgres answers");
        connection.execute(AssertSqlSafe(format!("create database {name}"))).await.expect("a database of its own");
        connection.close().await.expect("the connection ends");
        let program = Program::find()
            .with("KAFKA_BROKERS", &servers.brokers)
            .with("DATABASE_URL", on_database(&servers.database, &name))
            .with("REDIS_URL", &servers.redis)
            .with("CHATLOG_TOPIC_PREFIX", format!("{name}."))
            .with("CHATLOG_REDIS_PREFIX", format!("{name}:"))
            .with("CHATLOG_PARTITIONS", PARTITIONS.to_string())
            .with("CHATLOG_LOG_FORMAT", "text")
            // Load is what these tests are about.
            .with("CHATLOG_RATE_COMMANDS", "off")
            .with("CHATLOG_RATE_QUERIES", "off")
            .with("CHATLOG_RATE_MAILS", "off")
            .with("CHATLOG_RATE_SPARE_LOOPBACK", "true")
            .with("NO_COLOR", "1");
        let logs = tempfile::tempdir().expect("a folder for logs");
        let instance = Self { name, servers, program, logs, tidy };
        for step in [["topics", "apply"].as_slice(), &["migrate"]] {
            let _ = instance.program.run(step);
        }
        instance
    }

    /// Starts a process with these roles (none: all of them) and waits until it can serve.
    pub async fn serve(&self, name: &str, roles: &[&str]) -> Process {
        // Whatever comes in the end is waited for, however slow the machine.
        let patient =
            self.program.clone().with("CHATLOG_QUERY_WAIT_MS", "10000").with("CHATLOG_COMMAND_WAIT_MS", "10000");
        let mut process = Process::serve(&patient, name, roles, self.logs.path());
        process.ready().await;
        process
    }

    /// Two processes with the same roles.
    pub async fn serve_replicas(&self, roles: &[&str]) -> [Process; 2] {
        tokio::join!(self.serve("replica-0", roles), self.serve("replica-1", roles)).into()
    }

    /// `KAFKA_BROKERS`
    pub fn brokers(&self) -> &str {
        &self.servers.brokers
    }

    /// The name of a topic of this instance.
    pub fn topic(&self, topic: Topic) -> String {
        format!("{}.{}", self.name, topic.name())
    }

    /// `DATABASE_URL` of its database.
    pub fn database(&self) -> String {
        on_database(&self.servers.database, &self.name)
    }

    async fn take_away(&self) {
        if let Ok(mut connection) = PgConnection::connect(&self.servers.database).await {
            let drop = format!("drop database if exists {} with (force)", self.name);
            let _ = connection.execute(AssertSqlSafe(drop)).await;
        }
        let admin: Result<AdminClient<DefaultClientContext>, _> =
            ClientConfig::new().set("bootstrap.servers", self.brokers()).create();
        if let Ok(admin) = admin {
            let names = Topic::ALL.map(|topic| self.topic(topic));
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let options = AdminOptions::new().operation_timeout(Some(Duration::from_secs(10)));
            let _ = admin.delete_topics(&names, &options).await;
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        if !self.tidy {
            return;
        }
        // Not on the test's own runtime, which may be ending.
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                if let Ok(runtime) = runtime {
                    runtime.block_on(self.take_away());
                }
            });
        });
    }
}

/// The same server, another database.
fn on_database(url: &str, name: &str) -> String {
    let (address, query) = url.split_once('?').map_or((url, String::new()), |(a, q)| (a, format!("?{q}")));
    let base = address.rsplit_once('/').map_or(address, |(base, _)| base);
    format!("{base}/{name}{query}")
}
