//! What the mailer's tasks share.

use std::time::Duration;

use platform::Platform;
use tokio::sync::Notify;

use crate::circuit_breaker::CircuitBreaker;
use crate::pace::Pace;
use crate::settings::{Settings, SettingsError};
use crate::template::Templates;
use crate::transport::Transport;

/// Everything but connections, which each sender has of its own.
pub(crate) struct MailerContext {
    pub(crate) platform: Platform,
    pub(crate) settings: Settings,
    /// Where mails go; without one they wait.
    pub(crate) transport: Option<Transport>,
    pub(crate) templates: Templates,
    pub(crate) pace: Pace,
    pub(crate) standing: CircuitBreaker,
    /// Told when there may be something to send.
    pub(crate) wake: Notify,
}

impl MailerContext {
    pub(crate) fn new(
        platform: &Platform,
        settings: &Settings,
        transport: Option<Transport>,
    ) -> Result<Self, SettingsError> {
        Ok(Self {
            platform: platform.clone(),
            transport,
            templates: Templates::new().map_err(|error| SettingsError::Template(error.to_string()))?,
            pace: Pace::new(settings.mail_rate),
            standing: CircuitBreaker::default(),
            wake: Notify::new(),
            settings: settings.clone(),
        })
    }

    pub(crate) fn random(&self) -> u64 {
        u64::from_be_bytes(self.platform.ids.secret())
    }

    /// The first pause of a mail that was not taken.
    pub(crate) fn backoff(&self) -> Duration {
        Duration::from_millis(self.settings.mail_backoff.into())
    }
}
