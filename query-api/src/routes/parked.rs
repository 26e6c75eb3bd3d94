//! Parked keys, for administrators: list, look, retry, drop.

use api_kit::extract::{Path, Query};
use api_kit::{Admin, Problem};
use axum::Json;
use axum::extract::State;
use event_schema::{EventId, Timestamp};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::page_of;
use crate::cursor;
use crate::openapi::{AdminProblems, MissingProblems};
use crate::params::{ParkedParams, after, limit};
use crate::parked::store::{self, EventRow, KeyRow};
use crate::parked::{ParkedError, Parking};
use crate::state::QueryState;

pub(super) fn router() -> OpenApiRouter<QueryState> {
    OpenApiRouter::default()
        .routes(routes!(list_parked))
        .routes(routes!(get_parked))
        .routes(routes!(retry_parked))
        .routes(routes!(drop_parked))
}

/// Keys of which events are set aside.
#[derive(Debug, Serialize, ToSchema)]
struct ParkedPage {
    /// The keys, in the order of their ids.
    items: Vec<ParkedKey>,
    /// There are more: `after` this cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A key of which events are set aside.
#[derive(Debug, Serialize, ToSchema)]
struct ParkedKey {
    /// A room, or a user.
    key: Uuid,
    /// Where its events are.
    topic: String,
    /// And in which partition.
    partition: i32,
    /// The offset of the first parked event.
    offset: i64,
    /// Since when it is parked.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// How many events wait.
    events: i64,
    /// Why the first cannot be processed; absent while it is being tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// The parked events of a key.
#[derive(Debug, Serialize, ToSchema)]
struct ParkedEvents {
    /// The events, in the log's order.
    items: Vec<ParkedEvent>,
    /// There are more: `after` this cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A parked event. What it says stands in the log, at its offset.
#[derive(Debug, Serialize, ToSchema)]
struct ParkedEvent {
    /// Where it is.
    topic: String,
    /// And in which partition.
    partition: i32,
    /// And at which offset.
    offset: i64,
    /// Its id.
    event_id: Uuid,
    /// Its type, with version.
    #[serde(rename = "type")]
    event_type: String,
    /// Why it cannot be processed; absent of its successors.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// When it was set aside.
    #[schema(value_type = String, format = DateTime)]
    parked_at: Timestamp,
}

/// What is to be given up.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DropBody {
    /// The first parked event, as a check; whichever stands first when absent.
    #[schema(value_type = Option<Uuid>)]
    event_id: Option<EventId>,
}

/// What was asked for.
#[derive(Debug, Serialize, ToSchema)]
struct Asked {
    /// About which key.
    key: Uuid,
    /// The event that is given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<Uuid>,
}

/// List parked keys
///
/// Keys of which an event could not be processed: it and its successors wait, everything else goes on.
#[utoipa::path(
    get,
    path = "/v1/admin/parked",
    tag = "admin",
    params(ParkedParams),
    responses((status = 200, description = "A page", body = ParkedPage), AdminProblems),
    security(("bearer" = [])),
)]
#[tracing::instrument(skip_all)]
async fn list_parked(
    State(state): State<QueryState>,
    _: Admin,
    Query(params): Query<ParkedParams>,
) -> Result<Json<ParkedPage>, Problem> {
    let limit = limit(params.limit.as_deref())?;
    let (key, topic) = after(params.after.as_deref(), cursor::parse_parked, (Uuid::nil(), String::new()))?;
    let mut db = state.context().read_model.pool().acquire().await?;
    let rows = store::keys(&mut db, (key, &topic), limit + 1).await?;
    let (rows, next) = page_of(rows, limit, |last| cursor::parked(last.key_id, &last.topic));
    Ok(Json(ParkedPage { items: rows.into_iter().map(ParkedKey::from).collect(), next }))
}

