//! The log in pages, for administrators: what stands there, whether or not it counts, whether or not anybody can read it.

use api_kit::extract::Query;
use api_kit::{Admin, Problem};
use axum::Json;
use axum::extract::State;
use platform::log_explorer::LogRecord;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::events::EventsParams;
use crate::openapi::AdminProblems;
use crate::state::QueryState;

pub(super) fn router() -> OpenApiRouter<QueryState> {
    OpenApiRouter::default().routes(routes!(list_events))
}

/// Records of the log.
#[derive(Debug, Serialize, ToSchema)]
struct LogPage {
    /// The records. Those of one partition in its order, or in its reverse; partitions are mixed by the time at which
    /// records were written. There may be fewer than asked for, or none, and more all the same.
    items: Vec<LogRecord>,
    /// There may be more: `after` this cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// Records that were looked at for this page.
    scanned: usize,
}

/// Browse the log
///
/// Every record that fits, damaged ones and those of later versions too (`problem` says what is wrong with them). The work
/// for one page is bounded: where few records fit, it ends early, and `next` leads on.
#[utoipa::path(
    get,
    path = "/v1/admin/events",
    tag = "admin",
    params(EventsParams),
    responses((status = 200, description = "A page", body = LogPage), AdminProblems),
    security(("bearer" = [])),
)]
#[tracing::instrument(skip_all)]
async fn list_events(
    State(state): State<QueryState>,
    _: Admin,
    Query(params): Query<EventsParams>,
) -> Result<Json<LogPage>, Problem> {
    let ask = params.check(&state.context().kafka)?;
    let page = state.log_explorer().page(ask).await?;
    Ok(Json(LogPage { items: page.records, next: page.next, scanned: page.scanned }))
}
