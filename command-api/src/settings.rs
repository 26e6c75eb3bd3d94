//! The command API's settings.

use std::time::Duration;

use clap::value_parser;

use crate::registration::steps::Steps;

/// What a sign-up needs unless told otherwise, in seconds.
const DEADLINE: u32 = 60;
/// How long a command waits unless told otherwise, in milliseconds.
const WAIT_MS: u32 = 1_000;

/// How much work passwords may make, who logs in, and what a sign-up needs.
#[derive(clap::Args, Clone, Debug)]
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
    /// The participants that must complete before an account is registered, or `none`; of sign-ups that begin from now on
    #[arg(long, env = "CHATLOG_REGISTRATION_STEPS", default_value_t = Steps::default(), value_name = "NAME,…")]
    pub registration_steps: Steps,
    /// Seconds after which a sign-up is rejected whose participants have not all answered
    #[arg(long, env = "CHATLOG_REGISTRATION_DEADLINE", default_value_t = DEADLINE, value_name = "SECONDS")]
    #[arg(value_parser = value_parser!(u32).range(1..=86_400))]
    pub registration_deadline: u32,
    /// Milliseconds that a command waits for the log before it is answered without a position, and for the read models before
    /// it is told that they are behind
    #[arg(long, env = "CHATLOG_COMMAND_WAIT_MS", default_value_t = WAIT_MS, value_name = "MS")]
    #[arg(value_parser = value_parser!(u32).range(1..=10_000))]
    pub command_wait_ms: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            password_hashes: None,
            require_verified: false,
            registration_steps: Steps::default(),
            registration_deadline: DEADLINE,
            command_wait_ms: WAIT_MS,
        }
    }
}

impl Settings {
    pub(crate) fn deadline(&self) -> Duration {
        Duration::from_secs(self.registration_deadline.into())
    }

    pub(crate) fn wait(&self) -> Duration {
        Duration::from_millis(self.command_wait_ms.into())
    }

    pub(crate) fn hashes_at_once(&self) -> usize {
        self.password_hashes.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from)
    }
}
