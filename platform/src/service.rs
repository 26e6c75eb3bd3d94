//! A role as a process of its own: connects, works until a signal asks it to end, drains, and says how it ended.

use std::error::Error;
use std::process::ExitCode;

use axum::Json;
use axum::routing::get;
use tokio::net::TcpListener;
use utoipa_axum::router::OpenApiRouter;

use crate::health::Health;
use crate::lifecycle::Lifecycle;
use crate::platform::{Platform, StartError};
use crate::settings::{EXIT_BAD_SETTINGS, HttpSettings, PlatformSettings};
use crate::{documented, http, internal, telemetry};

/// Why a process ended with an error.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// Its settings do not fit together.
    #[error(transparent)]
    Settings(Box<dyn Error + Send + Sync>),
    /// It could not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// A task gave up; the log says which.
    #[error("a task failed")]
    Failed,
}

/// Runs a role of this name. `work` returns when it is asked to end. What telemetry still holds is sent even after an error.
pub async fn run(
    settings: &PlatformSettings,
    name: &str,
    work: impl AsyncFnOnce(&Platform) -> Result<(), ServiceError>,
) -> ExitCode {
    let _telemetry = match telemetry::init(&settings.telemetry, name) {
        Ok(guard) => guard,
        Err(error) => return fail(&error, EXIT_BAD_SETTINGS),
    };
    match run_to_the_end(settings, work).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error @ ServiceError::Settings(_)) => fail(&error, EXIT_BAD_SETTINGS),
        Err(error) => fail(&error, 1),
    }
}

async fn run_to_the_end(
    settings: &PlatformSettings,
    work: impl AsyncFnOnce(&Platform) -> Result<(), ServiceError>,
) -> Result<(), ServiceError> {
    let (lifecycle, health) = (Lifecycle::new(), Health::new());
    let signals = |error| StartError::Listen { what: "signals".to_owned(), error };
    lifecycle.shutdown_on_signals().map_err(signals)?;
    internal::start(&settings.internal, &health, &lifecycle).await?;
    let platform = Platform::connect_with(settings, lifecycle.clone(), health).await?;
    let worked = work(&platform).await;
    platform.drain().await;
    worked?;
    if lifecycle.failed() { Err(ServiceError::Failed) } else { Ok(()) }
}

/// Serves an API and its document until the process is asked to end.
pub async fn serve(platform: &Platform, settings: &HttpSettings, api: OpenApiRouter) -> Result<(), ServiceError> {
    let (router, mut document) = api.split_for_parts();
    documented::with_cookies(&mut document);
    let router = router.route("/openapi.json", get(async || Json(document)));
    let address = settings.listen;
    let failed = |error| StartError::Listen { what: format!("listener {address}"), error };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    Ok(http::serve(listener, router, settings, &platform.lifecycle).await?)
}

#[expect(clippy::print_stderr, reason = "the last word of a process goes where people look")]
fn fail(error: &dyn Error, code: i32) -> ExitCode {
    eprintln!("error: {error}");
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
