//! Bodies: one that may be missing, and the words of the log as schemas.

use api_kit::Problem;
use api_kit::extract::Json;
use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use event_schema::room::{HistoryVisibility, JoinRule, Role, RoomKind};
use http::header::CONTENT_LENGTH;
use serde::de::DeserializeOwned;
use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};

/// A JSON body, or none.
#[derive(Clone, Copy, Debug, Default)]
pub struct OptionalJson<T>(pub T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for OptionalJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let declared_empty = parts.headers.get(CONTENT_LENGTH).is_some_and(|length| length == "0");
        let none = declared_empty || axum::body::HttpBody::is_end_stream(&body);
        let request = Request::from_parts(parts, body);
        if none {
            // Read, so that the connection can serve the next request.
            let _ = Bytes::from_request(request, state).await;
            return Ok(Self(T::default()));
        }
        Json::from_request(request, state).await.map(|Json(body)| Self(body))
    }
}

fn words(words: impl Iterator<Item = &'static str>) -> Object {
    ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).enum_values(Some(words)).build()
}

/// Schema of a room's kind.
#[must_use]
pub fn room_kind() -> Object {
    words(RoomKind::ALL.iter().map(|kind| kind.as_str()))
}

/// Schema of a join rule.
#[must_use]
pub fn join_rule() -> Object {
    words(JoinRule::ALL.iter().map(|rule| rule.as_str()))
}

/// Schema of what newcomers see.
#[must_use]
pub fn history_visibility() -> Object {
    words(HistoryVisibility::ALL.iter().map(|visibility| visibility.as_str()))
}

/// Schema of a role.
#[must_use]
pub fn role() -> Object {
    words(Role::ALL.iter().map(|role| role.as_str()))
}
