//! Sign-ups, for administrators: those under way and those that ended.

use api_kit::extract::Query;
use api_kit::{Admin, Problem};
use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use event_schema::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::page_of;
use crate::cursor;
use crate::openapi::AdminProblems;
use crate::params::{RegistrationsParams, after, limit};
use crate::state::QueryState;
use crate::store::registrations::{self, RegistrationRow, StepRow};

pub(super) fn router() -> OpenApiRouter<QueryState> {
    OpenApiRouter::default().routes(routes!(list_registrations))
}

/// Sign-ups.
#[derive(Debug, Serialize, ToSchema)]
struct RegistrationPage {
    /// The sign-ups, the latest first.
    items: Vec<RegistrationItem>,
    /// There are more: `after` this cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A sign-up.
#[derive(Debug, Serialize, ToSchema)]
struct RegistrationItem {
    /// Its id.
    registration_id: Uuid,
    /// The account that it is about; gone where it was rejected.
    user_id: Uuid,
    /// `pending`, `registered` or `rejected`.
    status: String,
    /// The step that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    failed_step: Option<String>,
    /// Why it was rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it is rejected, if nothing comes before.
    #[schema(value_type = String, format = DateTime)]
    deadline_at: Timestamp,
    /// When it was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    decided_at: Option<Timestamp>,
    /// Everybody whose part is needed, by name.
    steps: Vec<RegistrationStepItem>,
}

/// One part of a sign-up.
#[derive(Debug, Serialize, ToSchema)]
struct RegistrationStepItem {
    /// Whose it is.
    name: String,
    /// `pending`, `done`, `failed` or `undone`.
    status: String,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// When it was last heard of.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// List sign-ups
///
/// Those under way and those that ended, the latest first.
#[utoipa::path(
    get,
    path = "/v1/admin/registrations",
    tag = "admin",
    params(RegistrationsParams),
    responses((status = 200, description = "A page", body = RegistrationPage), AdminProblems),
    security(("bearer" = [])),
)]
#[tracing::instrument(skip_all)]
async fn list_registrations(
    State(state): State<QueryState>,
    _: Admin,
    Query(params): Query<RegistrationsParams>,
) -> Result<Json<RegistrationPage>, Problem> {
    let (limit, status) = (limit(params.limit.as_deref())?, params.status()?);
    let parse = |text: &str| cursor::parse_registrations(text).map(|(began, id)| (began.to_datetime(), id));
    let after = after(params.after.as_deref(), parse, (DateTime::<Utc>::MAX_UTC, Uuid::max()))?;
    let mut db = state.context().db.acquire().await?;
    let rows = registrations::page(&mut db, status, after, limit + 1).await?;
    let (rows, next) = page_of(rows, limit, |last| cursor::registrations(last.created_at.into(), last.registration_id));
    Ok(Json(RegistrationPage { items: rows.into_iter().map(RegistrationItem::from).collect(), next }))
}

impl From<RegistrationRow> for RegistrationItem {
    fn from(row: RegistrationRow) -> Self {
        Self {
            registration_id: row.registration_id,
            user_id: row.user_id,
            status: row.status,
            failed_step: row.failed_step,
            reason: row.reason,
            created_at: row.created_at.into(),
            deadline_at: row.deadline_at.into(),
            decided_at: row.decided_at.map(Into::into),
            steps: row.steps.0.into_iter().map(RegistrationStepItem::from).collect(),
        }
    }
}

impl From<StepRow> for RegistrationStepItem {
    fn from(row: StepRow) -> Self {
        Self { name: row.name, status: row.status, reason: row.reason, updated_at: row.updated_at.into() }
    }
}
