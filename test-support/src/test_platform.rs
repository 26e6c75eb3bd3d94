//! A platform of its own for a test, on real servers: a fresh database, fresh topics, a fresh Redis prefix.
//!
//! The servers are those that `KAFKA_BROKERS`, `DATABASE_URL` and `REDIS_URL` name, else those of `./dev up`. What a test
//! makes is removed by [`TestPlatform::finish`], or, when the test fails before it, when this is dropped.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use api_kit::settings::{CookieSettings, OutgoingSettings, RateSettings};
use api_kit::{ApiContext, ApiSettings, HttpSettings};
use event_schema::{UserId, WorkspaceId};
use platform::settings::{
    CodeSettings, InternalSettings, KafkaSettings, LogFormat, PostgresSettings, RedisSettings, TelemetrySettings,
};
use platform::{Ids, Lifecycle, Platform, PlatformSettings, Redis, kafka, postgres};
use read_model::ReadModel;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::servers::Servers;

/// Partitions of each topic of a test.
pub const PARTITIONS: i32 = 2;

/// What a test could not be given.
pub type SetupError = Box<dyn std::error::Error + Send + Sync>;

/// A platform that nobody else uses.
pub struct TestPlatform {
    pub platform: Platform,
    pub read_model: ReadModel,
    /// The same as HTTP services have it.
    pub api: ApiContext,
    /// What it is connected with, for a second one in the same test.
    pub settings: PlatformSettings,
    servers: OwnServers,
    finished: bool,
}

#[derive(Clone)]
struct OwnServers {
    admin_url: String,
    database: String,
    // Boxed: futures that hold a platform of a test stay small.
    settings: Box<PlatformSettings>,
}

impl TestPlatform {
    pub async fn start() -> Result<Self, SetupError> {
        Self::start_with_partitions(PARTITIONS).await
    }

    /// [`Self::start`] with another number of partitions.
    pub async fn start_with_partitions(partitions: i32) -> Result<Self, SetupError> {
        let servers = OwnServers::fresh()?;
        servers.create_database().await?;
        let made = async {
            let pool = postgres::pool(&servers.settings.postgres, postgres::CONTROL_PATH)?;
            let (migrated, topics) =
                tokio::join!(postgres::migrate(&pool), kafka::apply_topics(&servers.settings.kafka, partitions));
            migrated?;
            topics?;
            pool.close().await;
            Ok::<_, SetupError>(Platform::connect(&servers.settings, Lifecycle::new()).await?)
        };
        let connected = async {
            let platform = made.await?;
            let read_model = ReadModel::connect(&platform).await?;
            let api = ApiContext::connect(&platform, &read_model, &api_settings()).await?;
            Ok::<_, SetupError>((platform, read_model, api))
        };
        match connected.await {
            Ok((platform, read_model, api)) => {
                let settings = (*servers.settings).clone();
                Ok(Self { platform, read_model, api, settings, servers, finished: false })
            }
            Err(error) => {
                servers.remove().await;
                Err(error)
            }
        }
    }

    /// A second process, as it were: connected to the same servers with a life of its own.
    pub async fn another(&self) -> Result<Platform, SetupError> {
        Ok(Platform::connect(&self.settings, Lifecycle::new()).await?)
    }

    /// A second process that serves HTTP.
    pub async fn another_api(&self) -> Result<ApiContext, SetupError> {
        connect_api(&self.settings, &api_settings()).await
    }

    /// Ends the platform and removes what it used.
    pub async fn finish(mut self) {
        self.finished = true;
        self.platform.drain().await;
        self.read_model.close().await;
        self.servers.remove().await;
    }
}

impl Drop for TestPlatform {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        self.platform.lifecycle.hard().cancel();
        let servers = self.servers.clone();
        // The test's own runtime is ending: a thread with another one cleans up.
        let cleaner = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            if let Ok(runtime) = runtime {
                runtime.block_on(servers.remove());
            }
        });
        let _ = cleaner.join();
    }
}

