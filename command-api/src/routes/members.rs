//! Members: joining, inviting, roles, leaving, removing.

use api_kit::extract::Path;
use api_kit::{Caller, Problem};
use axum::extract::State;
use event_schema::rejection::Reason;
use event_schema::room::Role;
use event_schema::{Payload, RoomId, UserId};
use http::StatusCode;
use read_model::Position;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::body::{self, OptionalJson};
use crate::answer::CommandAnswer;
use crate::command::{Command, CommandHeaders};
use crate::command_handler::{self, CommandResult, RoomCommand};
use crate::decide::{Decision, members};
use crate::openapi::{BodyProblems, CallerProblems, CommandProblems, PathProblems, RoomProblems};
use crate::people;
use crate::routes::command_params::CommandParams;
use crate::state::App;

const PUT: &str = "PUT /v1/rooms/{room}/members/{user}";
const DELETE: &str = "DELETE /v1/rooms/{room}/members/{user}";

/// The routes.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(put, remove))
}

/// What a member should be.
#[derive(Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PutMember {
    /// The role to invite with (`member`, unless given), or to give to a member.
    #[schema(schema_with = body::role)]
    role: Option<Role>,
}

/// A command about a member.
#[derive(Serialize, ToSchema)]
struct MemberAccepted {
    /// Which room.
    room_id: Uuid,
    /// Whom it is about.
    user_id: Uuid,
    /// The position that includes it.
    #[schema(value_type = String)]
    position: Position,
    /// The rev that it got, if the answer waited for the fold.
    #[serde(skip_serializing_if = "Option::is_none")]
    rev: Option<i64>,
}

#[derive(Clone, Copy, Deserialize)]
struct MemberPath {
    room: RoomId,
    user: UserId,
}

impl MemberPath {
    fn target(self) -> String {
        format!("{}/{}", self.room, self.user)
    }

    fn act(self, caller: UserId, so_already: &'static [Reason]) -> RoomCommand<'static> {
        let other = (self.user != caller).then_some(self.user);
        RoomCommand { caller, room: self.room, other, about: None, so_already }
    }

    fn accepted(self, done: CommandResult) -> Result<CommandAnswer, Problem> {
        let body = MemberAccepted {
            room_id: self.room.0,
            user_id: self.user.0,
            rev: done.rev.filter(|_| done.folded),
            position: done.position,
        };
        if done.folded { CommandAnswer::applied(StatusCode::OK, &body) } else { CommandAnswer::accepted(&body) }
    }
}

/// Join, invite, or change a role
///
/// For oneself: joins an open room, or one that one is invited to. For others: invites them; who is a member already gets
/// the role, if one is given.
#[utoipa::path(
    put,
    path = "/v1/rooms/{room}/members/{user}",
    tag = "rooms",
    operation_id = "put_member",
    params(
        ("room" = Uuid, Path, description = "Which room"),
        ("user" = Uuid, Path, description = "Whom it is about"),
        CommandParams,
    ),
    request_body = Option<PutMember>,
    responses(
        (status = 202, description = "The log has it, or it was so already", body = MemberAccepted),
        (status = 200, description = "It is done (`Prefer: wait`)", body = MemberAccepted),
        BodyProblems, CallerProblems, CommandProblems, RoomProblems,
    ),
    security(("bearer" = [])),
)]
async fn put(
    State(app): State<App>,
    caller: Caller,
    headers: CommandHeaders,
    Path(place): Path<MemberPath>,
    OptionalJson(body): OptionalJson<PutMember>,
) -> Result<CommandAnswer, Problem> {
    let caller = caller.user_id;
    let work = async |command: &Command, body: PutMember| {
        let decide = |view: Option<&_>, _: Option<&_>| members::put(view, caller, place.user, body.role);
        let exists = async |decision: &mut Decision| match decision {
            Decision::Emit(Payload::MemberInvited(_)) => {
                let unknown = people::first_unknown(&app, caller, &[place.user]).await?;
                unknown.map_or(Ok(()), |_| Err(Problem::not_found().detail("There is no such person.").field("user")))
            }
            _ => Ok(()),
        };
        let act = place.act(caller, &[Reason::AlreadyMember, Reason::Unchanged]);
        place.accepted(command_handler::run(&app, (&headers, command), act, decide, exists).await?)
    };
    app.run_command((&headers, caller), (PUT, place.target()), body, work).await
}

/// Leave, or remove a member
///
/// For oneself: leaves the room, or declines an invitation. For others: removes them; only an invitation brings them back.
#[utoipa::path(
    delete,
    path = "/v1/rooms/{room}/members/{user}",
    tag = "rooms",
    operation_id = "remove_member",
    params(
        ("room" = Uuid, Path, description = "Which room"),
        ("user" = Uuid, Path, description = "Whom it is about"),
        CommandParams,
    ),
    responses(
        (status = 202, description = "The log has it", body = MemberAccepted),
        (status = 200, description = "It is done (`Prefer: wait`)", body = MemberAccepted),
        PathProblems, CallerProblems, CommandProblems, RoomProblems,
    ),
    security(("bearer" = [])),
)]
async fn remove(
    State(app): State<App>,
    caller: Caller,
    headers: CommandHeaders,
    Path(place): Path<MemberPath>,
) -> Result<CommandAnswer, Problem> {
    let caller = caller.user_id;
    let work = async |command: &Command, ()| {
        let decide = |view: Option<&_>, _: Option<&_>| members::delete(view, caller, place.user);
        let ready = async |_: &mut Decision| Ok(());
        place.accepted(command_handler::run(&app, (&headers, command), place.act(caller, &[]), decide, ready).await?)
    };
    app.run_command((&headers, caller), (DELETE, place.target()), (), work).await
}
