//! Friends: everybody has a list of their own, and who stands in each other's are friends mutually.
//!
//! An entry is a directed edge, written by its owner's events alone; nobody has to agree to be in somebody's list, and
//! nobody else removes it. How many there may be is looked at here: the fold does not count, so that of commands that come at
//! the same moment one or another may go beyond the limit.

use api_kit::Problem;
use event_schema::rejection::Reason;
use event_schema::user::{FriendAdded, FriendRemoved};
use event_schema::{Payload, Topic, UserId, limits};
use http::StatusCode;

use super::account_command::{self, AccountCommandResult};
use crate::command::{Command, CommandHeaders};
use crate::refusal::rejected;
use crate::state::App;
use crate::store::{people, rooms};

/// What somebody's list says of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct View {
    is_friend: bool,
    is_full: bool,
}

/// Puts somebody into the caller's list.
pub async fn add(
    app: &App,
    headers: (&CommandHeaders, &Command),
    caller: UserId,
    friend: UserId,
) -> Result<AccountCommandResult, Problem> {
    if caller == friend {
        return Err(rejected(Reason::OwnFriend.as_str()));
    }
    if !exists(app, caller, friend).await? {
        return Err(Problem::not_found().detail("There is no such person.").field("user"));
    }
    let mut view = load(app, caller, friend).await?;
    if view.is_friend || view.is_full {
        app.read_consistency.keys(&app.context, caller, Topic::Users, [caller.to_string()]).await?;
        view = load(app, caller, friend).await?;
    }
    if view.is_full && !view.is_friend {
        return Err(too_many());
    }
    change(app, headers, caller, view.is_friend, FriendAdded { friend_id: friend }).await
}

/// Takes somebody out of the caller's list.
pub async fn remove(
    app: &App,
    headers: (&CommandHeaders, &Command),
    caller: UserId,
    friend: UserId,
) -> Result<AccountCommandResult, Problem> {
    let mut view = load(app, caller, friend).await?;
    if !view.is_friend {
        app.read_consistency.keys(&app.context, caller, Topic::Users, [caller.to_string()]).await?;
        view = load(app, caller, friend).await?;
    }
    change(app, headers, caller, !view.is_friend, FriendRemoved { friend_id: friend }).await
}

/// Tells it, unless it is so already and nothing that is on its way can change that.
async fn change(
    app: &App,
    headers: (&CommandHeaders, &Command),
    caller: UserId,
    is_so: bool,
    payload: impl Into<Payload>,
) -> Result<AccountCommandResult, Problem> {
    account_command::run(app, headers, caller, &[Reason::Unchanged], async |tx, _| {
        let settled = is_so && !people::is_queued(tx, &caller.to_string()).await?;
        Ok(if settled { Vec::new() } else { vec![(caller.into(), payload.into())] })
    })
    .await
}

async fn load(app: &App, caller: UserId, friend: UserId) -> Result<View, sqlx::Error> {
    let (is_friend, friends) = people::friend(&app.context.read_model.pool(), caller, friend, limits::FRIENDS).await?;
    Ok(View { is_friend, is_full: friends >= limits::FRIENDS })
}

/// Whether somebody is there to be a friend: an account that was not closed, or somebody whom only the log knows.
async fn exists(app: &App, caller: UserId, friend: UserId) -> Result<bool, Problem> {
    if let Some(status) = people::status(&app.context.db, friend).await? {
        return Ok(matches!(status.as_str(), "registered" | "verified" | "suspended"));
    }
    let known = async || rooms::known_users(&app.context.read_model.pool(), &[friend.0]).await;
    if !known().await?.is_empty() {
        return Ok(true);
    }
    app.read_consistency.keys(&app.context, caller, Topic::Users, [friend.to_string()]).await?;
    Ok(!known().await?.is_empty())
}

fn too_many() -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "limit-exceeded", "Limit exceeded")
        .detail(format!("A list of friends holds at most {} people.", limits::FRIENDS))
        .field("user")
        .limit(limits::FRIENDS as u64)
}
