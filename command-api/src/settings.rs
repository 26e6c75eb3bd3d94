//! The command API's settings.

use clap::value_parser;
use platform::{HttpSettings, PlatformSettings};

/// How much work passwords may make, and who logs in.
#[derive(clap::Args, Clone, Debug, Default)]
#[command(next_help_heading = "Command API")]
#[group(skip)]
pub struct Settings {
    /// Passwords hashed at the same time, each with a thread and 19 MiB; as many as processors, unless given
    #[arg(long, env = "CHATLOG_PASSWORD_HASHES", value_parser = value_parser!(u16).range(1..=256), value_name = "N")]
    pub password_hashes: Option<u16>,
    /// Whether nobody logs in before their address is proved by a mailed code
    #[arg(long, env = "CHATLOG_REQUIRE_VERIFIED", default_value_t = false, value_name = "BOOL")]
    #[arg(action = clap::ArgAction::Set)]
    pub require_verified: bool,
}

impl Settings {
    pub(crate) fn hashes_at_once(&self) -> usize {
        self.password_hashes.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from)
    }
}

/// The command API on its own: takes whatever people want to change.
#[derive(clap::Parser, Clone, Debug)]
#[command(name = "command-api", version)]
pub struct ServiceSettings {
    /// What every service needs.
    #[command(flatten)]
    pub platform: PlatformSettings,
    /// The listener.
    #[command(flatten)]
    pub http: HttpSettings,
    /// Its own.
    #[command(flatten)]
    pub command: Settings,
}
