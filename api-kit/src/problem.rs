//! Problems: the one shape of every error over HTTP (RFC 9457). A 500 tells the client nothing and the log everything.

mod conversions;

use std::borrow::Cow;
use std::error::Error;

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

pub use conversions::OnConstraint;

/// The media type of problems.
pub const MEDIA_TYPE: &str = "application/problem+json";
const TABLES_MISSING: &str = "tables-missing";
/// What every type begins with.
const TYPE_PREFIX: &str = "urn:chatlog:problem:";

/// Why a request was not done. Small: it travels in every `Result` of a handler.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Problem(Box<Fields>);

/// An error (RFC 9457, `application/problem+json`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Problem)]
struct Fields {
    /// What kind of problem, as a stable name: `urn:chatlog:problem:<slug>`.
    #[serde(rename = "type")]
    #[schema(example = "urn:chatlog:problem:limit-exceeded")]
    kind: String,
    /// The kind of problem, for people.
    title: &'static str,
    /// The HTTP status.
    #[schema(example = 400)]
    status: u16,
    /// This occurrence of it, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// The field of the request that is wrong, for example `messages[3].text`.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// The limit that the field exceeds.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u64>,
    /// Why the fold rejected the command, or why a sign-up was rejected, as a stable word.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "not_a_member")]
    reason: Option<String>,
    /// The step of a sign-up that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "profile")]
    step: Option<String>,
    /// The request's id, as in the header `x-request-id` and in the logs.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(skip)]
    #[schema(ignore)]
    retry_after: Option<u64>,
}

impl utoipa::PartialSchema for Problem {
    fn schema() -> RefOr<Schema> {
        Fields::schema()
    }
}

impl ToSchema for Problem {
    fn name() -> Cow<'static, str> {
        "Problem".into()
    }
}

impl Problem {
    /// A problem of this kind.
    #[must_use]
    pub fn new(status: StatusCode, slug: &str, title: &'static str) -> Self {
        Self(Box::new(Fields {
            kind: format!("{TYPE_PREFIX}{slug}"),
            title,
            status: status.as_u16(),
            detail: None,
            field: None,
            limit: None,
            reason: None,
            step: None,
            request_id: None,
            retry_after: None,
        }))
    }

