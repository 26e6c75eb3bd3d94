//! Rooms: created, renamed, archived.

use api_kit::extract::{Json, Path};
use api_kit::{Caller, Problem};
use axum::extract::State;
use event_schema::rejection::Reason;
use event_schema::room::{HistoryVisibility, JoinRule, RoomKind};
use event_schema::{RoomId, Topic, UserId};
use http::StatusCode;
use read_model::Position;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::body;
use crate::answer::CommandAnswer;
use crate::command::{Command, CommandHeaders};
use crate::command_handler::{self, CommandResult, RoomCommand};
use crate::decide::rooms::{self, NewRoom, Plan};
use crate::openapi::{BodyProblems, CallerProblems, CommandProblems, RoomProblems};
use crate::routes::command_params::CommandParams;
use crate::state::App;
use crate::validate::{self, Invalid};
use crate::{people, store};

const CREATE: &str = "POST /v1/rooms";
const CHANGE: &str = "PATCH /v1/rooms/{room}";

/// The routes.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create)).routes(routes!(change))
}

/// A new room.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateRoom {
    /// `direct` is one room a pair, `group` a closed circle, `channel` a place for many.
    #[schema(schema_with = body::room_kind)]
    kind: RoomKind,
    /// A channel needs one, a direct room has none.
    #[schema(max_length = 80)]
    name: Option<String>,
    /// The first members apart from the caller; for a direct room the other one.
    #[serde(default)]
    #[schema(value_type = Vec<Uuid>, max_items = 500)]
    members: Vec<UserId>,
    /// `open` for channels and `invite` for groups, unless given.
    #[schema(schema_with = body::join_rule)]
    join_rule: Option<JoinRule>,
    /// `all`, unless given.
    #[schema(schema_with = body::history_visibility)]
    history_visibility: Option<HistoryVisibility>,
}

/// A change of a room: one of its fields.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangeRoom {
    /// Another name.
    #[schema(min_length = 1, max_length = 80)]
    name: Option<String>,
    /// `true` closes the room for ever.
    archived: Option<bool>,
}

/// A command about a room.
#[derive(Serialize, ToSchema)]
struct RoomAccepted {
    /// Which room.
    room_id: Uuid,
    /// The position that includes it.
    #[schema(value_type = String)]
    position: Position,
    /// The rev that it got, if the answer waited for the fold.
    #[serde(skip_serializing_if = "Option::is_none")]
    rev: Option<i64>,
}

fn accepted(room: RoomId, done: CommandResult, applied: StatusCode) -> Result<CommandAnswer, Problem> {
    let status = if done.rev.is_some() { applied } else { StatusCode::OK };
    let body = RoomAccepted { room_id: room.0, rev: done.rev.filter(|_| done.folded), position: done.position };
    if done.folded { CommandAnswer::applied(status, &body) } else { CommandAnswer::accepted(&body) }
}

/// Create a room
///
/// The caller owns it. A direct room belongs to both alike, and opening it again gives the same room.
#[utoipa::path(
    post,
    path = "/v1/rooms",
    tag = "rooms",
    operation_id = "create_room",
    params(
        CommandParams,
    ),
    request_body = CreateRoom,
    responses(
        (status = 202, description = "The log has it", body = RoomAccepted),
        (status = 201, description = "The room is there (`Prefer: wait`)", body = RoomAccepted),
        (status = 200, description = "The room was there already (`Prefer: wait`)", body = RoomAccepted),
        BodyProblems, CallerProblems, CommandProblems,
    ),
    security(("bearer" = [])),
)]
async fn create(
    State(app): State<App>,
    caller: Caller,
    headers: CommandHeaders,
    Json(body): Json<CreateRoom>,
) -> Result<CommandAnswer, Problem> {
    let plan = rooms::create(
        caller.user_id,
        NewRoom {
            kind: body.kind,
            name: body.name.clone(),
            members: body.members.clone(),
            join_rule: body.join_rule,
            history_visibility: body.history_visibility,
        },
    )?;
    let work = async |command: &Command, body: CreateRoom| {
        create_planned(&app, caller.user_id, (&headers, command), plan, &body.members).await
    };
    app.run_command((&headers, caller.user_id), (CREATE, ""), body, work).await
}

async fn create_planned(
    app: &App,
    caller: UserId,
    (headers, command): (&CommandHeaders, &Command),
    plan: Plan,
    named: &[UserId],
) -> Result<CommandAnswer, Problem> {
    if let Some(room) = plan.direct {
        let view = store::rooms::view(&app.context.read_model.pool(), room, caller, None).await?;
        if view.is_some() {
            let position = command_handler::seen(app, Topic::Rooms, room).await?;
            return accepted(
                room,
                CommandResult { position, rev: None, folded: headers.wait.is_some() },
                StatusCode::OK,
            );
        }
    }
    if let Some(unknown) = people::first_unknown(app, caller, &plan.others).await? {
        let n = named.iter().position(|user| *user == unknown).unwrap_or_default();
        return Err(Invalid::new(format!("members[{n}]"), "there is no such person").into());
    }
    let (event_id, new_room) = (command.new_id(0), RoomId(command.new_id(1).0));
    let room = plan.direct.unwrap_or(new_room);
    let time = app.context.clock.now();
    let event = command.event(room, event_id, (caller, time), plan.payload);
    let done = command_handler::send(app, headers, &event, &[]).await?;
    accepted(room, done, StatusCode::CREATED)
}

/// Rename or archive a room
#[utoipa::path(
    patch,
    path = "/v1/rooms/{room}",
    tag = "rooms",
    operation_id = "change_room",
    params(
        ("room" = Uuid, Path, description = "Which room"),
        CommandParams,
    ),
    request_body = ChangeRoom,
    responses(
        (status = 202, description = "The log has it", body = RoomAccepted),
        (status = 200, description = "It is done (`Prefer: wait`)", body = RoomAccepted),
        BodyProblems, CallerProblems, CommandProblems, RoomProblems,
    ),
    security(("bearer" = [])),
)]
async fn change(
    State(app): State<App>,
    caller: Caller,
    headers: CommandHeaders,
    Path(room): Path<RoomId>,
    Json(body): Json<ChangeRoom>,
) -> Result<CommandAnswer, Problem> {
    let name = match (body.name.clone(), body.archived) {
        (Some(name), None) => validate::name("name", &name).map(|()| Some(name))?,
        (None, Some(true)) => None,
        (None, Some(false)) => return Err(Invalid::new("archived", "a room stays archived").into()),
        (None, None) => return Err(Problem::bad_request("either `name` or `archived` is needed")),
        (Some(_), Some(_)) => return Err(Invalid::new("archived", "one change at a time").into()),
    };
    let so_already: &[Reason] = if name.is_some() { &[Reason::Unchanged] } else { &[Reason::RoomArchived] };
    let act = RoomCommand { caller: caller.user_id, room, other: None, about: None, so_already };
    let work = async |command: &Command, _: ChangeRoom| {
        let decide = |view: Option<&_>, _: Option<&_>| match &name {
            Some(name) => rooms::rename(view, name),
            None => rooms::archive(view),
        };
        let done = command_handler::run(&app, (&headers, command), act, decide, async |_| Ok(())).await?;
        accepted(room, done, StatusCode::OK)
    };
    app.run_command((&headers, caller.user_id), (CHANGE, room), body, work).await
}
