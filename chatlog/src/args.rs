//! Arguments that several commands share: where the servers are, and how a tool logs.

use clap::Args;
use platform::PlatformSettings;
use platform::settings::{
    CodeSettings, InternalSettings, KafkaSettings, LogFormat, PostgresSettings, RedisSettings, TelemetrySettings,
};

/// How a tool logs: for people, and little.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Telemetry")]
pub struct LogArgs {
    /// How log lines look
    #[arg(long, env = "CHATLOG_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text, value_name = "FORMAT")]
    pub log_format: LogFormat,
    /// What is logged: a level, or levels by module (`info,chatlog=debug`)
    #[arg(long, env = "CHATLOG_LOG_LEVEL", default_value = "warn", value_name = "FILTER")]
    pub log_level: String,
}

impl LogArgs {
    /// The same as settings.
    #[must_use]
    pub fn telemetry(&self) -> TelemetrySettings {
        TelemetrySettings {
            log_format: self.log_format,
            log_level: self.log_level.clone(),
            otlp_endpoint: None,
            trace_ratio: 1.0,
        }
    }
}

/// Where the tables are, for a tool that needs nothing else.
#[derive(Args, Clone, Debug)]
pub struct PostgresArgs {
    /// The tables.
    #[command(flatten)]
    pub postgres: PostgresSettings,
    /// Its own log lines.
    #[command(flatten)]
    pub log: LogArgs,
}

/// The tables, and Redis, which tells every process at once what changed in them.
#[derive(Args, Clone, Debug)]
pub struct AccountArgs {
    /// The tables.
    #[command(flatten)]
    pub postgres: PostgresSettings,
    /// Pushes.
    #[command(flatten)]
    pub redis: RedisSettings,
    /// Its own log lines.
    #[command(flatten)]
    pub log: LogArgs,
}

/// The servers, for a tool that serves nothing itself.
#[derive(Args, Clone, Debug)]
pub struct ServerArgs {
    /// The log.
    #[command(flatten)]
    pub kafka: KafkaSettings,
    /// The others.
    #[command(flatten)]
    pub others: AccountArgs,
}

impl ServerArgs {
    /// The same for [`platform::Platform::connect`]; nothing listens.
    #[must_use]
    pub fn platform(&self) -> PlatformSettings {
        let AccountArgs { postgres, redis, log } = self.others.clone();
        PlatformSettings {
            kafka: self.kafka.clone(),
            postgres,
            redis,
            telemetry: log.telemetry(),
            internal: InternalSettings { internal_listen: ([127, 0, 0, 1], 0).into() },
            codes: CodeSettings::default(),
        }
    }
}