/// Read the parked events of a key
#[utoipa::path(
    get,
    path = "/v1/admin/parked/{key}",
    tag = "admin",
    params(("key" = Uuid, Path, description = "A room, or a user"), ParkedParams),
    responses((status = 200, description = "A page", body = ParkedEvents), AdminProblems, MissingProblems),
    security(("bearer" = [])),
)]
#[tracing::instrument(skip_all)]
async fn get_parked(
    State(state): State<QueryState>,
    _: Admin,
    Path(key): Path<Uuid>,
    Query(params): Query<ParkedParams>,
) -> Result<Json<ParkedEvents>, Problem> {
    let limit = limit(params.limit.as_deref())?;
    let (topic, offset) =
        after(params.after.as_deref(), |text| cursor::parse_parked_events(key, text), (String::new(), -1))?;
    let mut db = state.context().read_model.pool().acquire().await?;
    let rows = store::events(&mut db, key, (&topic, offset), limit + 1).await?;
    if rows.is_empty() && topic.is_empty() {
        return Err(ParkedError::NotParked(key).into());
    }
    let (rows, next) = page_of(rows, limit, |last| cursor::parked_events(key, &last.topic, last.at_offset));
    Ok(Json(ParkedEvents { items: rows.into_iter().map(ParkedEvent::from).collect(), next }))
}

/// Try parked events again
///
/// All of a key, in the log's order. What cannot be processed even now stays parked, and what comes after it.
#[utoipa::path(
    post,
    path = "/v1/admin/parked/{key}/retry",
    tag = "admin",
    params(("key" = Uuid, Path, description = "A room, or a user")),
    responses(
        (status = 202, description = "It is asked for, and done within a second if the projector runs", body = Asked),
        AdminProblems, MissingProblems,
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(skip_all)]
async fn retry_parked(
    State(state): State<QueryState>,
    admin: Admin,
    Path(key): Path<Uuid>,
) -> Result<(StatusCode, Json<Asked>), Problem> {
    parking(&state, admin).retry(key).await?;
    state.context().outbox.wake();
    Ok((StatusCode::ACCEPTED, Json(Asked { key, event_id: None })))
}

/// Give the first parked event of a room up
///
/// For ever: the log says so by `chat.room.event_dropped`, and every later fold leaves it out. Its successors are processed.
#[utoipa::path(
    post,
    path = "/v1/admin/parked/{key}/drop",
    tag = "admin",
    params(("key" = Uuid, Path, description = "A room")),
    request_body = DropBody,
    responses(
        (status = 202, description = "It is asked for, and done within a second if the projector runs", body = Asked),
        (status = 409, description = "`cannot-be-dropped`: another event stands first, or it is not of a room"),
        AdminProblems, MissingProblems,
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(skip_all)]
async fn drop_parked(
    State(state): State<QueryState>,
    admin: Admin,
    Path(key): Path<Uuid>,
    api_kit::extract::Json(body): api_kit::extract::Json<DropBody>,
) -> Result<(StatusCode, Json<Asked>), Problem> {
    let event = parking(&state, admin).drop(key, body.event_id).await?;
    state.context().outbox.wake();
    Ok((StatusCode::ACCEPTED, Json(Asked { key, event_id: Some(event.0) })))
}

fn parking(state: &QueryState, admin: Admin) -> Parking {
    let context = state.context();
    Parking::new(&context.db, (&context.ids, &context.clock), admin.user_id)
}

impl From<KeyRow> for ParkedKey {
    fn from(row: KeyRow) -> Self {
        Self {
            key: row.key_id,
            topic: row.topic,
            partition: row.partition,
            offset: row.first_offset,
            since: row.since.into(),
            events: row.events,
            reason: row.reason,
        }
    }
}

impl From<EventRow> for ParkedEvent {
    fn from(row: EventRow) -> Self {
        Self {
            topic: row.topic,
            partition: row.partition,
            offset: row.at_offset,
            event_id: row.event_id,
            event_type: row.event_type,
            reason: row.reason,
            parked_at: row.parked_at.into(),
        }
    }
}
