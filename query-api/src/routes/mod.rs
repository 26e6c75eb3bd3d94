//! The routes, one file a resource; each handler's extractors say who may.

mod history;
mod members;
mod message;
mod rooms;
mod users;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, LINK};
use http::{HeaderMap, HeaderValue, StatusCode};
use utoipa_axum::router::OpenApiRouter;

use crate::etag;
use crate::state::QueryState;

/// Every route of the query API.
pub(crate) fn router() -> OpenApiRouter<QueryState> {
    OpenApiRouter::default()
        .merge(history::router())
        .merge(message::router())
        .merge(rooms::router())
        .merge(members::router())
        .merge(users::router())
}

/// An answer that is JSON already; none of it if the client has it. It may be kept, by the client alone, and shown again
/// after asking whether it still stands.
fn rendered(request: &HeaderMap, body: Bytes, link: Option<HeaderValue>) -> Response {
    let etag = etag::of(&body);
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

/// Cuts what was read (one more than the page holds) to a page; the cursor of its last item, if there are more.
fn page_of<T>(mut rows: Vec<T>, limit: i64, cursor: impl Fn(&T) -> String) -> (Vec<T>, Option<String>) {
    let limit = usize::try_from(limit).unwrap_or(0);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(cursor);
    (rows, next)
}
