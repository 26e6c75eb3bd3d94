//! How much users and addresses may ask for, as settings.

use clap::Args;

use super::{Kind, Rate, Setting};

/// How much users and addresses may ask for: `600/m`, `10/s`, `5/30s`, `20/h`; `off` or 0 for as much as they like.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Rate limits (600/m, 10/s, 5/30s, 20/h, or off; all at once, if need be)")]
pub struct RateSettings {
    /// Requests of one user that change something; a batch is as many as it has messages, and of long messages each 4 KiB count
    /// as one more
    #[arg(long, env = "CHATLOG_RATE_COMMANDS", default_value = "600/m", value_name = "RATE")]
    pub rate_commands: Setting,
    /// Requests of one user that read
    #[arg(long, env = "CHATLOG_RATE_QUERIES", default_value = "6000/m", value_name = "RATE")]
    pub rate_queries: Setting,
    /// Log-ins from one address (of IPv6, from one /64; four times as many from a /56, sixteen times from a /48)
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
