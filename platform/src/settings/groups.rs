//! The settings that services share, in groups. A setting with `hide_env_values` is a secret: it may also come from the
//! file that `NAME_FILE` names.

use std::net::SocketAddr;

use clap::{Args, ValueEnum};

use super::Secret;

/// What [`crate::Platform::connect`] needs.
#[derive(Args, Clone, Debug)]
pub struct PlatformSettings {
    /// The log.
    #[command(flatten)]
    pub kafka: KafkaSettings,
    /// The tables.
    #[command(flatten)]
    pub postgres: PostgresSettings,
    /// Pushes and caches.
    #[command(flatten)]
    pub redis: RedisSettings,
    /// Logs and traces.
    #[command(flatten)]
    pub telemetry: TelemetrySettings,
    /// Metrics and health.
    #[command(flatten)]
    pub internal: InternalSettings,
    /// Mailed codes.
    #[command(flatten)]
    pub codes: CodeSettings,
}

/// Where the log is.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Kafka")]
pub struct KafkaSettings {
    /// Addresses of some brokers, separated by commas
    #[arg(long = "kafka-brokers", env = "KAFKA_BROKERS", value_name = "HOST:PORT,…")]
    pub brokers: String,
    /// Put before the name of every topic, so that several logs can share a cluster
    #[arg(long, env = "CHATLOG_TOPIC_PREFIX", default_value = "", value_name = "TEXT", hide_default_value = true)]
    pub topic_prefix: String,
    /// Further options of the Kafka client, for TLS and passwords; separated by commas
    #[arg(
        long = "kafka-options",
        env = "CHATLOG_KAFKA_OPTIONS",
        value_delimiter = ',',
        hide_env_values = true,
        value_name = "NAME=VALUE,…"
    )]
    pub options: Vec<Secret>,
    /// Copies of each partition when topics are created; -1: as many as the cluster's own default
    #[arg(long = "kafka-replication", env = "CHATLOG_KAFKA_REPLICATION", default_value_t = -1, value_name = "N")]
    #[arg(allow_negative_numbers = true)]
    pub replication: i32,
}

/// Where the tables are.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Postgres")]
pub struct PostgresSettings {
    /// Address, account and database: `postgres://user:password@host:port/database`
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    pub database_url: Secret,
    /// Connections that this process may open to the read models, and as many again to everything else
    #[arg(
        id = "database_connections",
        long = "database-connections",
        env = "CHATLOG_DATABASE_CONNECTIONS",
        default_value_t = 10,
        value_parser = clap::value_parser!(u32).range(2..=1000),
        value_name = "N"
    )]
    pub max_connections: u32,
}

/// Where pushes and caches are.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Redis")]
pub struct RedisSettings {
    /// Address: `redis://[user:password@]host:port[/database]`
    #[arg(long, env = "REDIS_URL", hide_env_values = true, value_name = "URL")]
    pub redis_url: Secret,
    /// Put before every key and channel, so that several platforms can share a server
    #[arg(long, env = "CHATLOG_REDIS_PREFIX", default_value = "chatlog:", value_name = "TEXT")]
    pub redis_prefix: String,
}

/// How log lines look.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line
    Json,
    /// For people
    Text,
}

/// What the process tells about itself.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Telemetry")]
pub struct TelemetrySettings {
    /// How log lines look
    #[arg(long, env = "CHATLOG_LOG_FORMAT", value_enum, default_value_t = LogFormat::Json, value_name = "FORMAT")]
    pub log_format: LogFormat,
    /// What is logged: a level, or levels by module (`info,projector=debug`)
    #[arg(long, env = "CHATLOG_LOG_LEVEL", default_value = "info", value_name = "FILTER")]
    pub log_level: String,
    /// Where traces go (OTLP over HTTP, `http://host:4318/v1/traces`); none are kept without it
    #[arg(long, env = "CHATLOG_OTLP_ENDPOINT", value_name = "URL")]
    pub otlp_endpoint: Option<String>,
    /// The share of traces that are kept when the caller does not say
    #[arg(long, env = "CHATLOG_TRACE_RATIO", default_value_t = 1.0, value_name = "0..1")]
    pub trace_ratio: f64,
}

/// Where the key of mailed codes comes from.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Mailed codes")]
pub struct CodeSettings {
    /// Secret that codes follow from, the same for every process; without it one is made, and kept in Postgres
    #[arg(long, env = "CHATLOG_CODE_KEY", hide_env_values = true, value_name = "TEXT")]
    #[arg(value_parser = code_key)]
    pub code_key: Option<Secret>,
}

/// Codes are six digits of what follows from it: it must not be found by trying.
fn code_key(text: &str) -> Result<Secret, String> {
    if text.len() < 32 {
        return Err("at least 32 characters are expected, from a random source".to_owned());
    }
    Ok(text.to_owned().into())
}

/// The listener that only operators reach.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Internal listener")]
pub struct InternalSettings {
    /// Where `/metrics`, `/healthz` and `/readyz` are served; never reachable from outside
    #[arg(long, env = "CHATLOG_INTERNAL_LISTEN", default_value = "127.0.0.1:9090", value_name = "ADDRESS")]
    pub internal_listen: SocketAddr,
}
