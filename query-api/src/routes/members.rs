//! The members of a room, in pages: a channel has up to 100,000.

use std::collections::BTreeMap;

use api_kit::Problem;
use api_kit::extract::Query;
use axum::response::Response;
use event_schema::{Timestamp, UserId};
use http::HeaderMap;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::{answer, next_link, page_of};
use crate::access::RoomReader;
use crate::item::NamesItem;
use crate::openapi::{NotModified, ReadProblems, RoomProblems};
use crate::params::{ListParams, after, limit};
use crate::state::QueryState;
use crate::{cursor, names, store};

pub(super) fn router() -> OpenApiRouter<QueryState> {
    OpenApiRouter::default().routes(routes!(list_members))
}

/// Members of a room, in the order of their ids.
#[derive(Debug, Serialize, ToSchema)]
struct MembersPage {
    /// The members.
    items: Vec<Member>,
    /// Their names, by id.
    users: BTreeMap<Uuid, NamesItem>,
    /// There are more: `after` this cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A member.
#[derive(Debug, Serialize, ToSchema)]
struct Member {
    /// Who.
    user_id: Uuid,
    /// `member`, `moderator` or `owner`.
    role: String,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
}

/// List a room's members
#[utoipa::path(
    get,
    path = "/v1/rooms/{room}/members",
    tag = "rooms",
    params(("room" = Uuid, Path, description = "The room"), ListParams),
    responses(
        (status = 200, description = "A page", body = MembersPage, headers(
            ("ETag" = String, description = "For `If-None-Match`"),
            ("Link" = String, description = "`next` as a link (RFC 8288)"),
        )),
        NotModified, ReadProblems, RoomProblems,
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(skip_all, fields(room = %reader.room_id))]
async fn list_members(
    mut reader: RoomReader,
    Query(params): Query<ListParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (room, limit) = (reader.room_id, limit(params.limit.as_deref())?);
    // The nil id, the platform's own, comes before everybody.
    let after = after(params.after.as_deref(), |text| cursor::parse_members(room, text), UserId::PLATFORM)?;
    let rows = store::members(&mut reader.db, room, after, limit + 1).await?;
    let (rows, next) = page_of(rows, limit, |last| cursor::members(room, UserId(last.user_id)));
    let ids: Vec<Uuid> = rows.iter().map(|row| row.user_id).collect();
    let users = names::read(&mut reader.db, &ids).await?;
    let items = rows.into_iter().map(|row| Member { user_id: row.user_id, role: row.role, since: row.since.into() });
    let link = next_link(format_args!("/v1/rooms/{room}/members"), limit, next.as_deref());
    answer(&headers, &MembersPage { items: items.collect(), users, next }, link)
}
