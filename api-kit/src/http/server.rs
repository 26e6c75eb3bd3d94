//! Accepting connections: bounded in number, in the time a client may take, and in the time a drain may.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use platform::lifecycle::Lifecycle;
use platform::platform::StartError;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tower::util::MapRequest;

use super::layers::app;
use super::stall::{Linger, Stall};
use crate::HttpSettings;
use crate::rate::Peer;

/// A request's head; far above what clients send.
const HEAD_BYTES: usize = 32 * 1024;
/// hyper's read buffer also bounds the head.
const BUFFER_BYTES: usize = 64 * 1024;
/// After an error of accept (no descriptors left, for example) a moment passes before the next.
const BREATH: Duration = Duration::from_millis(50);

/// Serves the routes until the process is asked to end; then nothing new is accepted, and what is in flight is finished.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    settings: &HttpSettings,
    lifecycle: &Lifecycle,
) -> Result<(), StartError> {
    let failed = |error| StartError::Listen { what: format!("listener {}", settings.listen), error };
    let address = listener.local_addr().map_err(failed)?;
    tracing::info!(%address, "HTTP listener started");
    let server = Server {
        app: app(router, settings),
        header_timeout: settings.header_timeout,
        stall_timeout: settings.stall_timeout,
        soft: lifecycle.soft(),
    };
    let server = Arc::new(server);
    let places = Arc::new(Semaphore::new(settings.max_connections));
    loop {
        let permit = tokio::select! {
            () = server.soft.cancelled() => break,
            permit = Arc::clone(&places).acquire_owned() => permit,
        };
        let Ok(permit) = permit else { break };
        let stream = tokio::select! {
            () = server.soft.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match stream {
            Ok((stream, peer)) => {
                lifecycle.spawn("connection", Arc::clone(&server).connection(stream, Peer(peer), permit));
            }
            Err(error) => {
                tracing::warn!(%error, "failed to accept a connection; retrying");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
    Ok(())
}

struct Server {
    app: Router,
    header_timeout: Duration,
    stall_timeout: Duration,
    soft: CancellationToken,
}

impl Server {
    async fn connection(self: Arc<Self>, stream: TcpStream, peer: Peer, _place: OwnedSemaphorePermit) {
        metrics::gauge!("http_connections").increment(1.0);
        // Answers are written whole: waiting for more would only delay them.
        let _ = stream.set_nodelay(true);
        let linger = Linger::default();
        let stream = TokioIo::new(Stall::new(stream, self.stall_timeout, linger.clone()));
        let service =
            TowerToHyperService::new(MapRequest::new(self.app.clone(), move |mut request: Request<Incoming>| {
                linger.off();
                request.extensions_mut().insert(peer);
                request.extensions_mut().insert(linger.clone());
                request
            }));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.header_timeout)
            .max_header_size(HEAD_BYTES)
            .max_buf_size(BUFFER_BYTES)
            .serve_connection(stream, service)
            .with_upgrades();
        let mut connection = pin!(connection);
        let ended = tokio::select! {
            ended = &mut connection => ended,
            () = self.soft.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended");
        }
        metrics::gauge!("http_connections").decrement(1.0);
    }
}
