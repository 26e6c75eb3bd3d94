//! The projector as a process of its own.

use std::process::ExitCode;

use platform::{PlatformSettings, service};

use crate::Settings;

/// What the program is told.
#[derive(clap::Parser, Clone, Debug)]
#[command(name = "projector", version, about = "Folds the log into the read models")]
pub struct ServiceSettings {
    /// The servers, and what the process tells about itself.
    #[command(flatten)]
    pub platform: PlatformSettings,
    /// How it works.
    #[command(flatten)]
    pub projector: Settings,
}

/// Folds until the process is asked to end.
pub async fn run(settings: ServiceSettings) -> ExitCode {
    service::run(&settings.platform, "chatlog-projector", async |platform| {
        crate::start(platform, &settings.projector);
        platform.lifecycle.soft().cancelled().await;
        Ok(())
    })
    .await
}