    /// Says more about this occurrence.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Names the field that is wrong.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.0.field = Some(field.into());
        self
    }

    /// Names the limit that was exceeded.
    #[must_use]
    pub fn limit(mut self, limit: u64) -> Self {
        self.0.limit = Some(limit);
        self
    }

    /// Gives the fold's word for why.
    #[must_use]
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.0.reason = Some(reason.into());
        self
    }

    /// Names the step of a sign-up that failed.
    #[must_use]
    pub fn step(mut self, step: impl Into<String>) -> Self {
        self.0.step = Some(step.into());
        self
    }

    /// Says when trying again makes sense, in seconds (`Retry-After`).
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    /// Names the request.
    #[must_use]
    pub(crate) fn request_id(mut self, id: &str) -> Self {
        self.0.request_id = Some(id.to_owned());
        self
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The last part of its type.
    #[must_use]
    pub fn slug(&self) -> &str {
        self.0.kind.strip_prefix(TYPE_PREFIX).unwrap_or_default()
    }

    /// 401: no credentials, or none that count.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "Authentication required")
    }

    /// 403: known, but not allowed.
    #[must_use]
    pub fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "Forbidden")
    }

    /// 404: not there, or not to be seen.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "Not found")
    }

    /// 400: one field of the request is wrong.
    #[must_use]
    pub fn invalid(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::bad_request(detail).field(field)
    }

    /// 400: the request as a whole is wrong.
    #[must_use]
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid-request", "Invalid request").detail(detail)
    }

    /// 400: one field of the request is more than it may be.
    #[must_use]
    pub fn limit_exceeded(field: impl Into<String>, limit: u64, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "limit-exceeded", "Limit exceeded").field(field).limit(limit).detail(detail)
    }

    /// 405.
    #[must_use]
    pub fn method_not_allowed() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "Method not allowed")
    }

    /// 413: the body is larger than any may be.
    #[must_use]
    pub fn payload_too_large(limit: u64) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "payload-too-large", "Request too large").limit(limit)
    }

    /// 415.
    #[must_use]
    pub fn unsupported_media_type() -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "Unsupported media type")
            .detail("`content-type: application/json` is expected")
    }

    /// 429: slower.
    #[must_use]
    pub fn too_many_requests(retry_after: u64) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", "Too many requests").retry_after(retry_after)
    }

    /// 503: the tables have not caught up with the log yet.
    #[must_use]
    pub fn behind() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "behind", "Read model behind").retry_after(1)
    }

    /// 503: what would decide a refusal is parked, and waits for an administrator.
    #[must_use]
    pub fn parked() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "parked", "Parked: waiting for an administrator")
            .detail("an event of this room or person could not be processed, and what came after it waits")
            .retry_after(30)
    }

    /// 410: a position of a log that is no more.
    #[must_use]
    pub fn other_log() -> Self {
        Self::new(StatusCode::GONE, "other-log", "Position of another log")
    }

    /// 400: a position that the log has not reached.
    #[must_use]
    pub fn beyond_end() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "beyond-end", "Position beyond the end of the log")
    }

    /// 503: a server that is needed is away.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Service unavailable").retry_after(1)
    }

    /// 503: as many bytes wait for slow clients as may.
    #[must_use]
    pub fn overloaded() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", "Overloaded").retry_after(2)
    }

    /// 503: the read models have lost tables; the log has everything, and an administrator builds them anew.
    #[must_use]
    pub fn tables_missing() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, TABLES_MISSING, "Read model tables missing")
            .detail("They are built anew from the log by an administrator; nothing is lost")
            .retry_after(30)
    }

    /// Whether it is [`Self::tables_missing`].
    #[must_use]
    pub fn is_tables_missing(&self) -> bool {
        self.0.kind.ends_with(TABLES_MISSING)
    }

    /// 503: nobody knows whether it was done; safe to repeat with the same `Idempotency-Key`.
    #[must_use]
    pub fn unknown_outcome() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unknown-outcome", "Outcome unknown")
            .detail("Repeat the request with the same Idempotency-Key: it takes effect once")
            .retry_after(1)
    }

    /// 500: our own fault. The client learns nothing but the request's id, the log everything.
    #[must_use]
    pub fn internal(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let error = error.into();
        let mut causes = String::new();
        let mut cause = error.source();
        while let Some(source) = cause {
            causes.push_str(" <- ");
            causes.push_str(&source.to_string());
            cause = source.source();
        }
        tracing::error!(%error, causes, debug = ?error, "request failed with an internal error");
        metrics::counter!("internal_errors_total").increment(1);
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Internal error")
    }

    /// The problem of a bare status, as frameworks answer.
    pub(crate) fn of_status(status: StatusCode, body_limit: u64) -> Self {
        match status {
            StatusCode::UNAUTHORIZED => Self::unauthorized(),
            StatusCode::FORBIDDEN => Self::forbidden(),
            StatusCode::NOT_FOUND => Self::not_found(),
            StatusCode::METHOD_NOT_ALLOWED => Self::method_not_allowed(),
            StatusCode::PAYLOAD_TOO_LARGE => Self::payload_too_large(body_limit),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::unsupported_media_type(),
            StatusCode::TOO_MANY_REQUESTS => Self::too_many_requests(1),
            StatusCode::SERVICE_UNAVAILABLE => Self::unavailable(),
            status if status.is_client_error() => Self::new(status, "invalid-request", "Invalid request"),
            status => Self::new(status, "internal", "Internal error"),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (self.status(), body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if let Some(seconds) = self.0.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.0.status == StatusCode::UNAUTHORIZED.as_u16() {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        // The server's outermost layer adds the request's id.
        response.extensions_mut().insert(self);
        response
    }
}
