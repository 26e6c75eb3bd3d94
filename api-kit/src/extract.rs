//! Extractors that refuse with a [`Problem`] naming the field. They have the names of axum's own, so that utoipa reads
//! handlers as usual.

use axum::extract::path::ErrorKind;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::http::BodyLimit;
use crate::problem::Problem;

mod params;

pub use params::{invalid, limit, time};

/// A JSON body; also an answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Json<T>(pub T);

/// Parameters of the path.
#[derive(Clone, Copy, Debug, Default)]
pub struct Path<T>(pub T);

/// Parameters of the query.
#[derive(Clone, Copy, Debug, Default)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(&request) {
            return Err(Problem::unsupported_media_type());
        }
        let limit = request.extensions().get::<BodyLimit>().map_or(0, |limit| limit.0);
        let body = Bytes::from_request(request, state).await.map_err(|rejection| body_problem(&rejection, limit))?;
        parse_json(&body).map(Self)
    }
}

/// A JSON document as a value; the problem names the field.
pub fn parse_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        // serde's own words name the field and the expectation; they may quote the client's value, which is its own.
        let problem = Problem::bad_request(inner.to_string());
        let place = unknown_field(&inner.to_string(), &path).unwrap_or(path);
        if place == "." { problem } else { problem.field(place) }
    })?;
    deserializer.end().map_err(|_| Problem::bad_request("something follows the JSON document"))?;
    Ok(value)
}

/// serde tells an unknown or missing field in its message only, with the path of what surrounds it.
fn unknown_field(message: &str, path: &str) -> Option<String> {
    let openings = ["missing field `", "unknown field `", "duplicate field `"];
    let rest = openings.iter().find_map(|opening| message.strip_prefix(opening))?;
    let (name, _) = rest.split_once('`')?;
    if path == "." || path == name || path.ends_with(&format!(".{name}")) {
        Some(if path == "." { name.to_owned() } else { path.to_owned() })
    } else {
        Some(format!("{path}.{name}"))
    }
}

fn is_json(request: &Request) -> bool {
    let media_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn body_problem(rejection: &BytesRejection, limit: u64) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Problem::payload_too_large(limit)
    } else {
        Problem::bad_request("the body ended early")
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(PathRejection::FailedToDeserializePathParams(failed)) => Err(match failed.into_kind() {
                ErrorKind::ParseErrorAtKey { key, expected_type, .. } => {
                    Problem::invalid(key, format!("{expected_type} is expected"))
                }
                ErrorKind::DeserializeError { key, message, .. } => Problem::invalid(key, message),
                ErrorKind::InvalidUtf8InPathParam { key } => Problem::invalid(key, "not UTF-8"),
                ErrorKind::Message(message) => Problem::bad_request(message),
                other => Problem::bad_request(other.to_string()),
            }),
            Err(rejection) => Err(Problem::internal(rejection)),
        }
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parse_query(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

/// A query string as a value; the problem names the parameter.
pub fn parse_query<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    serde_path_to_error::deserialize(pairs).map_err(|error| {
        let path = error.path().to_string();
        let message = error.into_inner().to_string();
        let place = unknown_field(&message, &path).unwrap_or(path);
        let problem = Problem::bad_request(message);
        if place == "." { problem } else { problem.field(place) }
    })
}
