//! Everything a service needs, connected once per process.

use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use tokio::time::Instant;

use crate::access::Access;
use crate::clock::{Clock, Ids};
use crate::codes::Codes;
use crate::csrf::Csrf;
use crate::health::{Health, HealthCheck};
use crate::kafka::{Kafka, KafkaError};
use crate::lifecycle::Lifecycle;
use crate::outbox::Outbox;
use crate::position::LogId;
use crate::postgres;
use crate::progress::Progress;
use crate::rate::RateLimits;
use crate::readmodel::{self, FOLD_VERSION, Fold, Generation, ReadModel};
use crate::redis::{Pause, Redis};
use crate::settings::PlatformSettings;
use crate::tokens::{Keyring, TokenError};

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
    /// The log.
    pub kafka: Kafka,
    /// Control and identity tables; commits are synchronous.
    pub db: PgPool,
    /// The read models, active generation.
    pub read_model: ReadModel,
    /// Caches and pushes.
    pub redis: Redis,
    /// How much users and addresses may ask for.
    pub rates: RateLimits,
    /// How far the read models are.
    pub progress: Progress,
    /// Events that commit with rows.
    pub outbox: Outbox,
    /// Access tokens.
    pub keyring: Keyring,
    /// Who may still come in.
    pub access: Access,
    /// Tokens against requests of other pages.
    pub csrf: Csrf,
    /// Mailed codes.
    pub codes: Codes,
    /// Whether the process can serve.
    pub health: Health,
    /// Its tasks, and its end.
    pub lifecycle: Lifecycle,
    /// The time.
    pub clock: Clock,
    /// Random ids.
    pub ids: Ids,
    /// The log's id.
    pub log_id: LogId,
    /// The version of the fold by which it is folded.
    pub fold_version: i32,
}

/// Why a service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The log.
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    /// The topics were never made.
    #[error("the log has no id yet; run `chatlog topics apply`")]
    NoLog,
    /// Postgres.
    #[error("Postgres: {0}")]
    Postgres(#[from] sqlx::Error),
    /// The tables were never made.
    #[error("the tables are not there yet; run `chatlog migrate`")]
    NotMigrated,
    /// Redis's address.
    #[error("Redis: {0}")]
    Redis(#[from] redis::RedisError),
    /// The signing keys.
    #[error(transparent)]
    Keys(#[from] TokenError),
    /// The tables were folded from a log that is not this one.
    #[error(
        "the read models were folded from log {tables}, but this is log {log}: restore the one or rebuild the other"
    )]
    OtherLog {
        /// As the active generation says.
        tables: LogId,
        /// As Kafka says.
        log: LogId,
    },
    /// A listener.
    #[error("{what}: {error}")]
    Listen {
        /// Which address.
        what: String,
        /// Why not.
        error: std::io::Error,
    },
}

impl Platform {
    /// Connects, with patience for servers that are coming up, and checks that tables and log belong together.
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
        let until = Instant::now() + PATIENCE;
        let log_id = patiently(until, &lifecycle, &log, || find_log(&kafka)).await?;
        let generation = patiently(until, &lifecycle, &tables, || find_generation(&db, log_id)).await?;
        let (keyring, ids) = (Keyring::load(db.clone()).await?, Ids::new());
        let csrf = Csrf::load(&db, &ids).await?;
        let access = Access::new(db.clone(), redis.clone());
        access.start(&lifecycle).await;
        let read_model = ReadModel::new(&settings.postgres, db.clone(), &generation)?;
        let progress = Progress::start(kafka.clone(), read_model.clone(), &redis, log_id, &lifecycle);
        let clock = Clock::system();
        let rates = RateLimits::new(&settings.rates, redis.clone(), clock.clone());
        let codes = Codes::new(db.clone(), settings.codes.code_key.clone(), Ids::new());
        let outbox = Outbox::new(db.clone(), kafka.clone(), log_id);
        lifecycle.spawn("generations", read_model.clone().watch(lifecycle.soft()));
        lifecycle.spawn("keys", keyring.clone().watch(lifecycle.soft()));
        let platform = Self(Arc::new(Parts {
            settings: settings.clone(),
            kafka,
            db,
            read_model,
            redis,
            rates,
            progress,
            outbox,
            keyring,
            access,
            csrf,
            codes,
            health,
            lifecycle,
            clock,
            ids,
            log_id,
            fold_version: FOLD_VERSION,
        }));
        platform.lifecycle.spawn("servers", watch_servers(platform.clone(), log, tables));
        Ok(platform)
    }

    /// The same with another client of the log: for trying what a log does that is at fault.
    #[must_use]
    pub fn with_kafka(&self, kafka: Kafka) -> Self {
        Self(Arc::new(Parts { kafka, ..Parts::clone(&self.0) }))
    }

    /// The same as a program of another fold version would have it: for trying what two of them do beside each other.
    #[must_use]
    pub fn with_fold_version(&self, fold_version: i32) -> Self {
        Self(Arc::new(Parts { fold_version, ..Parts::clone(&self.0) }))
    }

    /// What this program folds.
    #[must_use]
    pub fn fold(&self) -> Fold {
        Fold { log_id: self.log_id, version: self.fold_version }
    }

    /// Ends everything: tasks, records on their way, connections. Within ten seconds.
    pub async fn drain(&self) -> bool {
        let in_time = self.lifecycle.drain(crate::lifecycle::DRAIN.saturating_sub(Duration::from_secs(2))).await;
        self.kafka.flush(Duration::from_secs(1)).await;
        let close = async {
            self.read_model.pool().close().await;
            self.db.close().await;
        };
        let _ = tokio::time::timeout(Duration::from_millis(500), close).await;
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

async fn find_generation(db: &PgPool, log: LogId) -> Result<Generation, StartError> {
    let found = readmodel::ensure_generation(db, log).await.map_err(|error| match &error {
        // undefined_table, invalid_schema_name
        sqlx::Error::Database(database) if matches!(database.code().as_deref(), Some("42P01" | "3F000")) => {
            StartError::NotMigrated
        }
        _ => error.into(),
    })?;
    if found.log_id != log {
        return Err(StartError::OtherLog { tables: found.log_id, log });
    }
    Ok(found)
}

/// Tries again while only time is missing.
async fn patiently<T, F: Future<Output = Result<T, StartError>>>(
    until: Instant,
    lifecycle: &Lifecycle,
    check: &HealthCheck,
    mut attempt: impl FnMut() -> F,
) -> Result<T, StartError> {
    let mut pause = Pause::new();
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
        pause.wait().await;
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
            Err(error) => log.not_ready(error.to_string()),
        }
        match sqlx::query_scalar!(r#"select 1 as "one!""#).fetch_one(&platform.db).await {
            Ok(_) => tables.ready(),
            Err(error) => tables.not_ready(error.to_string()),
        }
    }
}
