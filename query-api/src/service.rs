//! The query API as a process of its own.

use std::process::ExitCode;

use platform::service;

use crate::settings::ServiceSettings;

/// Serves until the process is asked to end.
pub async fn run(settings: ServiceSettings) -> ExitCode {
    service::run(&settings.platform, "chatlog-query-api", async |platform| {
        service::serve(platform, &settings.http, crate::start(platform, &settings.query)).await
    })
    .await
}
