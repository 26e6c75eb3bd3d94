//! The settings that HTTP services share.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;

pub use crate::rate::RateSettings;

/// What [`crate::ApiContext::connect`] needs beside the servers.
#[derive(Args, Clone, Debug)]
pub struct ApiSettings {
    /// How much users and addresses may ask for.
    #[command(flatten)]
    pub rates: RateSettings,
    /// Sessions in cookies.
    #[command(flatten)]
    pub cookies: CookieSettings,
    /// What waits to be read by clients.
    #[command(flatten)]
    pub outgoing: OutgoingSettings,
}

/// Bounds for answers that clients have not taken yet.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "HTTP")]
pub struct OutgoingSettings {
    /// Bytes of answers that may wait for their clients, in this process; beyond it, answers are 503 `overloaded`
    #[arg(long, env = "CHATLOG_OUTGOING_BYTES", default_value_t = 256 * 1024 * 1024, value_name = "BYTES")]
    #[arg(value_parser = clap::value_parser!(u64).range(4 * 1024 * 1024..))]
    pub outgoing_bytes: u64,
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
