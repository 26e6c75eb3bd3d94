//! Friends: put into one's list, and taken out of it.

use api_kit::extract::Path;
use api_kit::{Caller, Problem};
use axum::extract::State;
use event_schema::UserId;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::accounts::account_command::PersonAccepted;
use crate::accounts::friends;
use crate::answer::CommandAnswer;
use crate::command::{Command, CommandHeaders};
use crate::openapi::{CallerProblems, CommandProblems, PathProblems, PersonProblems};
use crate::routes::command_params::CommandParams;
use crate::state::App;

const PUT: &str = "PUT /v1/friends/{user}";
const DELETE: &str = "DELETE /v1/friends/{user}";

/// The routes.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(add_friend, remove_friend))
}

#[derive(Clone, Copy, Deserialize)]
struct Friend {
    user: UserId,
}

/// Add a friend
///
/// To the caller's own list. Friends are mutual once each has added the other; until then the other finds the caller among
/// those who have added them (`GET /v1/friends?incoming=true`).
#[utoipa::path(
    put,
    path = "/v1/friends/{user}",
    tag = "people",
    operation_id = "add_friend",
    params(
        ("user" = Uuid, Path, description = "Whom it is about"),
        CommandParams,
    ),
    responses(
        (status = 202, description = "It is kept, and on its way; or it was so already", body = PersonAccepted),
        (status = 200, description = "It is done (`Prefer: wait`)", body = PersonAccepted),
        PathProblems, CallerProblems, PersonProblems,
    ),
    security(("bearer" = [])),
)]
async fn add_friend(
    State(app): State<App>,
    caller: Caller,
    headers: CommandHeaders,
    Path(friend): Path<Friend>,
) -> Result<CommandAnswer, Problem> {
    let caller = caller.user_id;
    let work = async |command: &Command, ()| {
        friends::add(&app, (&headers, command), caller, friend.user).await?.answer(friend.user)
    };
    app.run_command((&headers, caller), (PUT, friend.user), (), work).await
}

/// Remove a friend
///
/// From the caller's own list; the caller stays in the other's.
#[utoipa::path(
    delete,
    path = "/v1/friends/{user}",
    tag = "people",
    operation_id = "remove_friend",
    params(
        ("user" = Uuid, Path, description = "Whom it is about"),
        CommandParams,
    ),
    responses(
        (status = 202, description = "It is kept, and on its way; or it was so already", body = PersonAccepted),
        (status = 200, description = "It is done (`Prefer: wait`)", body = PersonAccepted),
        PathProblems, CallerProblems, CommandProblems,
    ),
    security(("bearer" = [])),
)]
async fn remove_friend(
    State(app): State<App>,
    caller: Caller,
    headers: CommandHeaders,
    Path(friend): Path<Friend>,
) -> Result<CommandAnswer, Problem> {
    let caller = caller.user_id;
    let work = async |command: &Command, ()| {
        friends::remove(&app, (&headers, command), caller, friend.user).await?.answer(friend.user)
    };
    app.run_command((&headers, caller), (DELETE, friend.user), (), work).await
}