impl OwnServers {
    fn fresh() -> Result<Self, SetupError> {
        let Servers { brokers, database: admin_url, redis: redis_url } = Servers::given();
        // The end of a UUIDv7 is random; the whole would be too long for a database's name beside a word.
        let id = Ids::new().v7().simple().to_string();
        let name = format!("test_{}", &id[12..]);
        let (base, _) = admin_url.split_once('?').unwrap_or((&admin_url, ""));
        let (server, _) = base.rsplit_once('/').ok_or("DATABASE_URL names no database")?;
        let settings = PlatformSettings {
            kafka: KafkaSettings { brokers, topic_prefix: format!("{name}."), options: Vec::new(), replication: -1 },
            postgres: PostgresSettings { database_url: format!("{server}/{name}").into(), max_connections: 5 },
            redis: RedisSettings { redis_url: redis_url.into(), redis_prefix: format!("{name}:") },
            telemetry: TelemetrySettings {
                log_format: LogFormat::Text,
                log_level: "info".to_owned(),
                otlp_endpoint: None,
                trace_ratio: 1.0,
            },
            internal: InternalSettings { internal_listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)) },
            codes: CodeSettings::default(),
        };
        Ok(Self { admin_url, database: name, settings: Box::new(settings) })
    }

    async fn create_database(&self) -> Result<(), sqlx::Error> {
        let mut admin = PgConnection::connect(&self.admin_url).await?;
        // The name is made here.
        let sql = format!("create database {} template template0", self.database);
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await?;
        admin.close().await
    }

    /// Best effort: what cannot be removed is in nobody's way.
    async fn remove(&self) {
        let everything = async {
            let _ = tokio::join!(self.drop_database(), kafka::delete_topics(&self.settings.kafka), self.forget_keys());
        };
        let _ = tokio::time::timeout(Duration::from_secs(20), everything).await;
    }

    async fn drop_database(&self) -> Result<(), sqlx::Error> {
        let mut admin = PgConnection::connect(&self.admin_url).await?;
        let sql = format!("drop database if exists {} with (force)", self.database);
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await?;
        admin.close().await
    }

    async fn forget_keys(&self) -> Result<(), redis::RedisError> {
        let redis = Redis::new(&self.settings.redis)?;
        let mut connection = redis.connection();
        let mut cursor = 0_u64;
        loop {
            let (next, keys): (u64, Vec<String>) =
                redis::cmd("SCAN").arg(cursor).arg("MATCH").arg(redis.key("*")).query_async(&mut connection).await?;
            if !keys.is_empty() {
                let () = redis::cmd("DEL").arg(keys).query_async(&mut connection).await?;
            }
            if next == 0 {
                return Ok(());
            }
            cursor = next;
        }
    }
}

/// An account for somebody whom a test made up, unless they have one: tokens of nobody count for nothing.
pub async fn account(db: &sqlx::PgPool, user: UserId) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into identity.accounts (user_id, workspace_id, kind, username, username_key, display_name, locale, status)
         values ($1, $2, 'human', $3, $3, $3, 'en', 'registered') on conflict do nothing",
    )
    .bind(user.0)
    .bind(WorkspaceId::DEFAULT.0)
    .bind(user.to_string())
    .execute(db)
    .await?;
    Ok(())
}

/// What an HTTP service has, connected with these settings and a life of its own.
pub async fn connect_api(settings: &PlatformSettings, api: &ApiSettings) -> Result<ApiContext, SetupError> {
    let platform = Platform::connect(settings, Lifecycle::new()).await?;
    let read_model = ReadModel::connect(&platform).await?;
    Ok(ApiContext::connect(&platform, &read_model, api).await?)
}

/// Settings of an API for a test: nothing is limited.
pub fn api_settings() -> ApiSettings {
    ApiSettings {
        rates: RateSettings::off(),
        cookies: CookieSettings { cookie_secure: true },
        outgoing: OutgoingSettings { outgoing_bytes: 256 * 1024 * 1024 },
    }
}

/// Settings of a listener for a test: a free port, short time-outs.
pub fn http_settings() -> HttpSettings {
    HttpSettings {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        request_timeout: Duration::from_secs(30),
        header_timeout: Duration::from_secs(5),
        stall_timeout: Duration::from_secs(5),
        body_limit: 1024 * 1024,
        max_connections: 1_000,
        proxies: 0,
        cors_origins: Vec::new(),
    }
}
