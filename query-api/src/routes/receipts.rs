//! How far the members of a room have read.

use api_kit::Problem;
use api_kit::extract::Query;
use axum::response::Response;
use event_schema::UserId;
use http::HeaderMap;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::{answer, next_link, page_of};
use crate::access::RoomReader;
use crate::openapi::{NotModified, ReadProblems, RoomProblems};
use crate::params::{ListParams, after, limit};
use crate::state::QueryState;
use crate::{cursor, store};

pub(super) fn router() -> OpenApiRouter<QueryState> {
    OpenApiRouter::default().routes(routes!(list_receipts))
}

/// Read marks, in the order of the members' ids.
#[derive(Debug, Serialize, ToSchema)]
struct ReceiptsPage {
    /// The marks; whoever never sent one is missing.
    items: Vec<Receipt>,
    /// There are more: `after` this cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// How far a member has read.
#[derive(Debug, Serialize, ToSchema)]
struct Receipt {
    /// Who.
    user_id: Uuid,
    /// Up to this seq.
    read_seq: i64,
}

/// Read how far the members of a room have read
#[utoipa::path(
    get,
    path = "/v1/rooms/{room}/receipts",
    tag = "rooms",
    params(("room" = Uuid, Path, description = "The room"), ListParams),
    responses(
        (status = 200, description = "A page", body = ReceiptsPage, headers(
            ("ETag" = String, description = "For `If-None-Match`"),
            ("Link" = String, description = "`next` as a link (RFC 8288)"),
        )),
        NotModified, ReadProblems, RoomProblems,
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(skip_all, fields(room = %reader.room_id))]
async fn list_receipts(
    mut reader: RoomReader,
    Query(params): Query<ListParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (room, limit) = (reader.room_id, limit(params.limit.as_deref())?);
    // The nil id, the platform's own, comes before everybody.
    let after = after(params.after.as_deref(), |text| cursor::parse_receipts(room, text), UserId::PLATFORM)?;
    let rows = store::receipts::receipts(&mut reader.db, room, reader.room.last_seq, after, limit + 1).await?;
    let (rows, next) = page_of(rows, limit, |last| cursor::receipts(room, UserId(last.user_id)));
    let items = rows.into_iter().map(|row| Receipt { user_id: row.user_id, read_seq: row.read_seq }).collect();
    let link = next_link(format_args!("/v1/rooms/{room}/receipts"), limit, next.as_deref());
    answer(&headers, &ReceiptsPage { items, next }, link)
}
