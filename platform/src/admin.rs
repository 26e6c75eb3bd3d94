//! Administrators: who they are follows from their account's row, as of at most a second ago, and what they do is told to
//! the log.

use axum::extract::{FromRef, FromRequestParts};
use event_schema::admin::ActionTaken;
use event_schema::topics::Key;
use event_schema::{CommandId, Event, EventId, UserId};
use http::request::Parts;
use serde_json::{Map, Value};

use crate::auth::Caller;
use crate::clock::{Clock, Ids};
use crate::platform::Platform;
use crate::problem::Problem;

/// Says who wrote the event of an act.
const SOURCE: &str = "/chatlog/admin";
const ADMIN: &str = "admin";

/// Somebody with the role `admin`, now.
#[derive(Clone, Copy, Debug)]
pub struct Admin {
    /// Who.
    pub user_id: UserId,
    /// And in which session.
    pub caller: Caller,
}

impl<S: Send + Sync> FromRequestParts<S> for Admin
where
    Platform: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let admin = Self { user_id: caller.user_id, caller };
        admin.check(&Platform::from_ref(state)).await?;
        Ok(admin)
    }
}

impl Admin {
    /// Refuses who is an administrator no more: for what goes on after the request was let in.
    pub async fn check(self, platform: &Platform) -> Result<(), Problem> {
        let standing = platform.access.standing(self.user_id).await?;
        if standing.is_some_and(|standing| standing.has_role(ADMIN)) {
            Ok(())
        } else {
            Err(Problem::forbidden().detail("only administrators do this"))
        }
    }
}

/// What an administrator does, as an event: for the outbox, in the transaction of the act.
#[must_use]
pub fn action(
    (ids, clock): (&Ids, &Clock),
    actor: UserId,
    action: &str,
    target: String,
    details: Map<String, Value>,
) -> Event {
    let payload = ActionTaken { action: action.to_owned(), target: Some(target), details };
    let (id, command) = (EventId(ids.v7()), CommandId(ids.v7()));
    let mut event = Event::by_platform(SOURCE, (id, command), clock.now(), Key::Id(actor.0), payload);
    event.envelope.actor = actor;
    event
}
