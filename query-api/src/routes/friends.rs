//! Friends, in pages.

use std::collections::BTreeMap;

use api_kit::Problem;
use api_kit::extract::Query;
use axum::extract::State;
use axum::response::Response;
use event_schema::{Timestamp, UserId};
use http::{HeaderMap, HeaderValue};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::{answer, page_of};
use crate::access::Reader;
use crate::item::NamesItem;
use crate::openapi::{NotModified, ReadProblems};
use crate::params::{FriendsParams, after, limit};
use crate::state::QueryState;
use crate::store::people;
use crate::{cursor, names};

const PATH: &str = "/v1/friends";

pub(super) fn router() -> OpenApiRouter<QueryState> {
    OpenApiRouter::default().routes(routes!(list_friends))
}

/// Friends of the reader, or those who would be, in the order of their ids.
#[derive(Debug, Serialize, ToSchema)]
struct FriendsPage {
    /// The people.
    items: Vec<Friend>,
    /// Their names, by id.
    users: BTreeMap<Uuid, NamesItem>,
    /// There are more: `after` this cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A friend.
#[derive(Debug, Serialize, ToSchema)]
struct Friend {
    /// Who.
    user_id: Uuid,
    /// Whether each has added the other.
    mutual: bool,
    /// Since when the one has added the other: the reader the friend, or, of the incoming, they the reader.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// The account is closed.
    deactivated: bool,
}

/// List one's friends
///
/// Those whom the reader has added, each `mutual` if they have added the reader too; with `incoming=true` those who have
/// added the reader and wait for the same.
#[utoipa::path(
    get,
    path = "/v1/friends",
    tag = "people",
    params(FriendsParams),
    responses(
        (status = 200, description = "A page", body = FriendsPage, headers(
            ("ETag" = String, description = "For `If-None-Match`"),
            ("Link" = String, description = "`next` as a link (RFC 8288)"),
        )),
        NotModified, ReadProblems,
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(skip_all)]
async fn list_friends(
    State(state): State<QueryState>,
    reader: Reader,
    Query(params): Query<FriendsParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (of, incoming, limit) = (reader.user_id, params.incoming()?, limit(params.limit.as_deref())?);
    // The nil id, the platform's own, comes before everybody.
    let after = after(params.after.as_deref(), |text| cursor::parse_friends(of, incoming, text), UserId::PLATFORM)?;
    let mut db = reader.db(&state).await?;
    let rows = if incoming {
        people::incoming(&mut db, of, after, limit + 1).await?
    } else {
        people::friends(&mut db, of, after, limit + 1).await?
    };
    let (rows, next) = page_of(rows, limit, |last| cursor::friends(of, incoming, UserId(last.user_id)));
    let ids: Vec<Uuid> = rows.iter().map(|row| row.user_id).collect();
    let users = names::read(&mut db, &ids).await?;
    let items = rows.into_iter().map(|row| Friend {
        user_id: row.user_id,
        mutual: row.mutual,
        since: row.since.into(),
        deactivated: row.deactivated,
    });
    let link = next.as_deref().and_then(|next| {
        let which = if incoming { "incoming=true&" } else { "" };
        HeaderValue::try_from(format!("<{PATH}?{which}limit={limit}&after={next}>; rel=\"next\"")).ok()
    });
    answer(&headers, &FriendsPage { items: items.collect(), users, next }, link)
}
