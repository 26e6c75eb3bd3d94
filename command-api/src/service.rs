//! The command API as a process of its own.

use std::process::ExitCode;

use platform::service;

use crate::settings::ServiceSettings;

/// Serves until the process is asked to end.
pub async fn run(settings: ServiceSettings) -> ExitCode {
    service::run(&settings.platform, "chatlog-command-api", async |platform| {
        let api = crate::start(platform, &settings.command).await?;
        service::serve(platform, &settings.http, api).await
    })
    .await
}
