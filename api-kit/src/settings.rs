//! The settings that HTTP services share.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;

use crate::rate::{Kind, Rate, Setting};

/// What [`crate::ApiContext::connect`] needs beside the servers.
#[derive(Args, Clone, Debug)]
pub struct ApiSettings {
    /// How much users and addresses may ask for.
    #[command(flatten)]
    pub rates: RateSettings,
    /// Sessions in cookies.
    #[command(flatten)]
    pub cookies: CookieSettings,
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
