//! Following a sign-up: how it stands, and how it goes on. Whoever knows its id may; nothing in it is personal.

use std::convert::Infallible;
use std::time::Duration;

use api_kit::Problem;
use api_kit::extract::Path;
use api_kit::rate::RegistrationLook;
use axum::Json;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use event_schema::RegistrationId;
use futures::Stream;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::openapi::{AddressProblems, PathProblems, RegistrationProblems};
use crate::registration::saga::{self, SagaStatus};
use crate::registration::store::{self, View};
use crate::state::App;
use crate::validate::Invalid;

const LAST_EVENT_ID: &str = "last-event-id";
/// Proxies that collect an answer before they pass it on would keep a stream to themselves.
const BUFFERING: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
/// Proxies cut what is silent for longer.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long after a rejection the stream stays open for participants that have not answered yet: those that run undo within
/// a moment, and who is away may be away for days.
const AWAY: Duration = Duration::from_secs(10);
/// When Postgres is away, the stream says nothing and tries again.
const AGAIN: Duration = Duration::from_secs(1);

/// The routes.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get_registration)).routes(routes!(follow_registration))
}

#[derive(Deserialize)]
struct RegistrationPath {
    registration: RegistrationId,
}

/// A sign-up as it stands.
#[derive(Serialize, ToSchema)]
struct RegistrationState {
    /// `pending`; `registered`: the account may be used; `verified`: and its address is known to be right; `rejected`: there
    /// is no account.
    #[schema(example = "registered")]
    status: &'static str,
    /// Each part of it, by name.
    steps: Vec<StepState>,
    /// The step that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    failed_step: Option<String>,
    /// Why it was rejected: `step_failed`, `deadline`, or another word.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// One part of a sign-up.
#[derive(Serialize, ToSchema)]
struct StepState {
    /// Whose it is.
    #[schema(example = "profile")]
    name: String,
    /// `pending`, `done`, `failed` or `undone`.
    #[schema(example = "done")]
    status: &'static str,
    /// Why it failed, as a word of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl From<View> for RegistrationState {
    fn from(view: View) -> Self {
        let status =
            if view.status == SagaStatus::Registered && view.verified { "verified" } else { view.status.as_str() };
        let step = |step: saga::Step| StepState { name: step.name, status: step.status.as_str(), reason: step.reason };
        let steps = view.steps.into_iter().map(step).collect();
        Self { status, steps, failed_step: view.failed_step, reason: view.reason }
    }
}

/// Look how a sign-up stands
///
/// The id that `POST /v1/users` answered with is all that is needed.
#[utoipa::path(
    get,
    path = "/v1/registrations/{registration}",
    tag = "users",
    params(("registration" = Uuid, Path, description = "The sign-up")),
    responses(
        (status = 200, description = "How it stands", body = RegistrationState),
        PathProblems, AddressProblems, RegistrationProblems,
    ),
)]
async fn get_registration(
    State(app): State<App>,
    _: RegistrationLook,
    Path(path): Path<RegistrationPath>,
) -> Result<Json<RegistrationState>, Problem> {
    let view = store::view(&app.context.db, path.registration).await?.ok_or_else(Problem::not_found)?;
    Ok(Json(view.into()))
}

/// Follow a sign-up (server-sent events)
///
/// Events named `registration` have the same JSON as the plain look: first how it stands, then every change. After the last
/// one (it is registered, or it is rejected and everything is undone) comes `end`, and the stream closes; a participant that
/// has not answered within ten seconds of the rejection is not waited for. A client that comes again with `Last-Event-ID`
/// gets what is newer; 204 where nothing more will come.
#[utoipa::path(
    get,
    path = "/v1/registrations/{registration}/events",
    tag = "users",
    params(
        ("registration" = Uuid, Path, description = "The sign-up"),
        ("Last-Event-ID" = Option<i64>, Header, description = "The id of the last event that the client has"),
    ),
    responses(
        (status = 200, description = "The stream", body = String, content_type = "text/event-stream"),
        (status = 204, description = "The client knows how it ended"),
        PathProblems, AddressProblems, RegistrationProblems,
    ),
)]
async fn follow_registration(
    State(app): State<App>,
    _: RegistrationLook,
    Path(path): Path<RegistrationPath>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let known = last_event_id(&headers)?;
    let id = path.registration;
    let follower = app.registrations.followers.follow(id)?;
    let view = store::view(&app.context.db, id).await?.ok_or_else(Problem::not_found)?;
    // A version that is not there yet was not given by this platform.
    let known = known.filter(|known| *known <= view.version).unwrap_or(0);
    if known == view.version && is_last(&app, &view) {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let follow = Follow { app, id, follower, known };
    let stream = Sse::new(follow.events(view)).keep_alive(KeepAlive::new().interval(HEARTBEAT));
    Ok(([BUFFERING], stream).into_response())
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<i64>, Invalid> {
    let Some(value) = headers.get(LAST_EVENT_ID).filter(|value| !value.is_empty()) else { return Ok(None) };
    let id = value.to_str().ok().and_then(|text| text.parse().ok()).filter(|id| *id >= 0);
    id.map(Some).ok_or_else(|| Invalid::new("Last-Event-ID", "is not the id of an event"))
}

/// How long participants that have not answered are still waited for; nothing where it is not rejected.
fn left(app: &App, view: &View) -> Duration {
    let Some(decided) = view.decided_at.filter(|_| view.status == SagaStatus::Rejected) else { return Duration::ZERO };
    let passed = app.context.clock.now().as_micros().saturating_sub(decided.as_micros());
    AWAY.saturating_sub(Duration::from_micros(u64::try_from(passed).unwrap_or(0)))
}

fn is_last(app: &App, view: &View) -> bool {
    saga::is_final(view.status, &view.steps, left(app, view).is_zero())
}

struct Follow {
    app: App,
    id: RegistrationId,
    follower: crate::registration::followers::Follower,
    /// What the client has.
    known: i64,
}

impl Follow {
    fn events(mut self, first: View) -> impl Stream<Item = Result<Event, Infallible>> + Send + 'static {
        let soft = self.app.context.lifecycle.soft();
        async_stream::stream! {
            let mut view = first;
            loop {
                let (last, left) = (is_last(&self.app, &view), left(&self.app, &view));
                if view.version > self.known {
                    self.known = view.version;
                    yield Ok(event(view));
                }
                if last {
                    yield Ok(Event::default().event("end").data("{}"));
                    return;
                }
                // Without an end: the client comes again, to another process.
                let next = tokio::select! {
                    () = soft.cancelled() => return,
                    next = self.next(left) => next,
                };
                let Some(next) = next else { return };
                view = next;
            }
        }
    }

    /// The next state, or the same again when so much time has passed (if it is any); `None` if there is none any more.
    async fn next(&mut self, within: Duration) -> Option<View> {
        let newer = self.follower.after(self.known);
        if within.is_zero() {
            newer.await;
        } else {
            let _ = tokio::time::timeout(within, newer).await;
        }
        loop {
            match store::view(&self.app.context.db, self.id).await {
                Ok(view) => return view,
                Err(error) => {
                    tracing::debug!(%error, "a registration cannot be read");
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
    }
}

fn event(view: View) -> Event {
    let id = view.version.to_string();
    let event = Event::default().id(id).event("registration");
    // Words and names have a JSON form.
    serde_json::to_string(&RegistrationState::from(view)).map_or(Event::default(), |json| event.data(json))
}
