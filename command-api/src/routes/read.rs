//! How far somebody has read a room.

use api_kit::extract::{Json, Path};
use api_kit::{Caller, Problem};
use axum::extract::State;
use event_schema::{RoomId, Topic, UserId, limits};
use http::StatusCode;
use read_model::Position;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::answer::CommandAnswer;
use crate::command::{Command, CommandHeaders};
use crate::command_handler::{self, CommandResult};
use crate::decide::Decision;
use crate::decide::changes::{self, Unread};
use crate::openapi::{BodyProblems, CallerProblems, CommandProblems, RoomProblems};
use crate::routes::command_params::CommandParams;
use crate::state::App;
use crate::store;

const READ: &str = "PUT /v1/rooms/{room}/read";

/// The routes.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(read))
}

/// How far the caller has read.
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReadUpTo {
    /// The `seq` of the last message read.
    #[schema(example = 17, maximum = 9_007_199_254_740_991_u64)]
    up_to_seq: u64,
}

/// A read mark.
#[derive(Serialize, ToSchema)]
struct ReadAccepted {
    /// Which room.
    room_id: Uuid,
    /// As asked for; a mark that stood further on stays there.
    up_to_seq: u64,
    /// The position that includes it.
    #[schema(value_type = String)]
    position: Position,
}

/// Say how far one has read
///
/// The mark only goes on: of several devices the furthest counts. Beyond the room's last message: 400.
#[utoipa::path(
    put,
    path = "/v1/rooms/{room}/read",
    tag = "messages",
    operation_id = "read_up_to",
    params(
        ("room" = Uuid, Path, description = "Which room"),
        CommandParams,
    ),
    request_body = ReadUpTo,
    responses(
        (status = 202, description = "The log has it, or it was so already", body = ReadAccepted),
        (status = 200, description = "Inboxes show it (`Prefer: wait`)", body = ReadAccepted),
        BodyProblems, CallerProblems, CommandProblems, RoomProblems,
    ),
    security(("bearer" = [])),
)]
async fn read(
    State(app): State<App>,
    caller: Caller,
    headers: CommandHeaders,
    Path(room): Path<RoomId>,
    Json(body): Json<ReadUpTo>,
) -> Result<CommandAnswer, Problem> {
    if body.up_to_seq > limits::INTEGER {
        return Err(Problem::limit_exceeded("up_to_seq", limits::INTEGER, "no room has so many messages"));
    }
    let work = async |command: &Command, body: ReadUpTo| {
        let done = mark(&app, (&headers, command), (room, caller.user_id), body.up_to_seq).await?;
        let answer = ReadAccepted { room_id: room.0, up_to_seq: body.up_to_seq, position: done.position };
        if done.folded { CommandAnswer::applied(StatusCode::OK, &answer) } else { CommandAnswer::accepted(&answer) }
    };
    app.run_command((&headers, caller.user_id), (READ, room), body, work).await
}

async fn mark(
    app: &App,
    (headers, command): (&CommandHeaders, &Command),
    (room, caller): (RoomId, UserId),
    up_to_seq: u64,
) -> Result<CommandResult, Problem> {
    let load = async || {
        let found = store::messages::reading(&app.context.read_model.pool(), room, caller).await?;
        Ok::<_, Problem>(changes::read(found.as_ref().map(|(view, reading)| (view, *reading)), up_to_seq))
    };
    let mut decision = load().await?;
    if decision.is_err() {
        // The room is folded from another topic than the mark: that one catches up before anybody is refused.
        app.read_consistency.room(&app.context, caller, room).await?;
        decision = load().await?;
    }
    match decision {
        Ok(Decision::Emit(payload)) => {
            let time = app.context.clock.now();
            let event = command.event(room, command.new_id(0), (caller, time), payload);
            command_handler::send(app, headers, &event, &[]).await
        }
        // Marks only go on: one that stood so far is no matter of being behind.
        Ok(Decision::Unchanged) => {
            let position = command_handler::seen(app, Topic::Receipts, room).await?;
            Ok(CommandResult { position, rev: None, folded: headers.wait.is_some() })
        }
        Err(Unread::Beyond(last_seq)) => {
            Err(Problem::limit_exceeded("up_to_seq", last_seq, "beyond the room's last message"))
        }
        Err(Unread::Refused(refusal)) => Err(refusal.into()),
    }
}
