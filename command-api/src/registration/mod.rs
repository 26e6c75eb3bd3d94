//! The sign-up as a choreography saga: what participants answer, what follows, and who is told.
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
pub mod wait;

use std::time::Duration;

use api_kit::ApiContext;
use tokio_util::sync::CancellationToken;

use self::followers::Followers;

pub use self::settle::settle;
use self::steps::Steps;

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
        let deadlines = deadline::run(context.clone(), told.clone(), deadline, lifecycle.soft());
        lifecycle.spawn("deadlines of registrations", deadlines);
        Self { steps, deadline, followers }
    }
}
