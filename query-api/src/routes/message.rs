//! One message.

use api_kit::Problem;
use api_kit::extract::{Path, Query};
use axum::extract::State;
use axum::response::Response;
use event_schema::MessageId;
use http::HeaderMap;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::rendered;
use crate::access::RoomReader;
use crate::item::MessageItem;
use crate::openapi::{NotModified, ReadProblems, RoomProblems};
use crate::params::OneParams;
use crate::state::QueryState;

pub(super) fn router() -> OpenApiRouter<QueryState> {
    OpenApiRouter::default().routes(routes!(get_message))
}

#[derive(Deserialize)]
struct MessagePath {
    id: MessageId,
}

/// Read one message
#[utoipa::path(
    get,
    path = "/v1/rooms/{room}/messages/{id}",
    tag = "history",
    params(
        ("room" = Uuid, Path, description = "The room"),
        ("id" = Uuid, Path, description = "The message"),
        OneParams,
    ),
    responses(
        (status = 200, description = "The message", body = MessageItem, headers(
            ("ETag" = String, description = "For `If-None-Match`"),
        )),
        NotModified, ReadProblems, RoomProblems,
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(skip_all, fields(room = %reader.room_id))]
async fn get_message(
    State(state): State<QueryState>,
    reader: RoomReader,
    Path(MessagePath { id }): Path<MessagePath>,
    Query(OneParams { .. }): Query<OneParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (_, message) = reader.message(&state, id).await?;
    Ok(rendered(&headers, message.item.into(), None))
}
