//! The answer to a command, as bytes: what was answered once is answered again as it was.

use api_kit::Problem;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;

use crate::prefer::PREFERENCE_APPLIED;

/// Says that an answer is the stored first one.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandAnswer {
    /// 202 once the log has it, 200 or 201 once the fold has.
    pub status: StatusCode,
    pub body: Bytes,
    /// Whether `Prefer: wait` was followed.
    pub waited: bool,
    /// Whether it is the stored answer to an earlier request.
    pub replayed: bool,
}

impl CommandAnswer {
    /// The log has it; the fold has not spoken.
    pub fn accepted(body: &impl Serialize) -> Result<Self, Problem> {
        Self::json(StatusCode::ACCEPTED, body)
    }

    /// The fold has applied it, and the client waited.
    pub fn applied(status: StatusCode, body: &impl Serialize) -> Result<Self, Problem> {
        Ok(Self { waited: true, ..Self::json(status, body)? })
    }

    fn json(status: StatusCode, body: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_vec(body).map_err(Problem::internal)?.into();
        Ok(Self { status, body, waited: false, replayed: false })
    }
}

impl IntoResponse for CommandAnswer {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if self.waited {
            headers.insert(PREFERENCE_APPLIED, HeaderValue::from_static("wait"));
        }
        if self.replayed {
            headers.insert(REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}
