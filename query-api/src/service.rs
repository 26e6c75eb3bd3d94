//! The query API as a process of its own.

use std::process::ExitCode;

use axum::Json;
use axum::routing::get;
use platform::platform::StartError;
use platform::{Health, Lifecycle, Platform, documented, internal, telemetry};
use tokio::net::TcpListener;

use crate::settings::ServiceSettings;

/// Serves until the process is asked to end; telemetry is flushed even when it fails.
pub async fn run(settings: ServiceSettings) -> ExitCode {
    let _telemetry = telemetry::init(&settings.platform.telemetry, "query-api");
    match serve(&settings).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            tracing::error!(%error, "the query API could not start");
            ExitCode::FAILURE
        }
    }
}

/// Whether it ended because it was asked to.
async fn serve(settings: &ServiceSettings) -> Result<bool, StartError> {
    let (lifecycle, health) = (Lifecycle::new(), Health::new());
    let failed = |what: String| move |error| StartError::Listen { what, error };
    lifecycle.shutdown_on_signals().map_err(failed("signals".to_owned()))?;
    internal::start(&settings.platform.internal, &health, &lifecycle).await?;
    let platform = Platform::connect_with(&settings.platform, lifecycle.clone(), health).await?;
    let (router, mut document) = crate::start(&platform, &settings.query).split_for_parts();
    documented::with_cookies(&mut document);
    let router = router.route("/openapi.json", get(async || Json(document)));
    let address = settings.http.listen;
    let listener = TcpListener::bind(address).await.map_err(failed(format!("listener {address}")))?;
    platform::http::serve(listener, router, &settings.http, &lifecycle).await?;
    platform.drain().await;
    Ok(!lifecycle.failed())
}
