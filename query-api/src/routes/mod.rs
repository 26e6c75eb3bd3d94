//! The routes, one file a resource; each handler's extractors say who may.

mod changes;
mod events;
mod friends;
mod history;
mod inbox;
mod mails;
mod members;
mod message;
mod outcomes;
mod parked;
mod projections;
mod rebuild;
mod receipts;
mod registrations;
mod rooms;
mod stream;
mod tail;
mod threads;
mod users;

use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use api_kit::Problem;
use api_kit::outgoing::{OutgoingBudget, within_budget};
use api_kit::problem::MEDIA_TYPE;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, LINK};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate as _};
use utoipa_axum::router::OpenApiRouter;

use crate::etag;
use crate::state::QueryState;

/// Says that events of the room wait, which the answer does not show.
const PARKED: HeaderName = HeaderName::from_static("chatlog-parked");

/// Every route of the query API.
pub(crate) fn router(budget: OutgoingBudget) -> OpenApiRouter<QueryState> {
    // Not problems: the server writes the request's id into them afterwards, and would say of plain text that it is gzip.
    let compressible = DefaultPredicate::new().and(NotForContentType::const_new(MEDIA_TYPE));
    OpenApiRouter::default()
        .merge(history::router())
        .merge(message::router())
        .merge(threads::router())
        .merge(changes::router())
        .merge(rooms::router())
        .merge(members::router())
        .merge(receipts::router())
        .merge(inbox::router())
        .merge(users::router())
        .merge(friends::router())
        .merge(outcomes::router())
        .merge(parked::router())
        .merge(events::router())
        .merge(tail::router())
        .merge(projections::router())
        .merge(rebuild::router())
        .merge(registrations::router())
        .merge(mails::router())
        .layer(axum::middleware::from_fn(marked))
        // Before compression, which keeps what it has not compressed yet.
        .layer(axum::middleware::from_fn_with_state(budget, within_budget))
        // For clients that ask for it; a page shrinks to a tenth, at the lowest level already.
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(compressible))
}

/// Whether the room of the request is parked: found out by whoever lets the reader in, told in the answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct ParkedMark(Arc<AtomicBool>);

impl ParkedMark {
    /// The room is parked.
    pub(crate) fn set(parts: &Parts) {
        if let Some(Self(mark)) = parts.extensions.get() {
            mark.store(true, Ordering::Relaxed);
        }
    }
}

/// Says of every answer about a parked room that it is from before the parked events.
async fn marked(mut request: Request, next: Next) -> Response {
    let mark = ParkedMark::default();
    request.extensions_mut().insert(mark.clone());
    let mut response = next.run(request).await;
    if mark.0.load(Ordering::Relaxed) {
        response.headers_mut().insert(PARKED, HeaderValue::from_static("1"));
    }
    response
}

/// An answer that is JSON already; none of it if the client has it. It may be kept, by the client alone, and shown again
/// after asking whether it still stands.
fn rendered(request: &HeaderMap, body: Bytes, link: Option<HeaderValue>) -> Response {
    let etag = etag::of(&body);
    tagged(request, body, etag, link)
}

/// The same with a tag made otherwise.
fn tagged(request: &HeaderMap, body: Bytes, etag: HeaderValue, link: Option<HeaderValue>) -> Response {
    let mut response = if etag::is_known(request, &etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = Response::new(Body::from(body));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    };
    let headers = response.headers_mut();
    headers.insert(ETAG, etag);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if let Some(link) = link {
        headers.insert(LINK, link);
    }
    response
}

/// The same for an answer that is not JSON yet.
fn answer(request: &HeaderMap, value: &impl Serialize, link: Option<HeaderValue>) -> Result<Response, Problem> {
    let body = serde_json::to_vec(value).map_err(Problem::internal)?;
    Ok(rendered(request, body.into(), link))
}

/// The next page of a list as a link (RFC 8288), for clients that follow them without looking inside.
fn next_link(path: impl Display, limit: i64, next: Option<&str>) -> Option<HeaderValue> {
    // Paths, ids and cursors are plain ASCII.
    HeaderValue::try_from(format!("<{path}?limit={limit}&after={}>; rel=\"next\"", next?)).ok()
}

/// Cuts what was read (one more than the page holds) to a page; the cursor of its last item, if there are more.
fn page_of<T>(mut rows: Vec<T>, limit: i64, cursor: impl Fn(&T) -> String) -> (Vec<T>, Option<String>) {
    let limit = usize::try_from(limit).unwrap_or(0);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(cursor);
    (rows, next)
}
