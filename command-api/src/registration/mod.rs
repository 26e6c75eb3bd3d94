//! The sign-up as a choreography saga (DESIGN §5): what participants answer, what follows, and who is told.
//!
//! Nobody orchestrates. A sign-up reserves a name and an address and says so on `chat.users`; participants listen there
//! and answer on `chat.registrations`; the [`decider`] of whichever replica is first takes an answer in, once, and when
//! all have completed, one has failed or the [`deadline`] has passed, the account is registered or rejected in the
//! transaction that says so. [`saga`] knows the rules and nothing else; [`followers`] tells those who wait.

mod answers;
pub mod deadline;
pub mod decider;
mod events;
pub mod followers;
pub mod saga;
mod settle;
pub mod steps;
pub mod store;

use std::time::Duration;

use api_kit::ApiContext;
use api_kit::Problem;
use event_schema::{RegistrationId, Topic, UserId};
use http::StatusCode;
use read_model::Position;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::followers::Followers;
use self::saga::Status;

pub use self::settle::settle;
use self::steps::Steps;
use self::store::View;
use crate::state::App;

/// Between two looks whether an event has left the outbox.
const LOOK: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(100));

/// The sign-ups of this process. Cheap to clone.
#[derive(Clone)]
pub struct Registrations {
    /// Who has to complete.
    pub steps: Steps,
    /// How long they have.
    pub deadline: Duration,
    /// Who wants to know.
    pub followers: Followers,
}

impl Registrations {
    /// Takes answers in, and lets deadlines pass, until the process ends.
    #[must_use]
    pub fn start(context: &ApiContext, steps: Steps, deadline: Duration) -> Self {
        let lifecycle = &context.lifecycle;
        let (followers, tasks) = Followers::new(context);
        lifecycle.spawn("followers of registrations", tasks.run(lifecycle.soft()));
        let (context, told) = (context.clone(), followers.clone());
        let decider = |soft: CancellationToken| decider::run(context.clone(), told.clone(), soft);
        lifecycle.spawn("registrations", decider(lifecycle.soft()));
        lifecycle.spawn("deadlines of registrations", deadline::run(context.clone(), told.clone(), lifecycle.soft()));
        Self { steps, deadline, followers }
    }
}

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
        if view.status != Status::Pending {
            break view;
        }
        if tokio::time::timeout_at(until, follower.after(view.version)).await.is_err() {
            return Ok(Awaited::Pending);
        }
    };
    if view.status == Status::Rejected {
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
    let mut pause = LOOK.0;
    while store::is_on_its_way(&app.context.db, &key).await? {
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LOOK.1);
    }
    let partition = app.context.kafka.partition_for(Topic::Users, &key).await?;
    let end = app.context.kafka.end_offset(Topic::Users, partition).await?;
    Ok(Position::of(app.context.log_id, Topic::Users, partition, end))
}

fn rejected(view: &View) -> Problem {
    let reason = view.reason.as_deref().unwrap_or("rejected");
    let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "registration-rejected", "The sign-up was rejected")
        .reason(reason);
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
