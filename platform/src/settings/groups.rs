//! The settings that services share, in groups. A setting with `hide_env_values` is a secret: it may also come from the
//! file that `NAME_FILE` names.

use std::net::SocketAddr;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::Secret;
use crate::rate::{Kind, Rate, Setting};

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
    /// How much users and addresses may ask for.
    #[command(flatten)]
    pub rates: RateSettings,
    /// Sessions in cookies.
    #[command(flatten)]
    pub cookies: CookieSettings,
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

/// How much users and addresses may ask for: `600/m`, `10/s`, `5/30s`, `20/h`; `off` or 0 for as much as they like.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Rate limits (600/m, 10/s, 5/30s, 20/h, or off; all at once, if need be)")]
pub struct RateSettings {
    /// Requests of one user that change something; a batch is one
    #[arg(long, env = "CHATLOG_RATE_COMMANDS", default_value = "3000/m", value_name = "RATE")]
    pub rate_commands: Setting,
    /// Requests of one user that read
    #[arg(long, env = "CHATLOG_RATE_QUERIES", default_value = "6000/m", value_name = "RATE")]
    pub rate_queries: Setting,
    /// Log-ins from one address (of IPv6, from one /64)
    #[arg(long, env = "CHATLOG_RATE_LOG_INS", default_value = "60/m", value_name = "RATE")]
    pub rate_log_ins: Setting,
    /// Sign-ups from one address (of IPv6, from one /64)
    #[arg(long, env = "CHATLOG_RATE_SIGN_UPS", default_value = "60/h", value_name = "RATE")]
    pub rate_sign_ups: Setting,
    /// Wrong passwords for one account, from all addresses that it was not logged in from before; one that it was has as many again
    #[arg(long, env = "CHATLOG_RATE_FAILED_LOG_INS", default_value = "10/10m", value_name = "RATE")]
    pub rate_failed_log_ins: Setting,
    /// Attempts with mailed codes, and requests for them, from one address (of IPv6, from one /64)
    #[arg(long, env = "CHATLOG_RATE_CODES", default_value = "300/h", value_name = "RATE")]
    pub rate_codes: Setting,
    /// Mails with codes that may be asked for to one e-mail address
    #[arg(long, env = "CHATLOG_RATE_MAILS", default_value = "5/h", value_name = "RATE")]
    pub rate_mails: Setting,
    /// Looks at sign-ups that are under way, from one address (of IPv6, from one /64); a stream is one
    #[arg(long, env = "CHATLOG_RATE_REGISTRATIONS", default_value = "600/m", value_name = "RATE")]
    pub rate_registrations: Setting,
    /// Refresh tokens that are shown from one address (of IPv6, from one /64)
    #[arg(long, env = "CHATLOG_RATE_REFRESHES", default_value = "600/m", value_name = "RATE")]
    pub rate_refreshes: Setting,
    /// Whether addresses of this machine itself (loopback) may do all of these as often as they like: not where a proxy on
    /// the same machine passes requests on
    #[arg(long, env = "CHATLOG_RATE_SPARE_LOOPBACK", default_value_t = false, value_name = "BOOL")]
    #[arg(action = clap::ArgAction::Set)]
    pub rate_spare_loopback: bool,
}

impl RateSettings {
    /// Nothing is limited: for tools, and for tests of something else.
    #[must_use]
    pub fn off() -> Self {
        let off = Setting(None);
        Self {
            rate_commands: off,
            rate_queries: off,
            rate_log_ins: off,
            rate_sign_ups: off,
            rate_failed_log_ins: off,
            rate_codes: off,
            rate_mails: off,
            rate_registrations: off,
            rate_refreshes: off,
            rate_spare_loopback: true,
        }
    }

    /// The limit of a kind, where there is one.
    #[must_use]
    pub fn of(&self, kind: Kind) -> Option<Rate> {
        match kind {
            Kind::Commands => self.rate_commands.0,
            Kind::Queries => self.rate_queries.0,
            Kind::LogIns => self.rate_log_ins.0,
            Kind::SignUps => self.rate_sign_ups.0,
            Kind::Codes => self.rate_codes.0,
            Kind::Refreshes => self.rate_refreshes.0,
            Kind::Mails => self.rate_mails.0,
            Kind::Registrations => self.rate_registrations.0,
        }
    }
}

/// How browsers keep sessions.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Cookies")]
pub struct CookieSettings {
    /// Whether session cookies are for HTTPS only (`Secure`, `__Host-`); off only where people come by plain HTTP
    #[arg(long, env = "CHATLOG_COOKIE_SECURE", default_value_t = true, value_name = "BOOL")]
    #[arg(action = clap::ArgAction::Set)]
    pub cookie_secure: bool,
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

/// The listener that clients reach.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "HTTP")]
pub struct HttpSettings {
    /// Where the API is served
    #[arg(long, env = "CHATLOG_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    pub listen: SocketAddr,
    /// Seconds until a request without an answer is given up
    #[arg(
        long,
        env = "CHATLOG_REQUEST_TIMEOUT",
        default_value = "30",
        value_parser = seconds,
        value_name = "SECONDS"
    )]
    pub request_timeout: Duration,
    /// Seconds that a client may take to send a request's head, or be silent between two requests
    #[arg(long, env = "CHATLOG_HEADER_TIMEOUT", default_value = "75", value_parser = seconds, value_name = "SECONDS")]
    pub header_timeout: Duration,
    /// Seconds after which a client that takes nothing of an answer is cut
    #[arg(long, env = "CHATLOG_STALL_TIMEOUT", default_value = "30", value_parser = seconds, value_name = "SECONDS")]
    pub stall_timeout: Duration,
    /// Bytes of a request's body
    #[arg(long, env = "CHATLOG_BODY_LIMIT", default_value_t = 1024 * 1024, value_name = "BYTES")]
    pub body_limit: usize,
    /// Connections at a time; further ones wait to be accepted
    #[arg(long, env = "CHATLOG_MAX_CONNECTIONS", default_value_t = 20_000, value_name = "N")]
    pub max_connections: usize,
    /// Proxies of our own before this listener, each of which adds to `X-Forwarded-For`; 0: clients come directly
    #[arg(long, env = "CHATLOG_PROXIES", default_value_t = 0, value_name = "N")]
    pub proxies: usize,
    /// Origins whose scripts may call the API, separated by commas, and may use session cookies; `*` for every one, without cookies
    #[arg(long, env = "CHATLOG_CORS_ORIGINS", value_delimiter = ',', value_name = "ORIGIN,…")]
    pub cors_origins: Vec<String>,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "a number of seconds is expected".to_owned())?;
    if !(0.001..=86_400.0).contains(&seconds) {
        return Err("between 0.001 and 86400 seconds are possible".to_owned());
    }
    Ok(Duration::from_secs_f64(seconds))
}
