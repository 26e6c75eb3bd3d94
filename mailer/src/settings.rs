//! The mailer's settings.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{ValueEnum, value_parser};
use lettre::Address;
use lettre::message::Mailbox;
use platform::settings::Secret;

/// How a connection to the mail server is secured.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Not at all: for a server on this machine
    None,
    /// By STARTTLS; a server that does not offer it gets no mail
    Starttls,
    /// From the first byte
    Implicit,
}

/// Which mail server: `smtp://host[:port]` (STARTTLS, port 587) or `smtps://host[:port]` (TLS, port 465).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmtpUrl {
    /// Its name, which its certificate must have.
    pub host: String,
    /// Its port.
    pub port: u16,
    tls: Tls,
}

/// How mails are sent.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Mailer")]
#[group(skip)]
pub struct Settings {
    /// Mail server: `smtp://host[:587]` (with STARTTLS) or `smtps://host[:465]` (with TLS); without one, and without a
    /// folder, mails wait
    #[arg(long, env = "CHATLOG_SMTP_URL", value_name = "URL")]
    pub smtp_url: Option<SmtpUrl>,
    /// How the connection is secured, if not as the URL says
    #[arg(long, env = "CHATLOG_SMTP_TLS", value_enum, value_name = "MODE")]
    pub smtp_tls: Option<Tls>,
    /// File with certificates (PEM) that are trusted beside the usual ones
    #[arg(long, env = "CHATLOG_SMTP_CA", value_name = "FILE")]
    pub smtp_ca: Option<PathBuf>,
    /// Account at the mail server
    #[arg(long, env = "CHATLOG_SMTP_USER", value_name = "NAME")]
    pub smtp_user: Option<String>,
    /// Its password
    #[arg(long, env = "CHATLOG_SMTP_PASSWORD", hide_env_values = true, value_name = "TEXT")]
    pub smtp_password: Option<Secret>,
    /// Seconds to wait for the mail server, to connect and again for each mail
    #[arg(long, env = "CHATLOG_SMTP_TIMEOUT", default_value_t = 60, value_name = "SECONDS")]
    #[arg(value_parser = value_parser!(u32).range(1..=600))]
    pub smtp_timeout: u32,
    /// Connections to the mail server, each kept for the next mail
    #[arg(long, env = "CHATLOG_SMTP_CONNECTIONS", default_value_t = 2, value_name = "N")]
    #[arg(value_parser = value_parser!(u16).range(1..=64))]
    pub smtp_connections: u16,
    /// Folder for mails, one file each, instead of a mail server: for trying things out
    #[arg(long, env = "CHATLOG_MAIL_DIR", value_name = "FOLDER")]
    pub mail_dir: Option<PathBuf>,
    /// Whom mails are from
    #[arg(long, env = "CHATLOG_MAIL_FROM", default_value = "Chatlog <chatlog@localhost>", value_name = "MAILBOX")]
    pub mail_from: Mailbox,
    /// Mails a second that this process sends at most
    #[arg(long, env = "CHATLOG_MAIL_RATE", default_value_t = 10, value_name = "N")]
    #[arg(value_parser = value_parser!(u32).range(1..=10_000))]
    pub mail_rate: u32,
    /// Attempts before a mail is parked; the pauses between them double up to 15 minutes: 100 take about a day
    #[arg(long, env = "CHATLOG_MAIL_ATTEMPTS", default_value_t = 100, value_name = "N")]
    #[arg(value_parser = value_parser!(u32).range(1..=10_000))]
    pub mail_attempts: u32,
    /// Milliseconds from the first attempt to the second
    #[arg(long, env = "CHATLOG_MAIL_BACKOFF", default_value_t = 2_000, value_name = "MS")]
    #[arg(value_parser = value_parser!(u32).range(1..=900_000))]
    pub mail_backoff: u32,
}

