//! The mailer as a process of its own.

use platform::lifecycle::Lifecycle;
use platform::{Health, Platform, PlatformSettings, StartError, internal};

use crate::{Settings, SettingsError};

/// What the program is told.
#[derive(clap::Parser, Clone, Debug)]
#[command(name = "mailer", version, about = "Sends the mails that the log asks for")]
pub struct Program {
    /// The servers, and what the process tells about itself.
    #[command(flatten)]
    pub platform: PlatformSettings,
    /// How it works.
    #[command(flatten)]
    pub mailer: Settings,
}

/// Why the process ended with an error.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Its settings do not fit together.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// It could not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Signals cannot be listened to.
    #[error("signals: {0}")]
    Signals(#[from] std::io::Error),
    /// A task gave up; the log says which.
    #[error("a task failed")]
    Failed,
}

/// Runs until a signal asks it to end, and then drains.
pub async fn run(program: &Program) -> Result<(), RunError> {
    let lifecycle = Lifecycle::new();
    lifecycle.shutdown_on_signals()?;
    let health = Health::new();
    internal::start(&program.platform.internal, &health, &lifecycle).await?;
    let platform = Platform::connect_with(&program.platform, lifecycle.clone(), health).await?;
    let started = crate::start(&platform, &program.mailer);
    if started.is_ok() {
        lifecycle.soft().cancelled().await;
    }
    platform.drain().await;
    started?;
    if lifecycle.failed() { Err(RunError::Failed) } else { Ok(()) }
}
