//! The listener for operators: `/metrics` (Prometheus), `/healthz` (the process lives), `/readyz` (it can serve, or why
//! not, and what is degraded). Never reachable from outside.

use std::net::SocketAddr;
use std::sync::OnceLock;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::health::Health;
use crate::lifecycle::Lifecycle;
use crate::platform::StartError;
use crate::settings::InternalSettings;

/// Bounds for everything measured in seconds.
const SECONDS: [f64; 14] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Bounds for things that come together.
const COUNTS: [f64; 10] = [1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1_000.0, 3_000.0, 10_000.0, 100_000.0];

static METRICS: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// From now on `metrics` macros count. Once per process; again: nothing.
pub fn install_metrics() {
    METRICS.get_or_init(|| {
        let builder = PrometheusBuilder::new();
        let builder = builder.set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS).ok()?;
        let builder = builder.set_buckets_for_metric(Matcher::Suffix("_batch_events".to_owned()), &COUNTS).ok()?;
        builder
            .install_recorder()
            .inspect_err(|error| tracing::warn!(%error, "failed to install the metrics recorder; /metrics is 404"))
            .ok()
    });
}

/// Starts the listener, before anything is connected: `/readyz` tells what a start waits for. Says where it listens.
pub async fn start(
    settings: &InternalSettings,
    health: &Health,
    lifecycle: &Lifecycle,
) -> Result<SocketAddr, StartError> {
    install_metrics();
    let failed = |error| StartError::Listen { what: format!("internal listener {}", settings.internal_listen), error };
    let listener = TcpListener::bind(settings.internal_listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let router = router(health.clone(), lifecycle.soft());
    let (soft, hard) = (lifecycle.soft(), lifecycle.hard());
    lifecycle.spawn("internal listener", async move {
        // Probes are answered while the process drains (not ready), for a moment.
        let end = async move {
            soft.cancelled().await;
            tokio::select! {
                () = hard.cancelled() => {}
                () = tokio::time::sleep(std::time::Duration::from_secs(1)) => {}
            }
        };
        if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(end).await {
            tracing::error!(%error, "internal listener failed");
        }
    });
    tracing::info!(%address, "internal listener started");
    Ok(address)
}

/// The pages of the listener.
pub fn router(health: Health, ending: CancellationToken) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(async || "alive\n"))
        .route("/readyz", get(ready))
        .with_state((health, ending))
}

async fn metrics() -> Response {
    match METRICS.get().and_then(Option::as_ref) {
        Some(handle) => ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], handle.render()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn ready(State((health, ending)): State<(Health, CancellationToken)>) -> Response {
    if ending.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "process: ending\n").into_response();
    }
    let line = |state: &str| {
        let state = state.to_owned();
        move |(part, why): (&'static str, String)| format!("{state}{part}: {why}\n")
    };
    let missing = health.not_ready();
    let status = if missing.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let head = missing.is_empty().then(|| "ready\n".to_owned());
    let degraded = health.degraded().into_iter().map(line("degraded: "));
    let lines: Vec<String> = head.into_iter().chain(missing.into_iter().map(line(""))).chain(degraded).collect();
    (status, lines.concat()).into_response()
}
