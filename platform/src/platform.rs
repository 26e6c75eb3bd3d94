//! The servers that every role needs, connected once per process.

use std::sync::Arc;
use std::time::Duration;

use redis::RedisError;
use sqlx::PgPool;
use tokio::time::Instant;

use crate::backoff::Backoff;
use crate::clock::{Clock, Ids};
use crate::codes::Codes;
use crate::health::{Health, HealthCheck};
use crate::kafka::{Kafka, KafkaError, LogId};
use crate::lifecycle::Lifecycle;
use crate::outbox::Outbox;
use crate::postgres;
use crate::redis::Redis;
use crate::settings::PlatformSettings;

/// Between two tries to reach a server.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How long a process waits at its start for servers that are still coming up.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often the servers are asked whether they are well.
const LOOK: Duration = Duration::from_secs(1);

/// Everything a service needs. Cheap to clone: every request does, several times.
#[derive(Clone)]
pub struct Platform(Arc<Parts>);

/// What a [`Platform`] consists of.
#[derive(Clone)]
pub struct Parts {
    /// What it was connected with.
    pub settings: PlatformSettings,
    pub kafka: Kafka,
    /// Control and identity tables; commits are synchronous.
    pub db: PgPool,
    pub redis: Redis,
    /// Events that commit with rows.
    pub outbox: Outbox,
    pub codes: Codes,
    /// Whether the process can serve.
    pub health: Health,
    /// Its tasks, and its end.
    pub lifecycle: Lifecycle,
    pub clock: Clock,
    pub ids: Ids,
    pub log_id: LogId,
}

/// Why a service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    /// The topics were never made.
    #[error("the log has no id yet; run `chatlog topics apply`")]
    NoLog,
    #[error("Postgres: {0}")]
    Postgres(#[from] sqlx::Error),
    /// The tables were never made.
    #[error("the tables are not there yet; run `chatlog migrate`")]
    NotMigrated,
    #[error("Redis: {0}")]
    Redis(#[from] RedisError),
    #[error("the signing keys cannot be loaded: {0}")]
    Keys(String),
    /// The tables were folded from a log that is not this one.
    #[error(
        "the read models were folded from log {tables}, but this is log {log}: restore the one or rebuild the other"
    )]
    OtherLog {
        /// As the active generation says.
        tables: LogId,
        log: LogId,
    },
    #[error("{what}: {error}")]
    Listen { what: String, error: std::io::Error },
}

impl Platform {
    /// Connects, with patience for servers that are coming up.
    pub async fn connect(settings: &PlatformSettings, lifecycle: Lifecycle) -> Result<Self, StartError> {
        Self::connect_with(settings, lifecycle, Health::new()).await
    }

    /// [`Self::connect`] for a service whose internal listener already shows this health.
    pub async fn connect_with(
        settings: &PlatformSettings,
        lifecycle: Lifecycle,
        health: Health,
    ) -> Result<Self, StartError> {
        let log = health.register("kafka");
        let tables = health.register("postgres");
        let kafka = Kafka::new(&settings.kafka)?;
        let db = postgres::pool(&settings.postgres, postgres::CONTROL_PATH)?;
        let redis = Redis::new(&settings.redis)?;
        let log_id = retry_while_starting(&lifecycle, &log, || find_log(&kafka)).await?;
        let (clock, ids) = (Clock::system(), Ids::new());
        let codes = Codes::new(db.clone(), settings.codes.code_key.clone(), Ids::new());
        let outbox = Outbox::new(db.clone(), kafka.clone());
        let platform = Self(Arc::new(Parts {
            settings: settings.clone(),
            kafka,
            db,
            redis,
            outbox,
            codes,
            health,
            lifecycle,
            clock,
            ids,
            log_id,
        }));
        platform.lifecycle.spawn("servers", watch_servers(platform.clone(), log, tables));
        Ok(platform)
    }

    /// The same with another client of the log: for trying what a log does that is at fault.
    #[must_use]
    pub fn with_kafka(&self, kafka: Kafka) -> Self {
        Self(Arc::new(Parts { kafka, ..Parts::clone(&self.0) }))
    }

    /// Ends everything: tasks, records on their way, connections. Within ten seconds.
    pub async fn drain(&self) -> bool {
        let in_time = self.lifecycle.drain(crate::lifecycle::DRAIN.saturating_sub(Duration::from_secs(2))).await;
        self.kafka.flush(Duration::from_secs(1)).await;
        let _ = tokio::time::timeout(Duration::from_millis(500), self.db.close()).await;
        in_time
    }
}

impl std::ops::Deref for Platform {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

async fn find_log(kafka: &Kafka) -> Result<LogId, StartError> {
    kafka.log_id().await?.ok_or(StartError::NoLog)
}

/// Tries a step of a start again while a server may only be coming up; for a minute, and not once the process is asked to
/// end. What it waits for is shown at `/readyz`.
pub async fn retry_while_starting<T, F: Future<Output = Result<T, StartError>>>(
    lifecycle: &Lifecycle,
    check: &HealthCheck,
    mut attempt: impl FnMut() -> F,
) -> Result<T, StartError> {
    let until = Instant::now() + PATIENCE;
    let mut pause = Backoff::up_to(LONGEST_PAUSE);
    loop {
        let error = match attempt().await {
            Ok(done) => {
                check.ready();
                return Ok(done);
            }
            Err(error) => error,
        };
        let may_pass = match &error {
            StartError::Kafka(KafkaError::Client(_)) => true,
            StartError::Postgres(error) => postgres::is_transient(error),
            _ => false,
        };
        if !may_pass || Instant::now() >= until || lifecycle.soft().is_cancelled() {
            return Err(error);
        }
        check.not_ready(error.to_string());
        tokio::time::sleep(pause.next_pause()).await;
    }
}

/// Keeps `/readyz` true to what the servers answer.
async fn watch_servers(platform: Platform, log: HealthCheck, tables: HealthCheck) {
    let shutdown = platform.lifecycle.soft();
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        match platform.kafka.watermarks(event_schema::Topic::Config, 0).await {
            Ok(_) => log.ready(),
            // Pages are read without it, and a replica would be as badly off.
            Err(error) => log.degraded(error.to_string()),
        }
        match sqlx::query_scalar!(r#"select 1 as "one!""#).fetch_one(&platform.db).await {
            Ok(_) => tables.ready(),
            Err(error) => tables.not_ready(error.to_string()),
        }
    }
}
