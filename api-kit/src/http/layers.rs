//! What wraps every route, from the outside in: request id and span, problems, panics, time-out, CORS, size.

use std::any::Any;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use http::header::{self, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use platform::clock::Ids;
use platform::lifecycle::panic_message;
use platform::telemetry;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::limit::RequestBodyLimitLayer;
use tracing::Instrument as _;

use super::stall::Linger;
use crate::HttpSettings;
use crate::csrf::Origins;
use crate::problem::{MEDIA_TYPE, Problem};
use crate::rate::{ClientAddress, Noted, Peer, Quota};

/// The header that names a request; a client's own word is kept where it is sound.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of the request, as an extension.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// The bytes that a body may have, as an extension.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimit(pub u64);

#[derive(Clone)]
struct Bounds {
    ids: Ids,
    request_timeout: Duration,
    body_limit: u64,
    proxies: usize,
    origins: Origins,
}

/// Wraps a service's routes with everything that each of them needs.
pub fn app(router: Router, settings: &HttpSettings) -> Router {
    let bounds = Bounds {
        ids: Ids::new(),
        request_timeout: settings.request_timeout,
        body_limit: settings.body_limit as u64,
        proxies: settings.proxies,
        origins: Origins(named_origins(settings).map(str::to_owned).collect()),
    };
    // The last layer added is the outermost.
    let router = router
        .layer(DefaultBodyLimit::disable())
        .layer(RequestBodyLimitLayer::new(settings.body_limit))
        .layer(from_fn_with_state(bounds.clone(), in_time))
        .layer(CatchPanicLayer::custom(panicked));
    // Without origins nothing is added: not even an answer to OPTIONS.
    let router = if settings.cors_origins.is_empty() { router } else { router.layer(cors(settings)) };
    router.layer(from_fn_with_state(bounds, outermost))
}

/// Names the request, traces and counts it, and gives the answer its last form.
async fn outermost(State(bounds): State<Bounds>, mut request: Request, next: Next) -> Response {
    let id = request_id(&request).unwrap_or_else(|| bounds.ids.v7().simple().to_string());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    // The path only: queries may hold words that people search for.
    let span = tracing::info_span!(
        parent: None,
        "http", otel.name = format!("{method} {route}"), otel.kind = "server", %method, route,
        request_id = id, status = tracing::field::Empty,
    );
    if let Some(parent) = request.headers().get(telemetry::TRACEPARENT).and_then(|value| value.to_str().ok()) {
        telemetry::set_parent(&span, parent);
    }
    request.extensions_mut().insert(RequestId(id.clone()));
    request.extensions_mut().insert(BodyLimit(bounds.body_limit));
    request.extensions_mut().insert(bounds.origins.clone());
    if let Some(Peer(peer)) = request.extensions().get::<Peer>().copied() {
        let address = ClientAddress::of(peer, request.headers(), bounds.proxies);
        request.extensions_mut().insert(address);
    }
    let noted = Noted::default();
    request.extensions_mut().insert(noted.clone());
    let linger = request.extensions().get::<Linger>().cloned();
    let started = Instant::now();
    let response = next.run(request).instrument(span.clone()).await;
    let mut response = as_problem(response, &id, bounds.body_limit);
    let status = response.status();
    span.record("status", status.as_u16());
    span.in_scope(|| {
        if status.is_server_error() {
            tracing::warn!(status = status.as_u16(), elapsed = ?started.elapsed(), "request failed");
        } else {
            tracing::debug!(status = status.as_u16(), elapsed = ?started.elapsed(), "request failed");
        }
    });
    let labels = [("method", method_label(&method)), ("route", route), ("status", status.as_u16().to_string())];
    metrics::histogram!("http_request_seconds", &labels).record(started.elapsed());
    if let Some(linger) = linger.filter(|_| status == StatusCode::PAYLOAD_TOO_LARGE) {
        linger.on();
    }
    if let Some(quota) = noted.quota() {
        set_rate_limit_headers(&mut response, &quota);
    }
    secure(&mut response, &id);
    response
}

/// A client's own id, where it can stand in logs and headers.
fn request_id(request: &Request) -> Option<String> {
    let id = request.headers().get(REQUEST_ID)?.to_str().ok()?;
    let sound = !id.is_empty() && id.len() <= 128 && id.bytes().all(|byte| byte.is_ascii_graphic());
    sound.then(|| id.to_owned())
}

/// Methods are the client's words: unknown ones would each make a metric.
fn method_label(method: &Method) -> String {
    match *method {
        Method::GET | Method::POST | Method::PUT | Method::PATCH | Method::DELETE | Method::HEAD | Method::OPTIONS => {
            method.to_string()
        }
        _ => "other".to_owned(),
    }
}

/// Errors that a framework answered with a bare status become problems, and problems name their request.
fn as_problem(response: Response, id: &str, body_limit: u64) -> Response {
    let status = response.status();
    let (mut parts, body) = response.into_parts();
    let problem = match parts.extensions.remove::<Problem>() {
        Some(problem) => problem,
        None if is_error(status) && !is_worded(&parts.headers) => Problem::of_status(status, body_limit),
        None => return Response::from_parts(parts, body),
    };
    let mut fresh = problem.request_id(id).into_response();
    fresh.extensions_mut().remove::<Problem>();
    // What the problem does not say by itself stays: Allow, Retry-After, CORS.
    for (name, value) in &parts.headers {
        if ![CONTENT_TYPE, header::CONTENT_LENGTH].contains(name) && !fresh.headers().contains_key(name) {
            fresh.headers_mut().append(name.clone(), value.clone());
        }
    }
    fresh
}

fn is_error(status: StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}

/// Whether somebody already wrote a body for machines.
fn is_worded(headers: &http::HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    media_type.starts_with(MEDIA_TYPE) || media_type.starts_with("application/json")
}

/// How much the caller may still ask for (draft-ietf-httpapi-ratelimit-headers).
fn set_rate_limit_headers(response: &mut Response, quota: &Quota) {
    let headers = [("ratelimit-policy", quota.policy_header()), ("ratelimit", quota.standing_header())];
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
}

fn secure(response: &mut Response, id: &str) {
    let defaults = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        // Pages that run scripts bring a policy of their own.
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    let headers = response.headers_mut();
    for (name, value) in defaults {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
}

/// Gives up requests that take too long; for what changes something, nobody knows then whether it did.
async fn in_time(State(bounds): State<Bounds>, request: Request, next: Next) -> Response {
    let safe = request.method().is_safe();
    match tokio::time::timeout(bounds.request_timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_) if safe => Problem::unavailable().detail("The request took too long").into_response(),
        Err(_) => Problem::unknown_outcome().into_response(),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the layer hands it over")]
fn panicked(panic: Box<dyn Any + Send>) -> Response {
    Problem::internal(format!("a handler panicked: {}", panic_message(&*panic))).into_response()
}

/// `*` names nobody: cookies are for origins that somebody decided about.
fn named_origins(settings: &HttpSettings) -> impl Iterator<Item = &str> {
    settings.cors_origins.iter().map(String::as_str).filter(|origin| *origin != "*")
}

fn cors(settings: &HttpSettings) -> CorsLayer {
    let everybody = settings.cors_origins.iter().any(|origin| origin == "*");
    let origins = if everybody {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(named_origins(settings).filter_map(|origin| HeaderValue::from_str(origin).ok()))
    };
    let asked = [
        "authorization",
        "content-type",
        "idempotency-key",
        "prefer",
        "if-none-match",
        "last-event-id",
        "x-csrf-token",
        "x-chatlog-client",
    ];
    let told = ["x-request-id", "retry-after", "link", "etag", "location", "ratelimit", "ratelimit-policy"];
    CorsLayer::new()
        .allow_origin(origins)
        .allow_credentials(!everybody)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers(asked.map(HeaderName::from_static).into_iter().chain([REQUEST_ID]).collect::<Vec<_>>())
        .expose_headers(told.map(HeaderName::from_static))
        .max_age(Duration::from_hours(1))
}