/// Settings that do not fit together.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// Half of the credentials.
    #[error("smtp-user and smtp-password go together")]
    HalfCredentials,
    /// A password that everybody on the way could read.
    #[error("a password for {0} without TLS: choose smtp-tls starttls or implicit")]
    PlainPassword(String),
    /// The certificates.
    #[error("{path}: {problem}")]
    Certificates {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The folder.
    #[error("the folder {path} for mails: {error}")]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why it cannot be used.
        error: std::io::Error,
    },
    /// The TLS library.
    #[error("TLS: {0}")]
    Tls(String),
    /// A template that was built in.
    #[error("template: {0}")]
    Template(String),
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            smtp_url: None,
            smtp_tls: None,
            smtp_ca: None,
            smtp_user: None,
            smtp_password: None,
            smtp_timeout: 60,
            smtp_connections: 2,
            mail_dir: None,
            mail_from: Mailbox::new(
                Some("Chatlog".to_owned()),
                // As the flag's own default, which a test compares.
                Address::new_dangerous("chatlog", "localhost"),
            ),
            mail_rate: 10,
            mail_attempts: 100,
            mail_backoff: 2_000,
        }
    }
}

impl Settings {
    /// How the connection is secured.
    pub(crate) fn tls(&self, url: &SmtpUrl) -> Tls {
        self.smtp_tls.unwrap_or(url.tls)
    }

    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(self.smtp_timeout.into())
    }

    /// How long a process may take with a mail before another takes it for abandoned: connecting, sending, and some room.
    pub(crate) fn lease(&self) -> Duration {
        self.timeout() * 3 + Duration::from_mins(1)
    }
}

impl FromStr for SmtpUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "smtp://host[:port] or smtps://host[:port] is expected".to_owned();
        let (scheme, rest) = text.split_once("://").ok_or_else(expected)?;
        let (tls, usual) = match scheme {
            "smtp" => (Tls::Starttls, 587),
            "smtps" => (Tls::Implicit, 465),
            _ => return Err(expected()),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains('@') {
            return Err("user and password have settings of their own: smtp-user and smtp-password".to_owned());
        }
        let (host, port) = match rest.rsplit_once(':') {
            // A colon within brackets belongs to an IPv6 address.
            Some((host, port)) if !port.contains(']') => (host, port.parse().map_err(|_| expected())?),
            _ => (rest, usual),
        };
        let host = host.trim_matches(['[', ']']);
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | ':' | '_');
        if host.is_empty() || !host.chars().all(plain) {
            return Err(expected());
        }
        Ok(Self { host: host.to_owned(), port, tls })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Option<(String, u16, Tls)> {
        text.parse::<SmtpUrl>().ok().map(|url| (url.host, url.port, url.tls))
    }

    #[test]
    fn a_url_says_where_and_how() {
        assert_eq!(url("smtp://mail.example.org"), Some(("mail.example.org".into(), 587, Tls::Starttls)));
        assert_eq!(url("smtps://mail.example.org:1465/"), Some(("mail.example.org".into(), 1465, Tls::Implicit)));
        assert_eq!(url("smtp://[::1]:25"), Some(("::1".into(), 25, Tls::Starttls)));
        assert_eq!(url("smtp://[::1]"), Some(("::1".into(), 587, Tls::Starttls)));
        for bad in [
            "",
            "mail.example.org",
            "http://x",
            "smtp://",
            "smtp://x:y",
            "smtp://u:p@x",
            "smtp://x y",
            "smtp://x:70000",
        ] {
            assert_eq!(url(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_defaults_are_those_of_the_flags() {
        #[derive(clap::Parser)]
        struct Alone {
            #[command(flatten)]
            settings: Settings,
        }
        let parsed = <Alone as clap::Parser>::parse_from(["mailer"]).settings;
        assert_eq!(format!("{parsed:?}"), format!("{:?}", Settings::default()));
        assert!(parsed.smtp_url.is_none() && parsed.mail_dir.is_none(), "mails wait");
    }
}
