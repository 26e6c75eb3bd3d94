//! The mailer as a process of its own.

use std::process::ExitCode;

use platform::PlatformSettings;
use platform::service::{self, ServiceError};

use crate::Settings;

/// What the program is told.
#[derive(clap::Parser, Clone, Debug)]
#[command(name = "mailer", version, about = "Sends the mails that the log asks for")]
pub struct ServiceSettings {
    /// The servers, and what the process tells about itself.
    #[command(flatten)]
    pub platform: PlatformSettings,
    /// How it works.
    #[command(flatten)]
    pub mailer: Settings,
}

/// Sends until the process is asked to end.
pub async fn run(settings: ServiceSettings) -> ExitCode {
    service::run(&settings.platform, "chatlog-mailer", async |platform| {
        crate::start(platform, &settings.mailer).map_err(|error| ServiceError::Settings(error.into()))?;
        platform.lifecycle.soft().cancelled().await;
        Ok(())
    })
    .await
}
