//! Waiting for the decision about a sign-up.

use std::time::Duration;

use api_kit::Problem;
use event_schema::{RegistrationId, Topic, UserId};
use http::StatusCode;
use read_model::Position;
use tokio::time::Instant;

use super::saga::SagaStatus;
use super::store::{self, View};
use crate::state::App;

/// Pauses between two looks whether an event has left the outbox: the first, and the longest.
const POLL: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(100));

/// How a sign-up stands for whoever waited for it.
#[derive(Clone, Debug)]
pub enum Awaited {
    /// Nothing is decided yet.
    Pending,
    /// The account may be used; the position that includes it, where it could be told in time.
    Registered(Option<Position>),
}

/// Waits for the decision about a sign-up, and then for the fold, at most so long. A rejection is a problem.
pub async fn decided(app: &App, id: RegistrationId, user: UserId, wait: Duration) -> Result<Awaited, Problem> {
    let until = Instant::now() + wait;
    let mut follower = app.registrations.followers.follow(id)?;
    let view = loop {
        let view = store::view(&app.context.db, id).await?.ok_or_else(|| Problem::internal("no registration"))?;
        if view.status != SagaStatus::Pending {
            break view;
        }
        if tokio::time::timeout_at(until, follower.after(view.version)).await.is_err() {
            return Ok(Awaited::Pending);
        }
    };
    if view.status == SagaStatus::Rejected {
        return Err(rejected(&view));
    }
    let Ok(position) = tokio::time::timeout_at(until, position_after(app, user)).await else {
        return Ok(Awaited::Registered(None));
    };
    let position = position?;
    app.folded(&position, Some(until.saturating_duration_since(Instant::now()))).await;
    Ok(Awaited::Registered(Some(position)))
}

/// A position that includes everything that is committed about a user: what has left the outbox is in the log.
async fn position_after(app: &App, user: UserId) -> Result<Position, Problem> {
    let key = user.to_string();
    let mut pause = POLL.0;
    while store::is_on_its_way(&app.context.db, &key).await? {
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(POLL.1);
    }
    let partition = app.context.kafka.partition_for(Topic::Users, &key).await?;
    let end = app.context.kafka.end_offset(Topic::Users, partition).await?;
    Ok(Position::of(app.context.log_id, Topic::Users, partition, end))
}

fn rejected(view: &View) -> Problem {
    let reason = view.reason.as_deref().unwrap_or("rejected");
    let problem =
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "registration-rejected", "Sign-up rejected").reason(reason);
    match &view.failed_step {
        Some(step) => {
            let why = view.steps.iter().find(|it| &it.name == step).and_then(|it| it.reason.as_deref());
            let why = why.map(|why| format!(": {why}")).unwrap_or_default();
            problem
                .step(step)
                .detail(format!("The step `{step}` failed{why}. The name and the address are free again."))
        }
        None => problem.detail("Not every step was done in time. The name and the address are free again."),
    }
}
