//! How far a rebuild of the read models is, for administrators.

use api_kit::{Admin, Problem};
use axum::Json;
use axum::extract::State;
use event_schema::Timestamp;
use read_model::rebuild_status::{self, Rebuild};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::openapi::AdminProblems;
use crate::state::QueryState;

pub(super) fn router() -> OpenApiRouter<QueryState> {
    OpenApiRouter::default().routes(routes!(get_rebuild))
}

/// Whether somebody rebuilds.
#[derive(Debug, Serialize, ToSchema)]
struct RebuildAnswer {
    /// The rebuild at work, or the last one; absent before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    rebuild: Option<RebuildProgress>,
}

/// How far a rebuild is, or how it ended.
#[derive(Debug, Serialize, ToSchema)]
struct RebuildProgress {
    /// The generation that it builds.
    generation: i32,
    /// `running`, `done`, `stopped`, `failed`, or `lost`: its process ended without a word.
    state: &'static str,
    /// The phase in which it is, or in which it ended.
    phase: String,
    /// What `done` and `total` count in this phase: `events`, `rows`, `indexes`.
    unit: String,
    /// So many of them are done.
    done: i64,
    /// Of so many; absent where it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<i64>,
    /// So many a second, on average over the phase.
    per_second: f64,
    /// Seconds until the end of the phase at this rate; absent where that cannot be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    eta_seconds: Option<f64>,
    /// When it began, or went on.
    #[schema(value_type = String, format = DateTime)]
    began_at: Timestamp,
    /// When the phase began.
    #[schema(value_type = String, format = DateTime)]
    phase_began_at: Timestamp,
    /// When it was last heard of.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

/// Read how far a rebuild is
///
/// Of the rebuild at work (`chatlog rebuild`), or of the last one.
#[utoipa::path(
    get,
    path = "/v1/admin/rebuild",
    tag = "admin",
    responses((status = 200, description = "The rebuild, if there was any", body = RebuildAnswer), AdminProblems),
    security(("bearer" = [])),
)]
#[tracing::instrument(skip_all)]
async fn get_rebuild(State(state): State<QueryState>, _: Admin) -> Result<Json<RebuildAnswer>, Problem> {
    let rebuild = rebuild_status::current(&state.context().db).await?;
    Ok(Json(RebuildAnswer { rebuild: rebuild.map(RebuildProgress::from) }))
}

impl From<Rebuild> for RebuildProgress {
    fn from(rebuild: Rebuild) -> Self {
        Self {
            generation: rebuild.generation,
            state: rebuild.state.as_str(),
            phase: rebuild.phase,
            unit: rebuild.unit,
            done: rebuild.done,
            total: rebuild.total,
            per_second: rebuild.per_second,
            eta_seconds: rebuild.eta_seconds,
            began_at: rebuild.began_at.into(),
            phase_began_at: rebuild.phase_began_at.into(),
            updated_at: rebuild.updated_at.into(),
            ended_at: rebuild.ended_at.map(Timestamp::from),
            problem: rebuild.problem,
        }
    }
}
