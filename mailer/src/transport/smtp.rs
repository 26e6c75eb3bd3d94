//! SMTP, one connection a sender. The library's own pool is not used: it has no bound on how long a server may be silent in
//! the middle of a mail, and a connection that is given up midway must never be used again, or the answer to one mail would
//! be taken for that to the next.

use std::time::{Duration, Instant};

use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;

use super::Failure;
use crate::compose::Mail;
use crate::settings::{Settings, SettingsError, SmtpUrl, Tls};

/// A connection that nobody used for so long is closed.
const IDLE: Duration = Duration::from_secs(10);
/// Asking whether a connection still lives, and taking leave.
const SHORT: Duration = Duration::from_secs(5);

/// Codes by which a server speaks about us, not about the mail: it ends, or wants other credentials (RFC 5321, 4954).
const ABOUT_US: [u16; 7] = [421, 432, 454, 530, 534, 535, 538];

pub(crate) struct Server {
    host: String,
    port: u16,
    tls: Tls,
    parameters: TlsParameters,
    credentials: Option<Credentials>,
    hello: ClientId,
    timeout: Duration,
}

/// A connection that can be used.
pub(crate) struct Connection {
    smtp: AsyncSmtpConnection,
    used: Instant,
}

impl Server {
    pub(crate) fn new(settings: &Settings, url: &SmtpUrl) -> Result<Self, SettingsError> {
        let credentials = match (&settings.smtp_user, &settings.smtp_password) {
            (Some(user), Some(password)) => Some(Credentials::new(user.clone(), password.expose().to_owned())),
            (None, None) => None,
            _ => return Err(SettingsError::HalfCredentials),
        };
        let tls = settings.tls(url);
        let here = url.host == "localhost" || url.host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
        if credentials.is_some() && tls == Tls::None && !here {
            return Err(SettingsError::PlainPassword(url.host.clone()));
        }
        Ok(Self {
            host: url.host.clone(),
            port: url.port,
            tls,
            parameters: parameters(settings, url)?,
            credentials,
            hello: ClientId::Domain(settings.mail_from.email.domain().to_owned()),
            timeout: settings.timeout(),
        })
    }

    /// Sends a mail. On any failure the connection is gone.
    pub(crate) async fn send(&self, kept: &mut Option<Connection>, mail: &Mail) -> Result<(), Failure> {
        let mut smtp = self.connection(kept.take()).await?;
        match tokio::time::timeout(self.timeout, smtp.send(&mail.envelope, &mail.bytes)).await {
            Err(_) => Err(Failure::Away("no answer in time; whether it took the mail is not known".to_owned())),
            Ok(Err(error)) => Err(failure(&error)),
            Ok(Ok(_)) => {
                *kept = Some(Connection { smtp, used: Instant::now() });
                Ok(())
            }
        }
    }

    /// The kept connection, if it lives, else a new one.
    async fn connection(&self, kept: Option<Connection>) -> Result<AsyncSmtpConnection, Failure> {
        if let Some(Connection { mut smtp, .. }) = kept
            && matches!(tokio::time::timeout(SHORT.min(self.timeout), smtp.test_connected()).await, Ok(true))
        {
            return Ok(smtp);
        }
        match tokio::time::timeout(self.timeout, self.connect()).await {
            Err(_) => Err(Failure::Away("no connection in time".to_owned())),
            // Whatever is wrong here is not the mail's fault.
            Ok(connected) => connected.map_err(|error| Failure::Away(reply_text(&error))),
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let implicit = (self.tls == Tls::Implicit).then(|| self.parameters.clone());
        let server = (self.host.as_str(), self.port);
        let mut smtp =
            AsyncSmtpConnection::connect_tokio1(server, Some(self.timeout), &self.hello, implicit, None).await?;
        if self.tls == Tls::Starttls {
            smtp.starttls(self.parameters.clone(), &self.hello).await?;
        }
        if let Some(credentials) = &self.credentials {
            smtp.auth(&[Mechanism::Plain, Mechanism::Login], credentials).await?;
        }
        Ok(smtp)
    }
}

impl Connection {
    /// Whether it has been idle for long.
    pub(crate) fn is_idle(&self) -> bool {
        self.used.elapsed() >= IDLE
    }

    /// Takes leave of the server.
    pub(crate) async fn close(mut self) {
        let _ = tokio::time::timeout(SHORT, self.smtp.quit()).await;
    }
}

fn parameters(settings: &Settings, url: &SmtpUrl) -> Result<TlsParameters, SettingsError> {
    let mut builder = TlsParameters::builder(url.host.clone());
    if let Some(path) = &settings.smtp_ca {
        let refused = |problem: String| SettingsError::Certificates { path: path.clone(), problem };
        let pem = std::fs::read(path).map_err(|error| refused(error.to_string()))?;
        builder =
            builder.add_root_certificate(Certificate::from_pem(&pem).map_err(|error| refused(reply_text(&error)))?);
    }
    builder.build_rustls().map_err(|error| SettingsError::Tls(reply_text(&error)))
}

/// What an answer to a mail means.
fn failure(error: &Error) -> Failure {
    match error.status().map(u16::from) {
        Some(code) if ABOUT_US.contains(&code) => Failure::Away(format!("it answered {code}")),
        Some(code) if error.is_permanent() => Failure::Refused(code),
        Some(code) => Failure::Deferred(code),
        // The only thing that the library refuses by itself: an address that this server cannot write.
        None if error.is_client() => Failure::Unsendable("address_unsupported"),
        None => Failure::Away(reply_text(error)),
    }
}

/// An error with its causes, but for what the server said: that may hold the address.
fn reply_text(error: &Error) -> String {
    if let Some(code) = error.status() {
        return format!("it answered {}", u16::from(code));
    }
    let mut words = error.to_string();
    if let Some(cause) = std::error::Error::source(error)
        && !words.contains(&cause.to_string())
    {
        words = format!("{words}: {cause}");
    }
    words
}
