//! The log as it grows, for administrators, as server-sent events.
//!
//! The next record is taken from Kafka when the client has taken the one before: a slow client is behind in the log, which is
//! the buffer, and one that takes nothing at all is cut by the server. Whoever is no administrator any more, or whose session
//! is over, is cut within a second; nobody watches longer than a token lives.

use std::convert::Infallible;
use std::time::Duration;

use api_kit::admission::Admitted;
use api_kit::extract::{Query, invalid};
use api_kit::{Admin, Problem, SessionWatch};
use axum::extract::State;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderName, HeaderValue};
use platform::log_explorer::{LogRecord, Tail};
use serde::Serialize;
use tokio::time::Instant;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::events::TailParams;
use crate::openapi::AdminProblems;
use crate::state::QueryState;

/// A stream ends after so long, as an access token does.
const LIFE: Duration = Duration::from_mins(10);
/// How often it is asked whether the client is an administrator still.
const LOOK: Duration = Duration::from_secs(1);
/// After so long without a word, one is said.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// Records that are not asked for, before others have their turn.
const STRIDE: u32 = 100;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

pub(super) fn router() -> OpenApiRouter<QueryState> {
    OpenApiRouter::default().routes(routes!(tail_events))
}

/// The last event of a stream.
#[derive(Debug, Serialize)]
struct TailEnd {
    /// Why it ends: `shutdown`, `expired` (ten minutes are over), or the last word of a problem's type.
    reason: String,
}

/// A stream that is open.
struct Watching {
    tail: Tail,
    state: QueryState,
    admin: Admin,
    session: SessionWatch,
    until: Instant,
    next_look: Instant,
    /// When the client was told last where it is.
    told: Option<Instant>,
    ended: bool,
    _leave: Admitted,
}

/// What happens next on a stream.
enum Step {
    Record(Box<LogRecord>),
    Heartbeat,
    End(String),
}

/// Watch the log
///
/// Server-sent events: `record` with what `GET /v1/admin/events` has in `items`, and at last `end` with a `reason`. At least
/// every ten seconds an `id` (and a comment) says where the stream stands; sent as `Last-Event-ID`, with the same filters, it
/// goes on there, and may repeat the records of the last second. A stream lasts ten minutes at most.
#[utoipa::path(
    get,
    path = "/v1/admin/events/tail",
    tag = "admin",
    params(
        TailParams,
        ("Last-Event-ID" = Option<String>, Header, description = "Go on where an earlier stream was"),
    ),
    responses(
        (status = 200, description = "A stream of server-sent events", body = String, content_type = "text/event-stream"),
        AdminProblems,
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(skip_all)]
async fn tail_events(
    State(state): State<QueryState>,
    admin: Admin,
    Query(params): Query<TailParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let last = headers.get(LAST_EVENT_ID).map(|value| value.to_str().unwrap_or_default()).filter(|id| !id.is_empty());
    let kafka = &state.context().kafka;
    let (filter, start) = params.check(kafka, last)?;
    let leave = state.tails().enter(admin.user_id)?;
    let tail = Tail::open(kafka, &filter, start).await;
    let tail = tail.map_err(|error| match error {
        platform::log_explorer::ExploreError::Cursor if last.is_some() => invalid("Last-Event-ID", error),
        other => other.into(),
    })?;
    let session = state.context().access.watch(&admin.caller).await;
    let now = Instant::now();
    let watching = Watching {
        tail,
        admin,
        session,
        until: now + LIFE,
        next_look: now + LOOK,
        told: None,
        ended: false,
        _leave: leave,
        state: state.clone(),
    };
    let events = futures::stream::unfold(watching, |watching| async move { watching.go_on().await });
    let mut response = Sse::new(events).into_response();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies that collect answers would hold the events back.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

impl Watching {
    /// The next event. Called when the client has taken those before.
    async fn go_on(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        if self.ended {
            return None;
        }
        // The first word says where the stream begins: what is written from now on is in it.
        let step = if self.told.is_none() { Step::Heartbeat } else { self.step().await };
        let event = match step {
            Step::Record(shown) => {
                let event = Event::default().event("record").data(shown.to_json().unwrap_or_default());
                if self.told.is_some_and(|told| told.elapsed() < LOOK) { event } else { self.told_in(event) }
            }
            Step::Heartbeat => self.told_in(Event::default().comment("here")),
            Step::End(reason) => {
                self.ended = true;
                let end = serde_json::to_string(&TailEnd { reason }).unwrap_or_default();
                self.told_in(Event::default().event("end").data(end))
            }
        };
        Some((Ok(event), self))
    }

    /// With the place where the stream stands.
    fn told_in(&mut self, event: Event) -> Event {
        self.told = Some(Instant::now());
        event.id(self.tail.cursor())
    }

    async fn step(&mut self) -> Step {
        let stop = self.state.context().lifecycle.soft();
        let mut passed = 0_u32;
        loop {
            let found = tokio::select! {
                // Who may not watch any more is shown nothing more, however much there is.
                biased;
                () = stop.cancelled() => return Step::End("shutdown".to_owned()),
                () = self.session.ended() => return Step::End(Problem::unauthorized().slug().to_owned()),
                () = tokio::time::sleep_until(self.next_look) => {
                    match self.next_step().await {
                        Some(ended) => return ended,
                        None => continue,
                    }
                }
                found = self.tail.next() => found,
            };
            match found {
                Ok(Some(shown)) => return Step::Record(Box::new(shown)),
                Ok(None) => {
                    passed = passed.wrapping_add(1);
                    if passed.is_multiple_of(STRIDE) {
                        tokio::task::yield_now().await;
                    }
                }
                Err(error) => return Step::End(Problem::from(error).slug().to_owned()),
            }
        }
    }

    /// What the clock says.
    async fn next_step(&mut self) -> Option<Step> {
        self.next_look = Instant::now() + LOOK;
        if self.until <= Instant::now() {
            return Some(Step::End("expired".to_owned()));
        }
        if let Err(problem) = self.admin.check(self.state.context()).await {
            return Some(Step::End(problem.slug().to_owned()));
        }
        self.told.is_none_or(|told| told.elapsed() >= HEARTBEAT).then_some(Step::Heartbeat)
    }
}
