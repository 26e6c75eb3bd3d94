//! Mails, for administrators: those on their way, those that could not be sent, and those of the past.

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
use crate::params::{MailsParams, after, limit};
use crate::state::QueryState;
use crate::store::mails::{self, MailRow};

pub(super) fn router() -> OpenApiRouter<QueryState> {
    OpenApiRouter::default().routes(routes!(list_mails))
}

/// Mails.
#[derive(Debug, Serialize, ToSchema)]
struct MailPage {
    /// The mails, the latest first.
    items: Vec<MailItem>,
    /// There are more: `after` this cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A mail. Its address is the account's, and not told here.
#[derive(Debug, Serialize, ToSchema)]
struct MailItem {
    /// The request for it.
    request_id: Uuid,
    /// Whom it is for.
    user_id: Uuid,
    /// Which mail: `verify`, `reset` and so on.
    template: String,
    /// In which language (BCP 47).
    locale: String,
    /// `waiting`, `sending`, `sent`, `parked` (not taken; an administrator may have it sent again) or `dropped` (not to be
    /// sent any more).
    status: String,
    /// Answers and silences of mail servers since it was asked for, or asked for again.
    attempts: i32,
    /// Why it waits, is parked or was dropped: a stable word.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// When it was asked for.
    #[schema(value_type = String, format = DateTime)]
    requested_at: Timestamp,
    /// When it is tried next, while it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    due_at: Option<Timestamp>,
    /// When it came to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    done_at: Option<Timestamp>,
}

/// List mails
///
/// Those on their way and those that ended, the latest first.
#[utoipa::path(
    get,
    path = "/v1/admin/mails",
    tag = "admin",
    params(MailsParams),
    responses((status = 200, description = "A page", body = MailPage), AdminProblems),
    security(("bearer" = [])),
)]
#[tracing::instrument(skip_all)]
async fn list_mails(
    State(state): State<QueryState>,
    _: Admin,
    Query(params): Query<MailsParams>,
) -> Result<Json<MailPage>, Problem> {
    let (limit, status) = (limit(params.limit.as_deref())?, params.status()?);
    let parse = |text: &str| cursor::parse_mails(text).map(|(requested, id)| (requested.to_datetime(), id));
    let after = after(params.after.as_deref(), parse, (DateTime::<Utc>::MAX_UTC, Uuid::max()))?;
    let mut db = state.context().db.acquire().await?;
    let rows = mails::page(&mut db, status, after, limit + 1).await?;
    let (rows, next) = page_of(rows, limit, |last| cursor::mails(last.requested_at.into(), last.request_id));
    Ok(Json(MailPage { items: rows.into_iter().map(MailItem::from).collect(), next }))
}

impl From<MailRow> for MailItem {
    fn from(row: MailRow) -> Self {
        let waits = row.status == "waiting";
        Self {
            request_id: row.request_id,
            user_id: row.user_id,
            template: row.template,
            locale: row.locale,
            status: row.status,
            attempts: row.attempts,
            reason: row.reason,
            requested_at: row.requested_at.into(),
            due_at: waits.then(|| row.due_at.into()),
            done_at: row.done_at.map(Into::into),
        }
    }
}
