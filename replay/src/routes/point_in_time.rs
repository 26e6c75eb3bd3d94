//! A room as it was at a time, and what became of it between two times.

use api_kit::extract::{Path, Query};
use api_kit::{Admin, Problem};
use axum::Json;
use axum::extract::State;
use event_schema::{RoomId, Timestamp};
use http::StatusCode;
use platform::audit::admin_action;
use platform::{log_explorer, outbox};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::OwnedSemaphorePermit;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::PastState;
use super::answer::{RoomAt, RoomDiff};
use super::params::{AtParams, DiffParams};
use crate::log_range::ReadError;
use crate::point_in_time::{Log, Past, PastError, room_at};
use crate::progress::PhaseProgress;

api_kit::documented_problems! {
    /// Looking back.
    PastProblems {
        "400": "`invalid-request` or `limit-exceeded`: a parameter is wrong; `field` names it",
        "401": "`unauthorized`: no valid token",
        "403": "`forbidden`: not an administrator",
        "404": "`not-found`: there was no such room at that time",
        "409": "`cannot-be-folded`: an event of the room cannot be read or folded; `detail` says which",
        "429": "`too-many-requests`: wait for `Retry-After`",
        "500": "`internal`",
        "503": "`unavailable`: somebody else looks back just now, or it takes longer than a request may; try again, or \
                use `chatlog room show`",
    }
}

pub(super) fn router() -> OpenApiRouter<PastState> {
    OpenApiRouter::default().routes(routes!(get_room_at)).routes(routes!(get_room_diff))
}

#[derive(Deserialize)]
struct RoomPath {
    room: RoomId,
}

/// Read a room as it was at a time
///
/// Folded from the log alone: facts, people and messages as members could read them then, before later edits and deletions.
/// Each look is an event in `chat.admin` (`room_looked_back`).
#[utoipa::path(
    get,
    path = "/v1/admin/rooms/{room}/at",
    tag = "admin",
    params(("room" = Uuid, Path, description = "The room"), AtParams),
    responses((status = 200, description = "The room as it was", body = RoomAt), PastProblems),
    security(("bearer" = [])),
)]
#[tracing::instrument(skip_all)]
async fn get_room_at(
    State(state): State<PastState>,
    admin: Admin,
    Path(RoomPath { room }): Path<RoomPath>,
    Query(params): Query<AtParams>,
) -> Result<Json<RoomAt>, Problem> {
    let (at, limit) = params.check(state.context.clock.now())?;
    let turn = state.turn()?;
    state.record_action(admin, "room_looked_back", room, json!({"at": at})).await?;
    let found = state.fold_until(turn, room, vec![at], move |pasts| match pasts {
        [past] => RoomAt::of(past, (room, at), limit),
        _ => Ok(None),
    });
    found.await?.map(Json).ok_or_else(|| Problem::not_found().detail("there was no such room at that time"))
}

/// Read what became of a room between two times
///
/// Folded from the log alone, twice. Each look is an event in `chat.admin` (`room_compared`).
#[utoipa::path(
    get,
    path = "/v1/admin/rooms/{room}/diff",
    tag = "admin",
    params(("room" = Uuid, Path, description = "The room"), DiffParams),
    responses((status = 200, description = "What became of the room", body = RoomDiff), PastProblems),
    security(("bearer" = [])),
)]
#[tracing::instrument(skip_all)]
async fn get_room_diff(
    State(state): State<PastState>,
    admin: Admin,
    Path(RoomPath { room }): Path<RoomPath>,
    Query(params): Query<DiffParams>,
) -> Result<Json<RoomDiff>, Problem> {
    let (from, to, limit) = params.check(state.context.clock.now())?;
    let turn = state.turn()?;
    state.record_action(admin, "room_compared", room, json!({"from": from, "to": to})).await?;
    let found = state.fold_until(turn, room, vec![from, to], move |pasts| match pasts {
        [earlier, later] => RoomDiff::of((earlier, later), room, (from, to), limit),
        _ => Ok(None),
    });
    found.await?.map(Json).ok_or_else(|| Problem::not_found().detail("there was no such room at that time"))
}

impl PastState {
    /// The right to look.
    fn turn(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let turn = std::sync::Arc::clone(&self.turns).try_acquire_owned();
        turn.map_err(|_| Problem::unavailable().detail("somebody else looks back just now").retry_after(5))
    }

    /// Tells the log who looks at what, before anything is read.
    async fn record_action(&self, admin: Admin, action: &str, room: RoomId, details: Value) -> Result<(), Problem> {
        let details = details.as_object().cloned().unwrap_or_default();
        let by = (&self.context.ids, &self.context.clock);
        let event = admin_action(by, admin.user_id, action, room.to_string(), details);
        let mut tx = self.context.db.begin().await?;
        outbox::insert(&mut tx, &[event]).await?;
        tx.commit().await?;
        self.context.outbox.wake();
        Ok(())
    }

    /// Folds the room up to each of these times, and makes the answer of it. It ends with the request; the turn lasts until it
    /// has ended.
    async fn fold_until<T: Send + 'static>(
        &self,
        turn: OwnedSemaphorePermit,
        room: RoomId,
        times: Vec<Timestamp>,
        answer: impl FnOnce(&[Past]) -> Result<T, PastError> + Send + 'static,
    ) -> Result<T, Problem> {
        let (stop, _guard) = log_explorer::while_wanted(&self.context.lifecycle.soft());
        let log = Log { kafka: self.context.kafka.clone(), scratch: self.scratch.to_path_buf(), stop };
        let looking = tokio::spawn(async move {
            let _turn = turn;
            let mut pasts = Vec::with_capacity(times.len());
            for at in times {
                pasts.push(room_at(&log, room, Some(at), &PhaseProgress::default()).await?);
            }
            // The rows lie in files.
            let answered = tokio::task::spawn_blocking(move || answer(&pasts));
            answered.await.map_err(|_| PastError::Panicked)?
        });
        Ok(looking.await.map_err(|_| PastError::Panicked)??)
    }
}

impl From<PastError> for Problem {
    fn from(error: PastError) -> Self {
        match error {
            PastError::Kafka(error) => error.into(),
            PastError::Read(ReadError::Record { .. }) => {
                Self::new(StatusCode::CONFLICT, "cannot-be-folded", "Room cannot be folded").detail(error.to_string())
            }
            PastError::Read(ReadError::Scratch(_)) | PastError::Panicked => Self::internal(error),
            PastError::Read(_) => {
                tracing::warn!(%error, "failed to fold the log for an administrator");
                Self::unavailable()
            }
        }
    }
}
