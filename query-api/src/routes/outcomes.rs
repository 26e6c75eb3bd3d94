//! What became of a command.

use api_kit::extract::{Query, invalid};
use api_kit::{Caller, Problem};
use axum::Json;
use axum::extract::State;
use event_schema::{EventType, Topic};
use read_model::Position;
use read_model::outcomes::{self, OutcomeRow};
use read_model::parked::is_event_parked;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::log_reader::{Heading, RecordAddress};
use crate::openapi::{MissingProblems, ReadProblems};
use crate::params::OutcomeParams;
use crate::parked::store as parked;
use crate::state::QueryState;

pub(super) fn router() -> OpenApiRouter<QueryState> {
    OpenApiRouter::default().routes(routes!(get_outcome))
}

/// What became of a command.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Outcome)]
struct OutcomeAnswer {
    /// What the fold said.
    outcome: OutcomeWord,
    /// Why it was rejected: a word of the list in `docs/errors.md`.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The seq of the message that was posted.
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<i64>,
    /// The rev that it got; absent where none are counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    rev: Option<i64>,
}

/// What the fold said of an event. A command that was repeated under its key has the outcome of the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Verdict)]
enum OutcomeWord {
    /// It counts.
    Applied,
    /// It does not count, for the `reason` given.
    Rejected,
    /// What it asked for was there already.
    Duplicate,
    /// The fold has not come to it yet: ask again.
    Pending,
}

/// Read what became of a command
///
/// For the position that a command was answered with, and for whoever sent it alone. Waits a second for the fold.
#[utoipa::path(
    get,
    path = "/v1/outcomes",
    tag = "outcomes",
    params(OutcomeParams),
    responses(
        (status = 200, description = "The outcome", body = OutcomeAnswer),
        ReadProblems, MissingProblems,
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(skip_all)]
async fn get_outcome(
    State(state): State<QueryState>,
    caller: Caller,
    Query(OutcomeParams { position }): Query<OutcomeParams>,
) -> Result<Json<OutcomeAnswer>, Problem> {
    let position: Position = position.parse().map_err(|error| invalid("position", format!("is {error}")))?;
    let place = place(&state, &position).await?;
    let heading = {
        let _waiter = state.read_consistency().ask_log(caller.user_id)?;
        state.log_reader().heading(place).await?
    };
    let heading = heading.filter(|heading| heading.actor == caller.user_id).ok_or_else(Problem::not_found)?;
    let mut db = match state.read_consistency().at_least(caller.user_id, Some(&position)).await {
        Ok(db) => db,
        Err(problem) if problem.slug() == "behind" => return Ok(Json(OutcomeAnswer::of(OutcomeWord::Pending))),
        Err(problem) => return Err(problem),
    };
    let found = outcomes::event_outcome(&mut *db, heading.key, heading.id).await?;
    if found.is_none() {
        if is_event_parked(&mut *db, heading.key, heading.id).await? {
            return Ok(Json(OutcomeAnswer::of(OutcomeWord::Pending)));
        }
        if parked::is_given_up(&mut db, heading.key, heading.id).await? {
            let reason = Some("dropped".to_owned());
            return Ok(Json(OutcomeAnswer { reason, ..OutcomeAnswer::of(OutcomeWord::Rejected) }));
        }
    }
    Ok(Json(OutcomeAnswer::new(heading, found)))
}

/// The place of the one record that a position stands behind, within the log.
async fn place(state: &QueryState, position: &Position) -> Result<RecordAddress, Problem> {
    let context = state.context();
    if position.log != context.log_id {
        return Err(Problem::other_log());
    }
    let mut places = position.offsets.iter();
    let (Some((&(topic, partition), &next)), None) = (places.next(), places.next()) else {
        return Err(invalid("position", "stands for several events: use the one that the command was answered with"));
    };
    if !Topic::PROJECTED.contains(&topic) {
        return Err(Problem::not_found());
    }
    // Numbers that a client made up must not reach the brokers.
    if !(0..context.kafka.partitions(topic).await?).contains(&partition) {
        return Err(Problem::beyond_end());
    }
    let reached = context.read_model.progress.reached(topic, partition).is_some_and(|reached| reached >= next);
    if !reached && context.kafka.end_offset(topic, partition).await? < next {
        return Err(Problem::beyond_end());
    }
    match next.checked_sub(1) {
        Some(offset @ 0..) => Ok((topic, partition, offset)),
        _ => Err(Problem::not_found()),
    }
}

impl OutcomeAnswer {
    fn of(outcome: OutcomeWord) -> Self {
        Self { outcome, reason: None, seq: None, rev: None }
    }

    /// The answer for an event that is folded.
    fn new(heading: Heading, found: Option<OutcomeRow>) -> Self {
        match found {
            Some(OutcomeRow { reason: Some(reason), .. }) => {
                Self { reason: Some(reason), ..Self::of(OutcomeWord::Rejected) }
            }
            // The aggregates' first rev is 1: 0 says that none are counted.
            Some(OutcomeRow { rev, seq, .. }) => {
                Self { rev: rev.filter(|rev| *rev > 0), seq, ..Self::of(OutcomeWord::Applied) }
            }
            None => match heading.event_type {
                // The maximum wins: every receipt that is not rejected counts.
                EventType::ReadUpTo => Self::of(OutcomeWord::Applied),
                // A direct room is opened once; its creation is its first rev.
                EventType::RoomCreated => Self { rev: Some(1), ..Self::of(OutcomeWord::Duplicate) },
                // Set aside: it may be folded later.
                _ => Self::of(OutcomeWord::Pending),
            },
        }
    }
}
