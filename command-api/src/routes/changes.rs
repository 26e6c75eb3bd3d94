//! Changing what is said: editing and deleting messages, reactions.

use api_kit::extract::{Json, Path};
use api_kit::{Caller, Problem};
use axum::extract::State;
use event_schema::rejection::Reason;
use event_schema::{MessageId, RoomId, UserId};
use http::StatusCode;
use read_model::Position;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::answer::CommandAnswer;
use crate::command::{Command, CommandHeaders};
use crate::command_handler::{self, CommandResult, RoomCommand};
use crate::decide::changes::{self, Target};
use crate::decide::{Decision, Refusal};
use crate::openapi::{BodyProblems, CallerProblems, CommandProblems, PathProblems, RoomProblems};
use crate::routes::command_params::CommandParams;
use crate::state::App;
use crate::{mentions, validate};

const EDIT: &str = "PATCH /v1/rooms/{room}/messages/{id}";
const DELETE: &str = "DELETE /v1/rooms/{room}/messages/{id}";
const REACT: &str = "PUT /v1/rooms/{room}/messages/{id}/reactions/{emoji}";
const UNREACT: &str = "DELETE /v1/rooms/{room}/messages/{id}/reactions/{emoji}";

/// The routes.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(edit, delete)).routes(routes!(react, unreact))
}

/// Another text for a message.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct EditMessage {
    /// What is said now, as Markdown: at most 8 KiB of UTF-8. `@username` mentions somebody.
    #[schema(example = "Hello, everybody!", min_length = 1, max_length = 8192)]
    text: String,
}

/// A command about a message.
#[derive(Serialize, ToSchema)]
struct MessageChangeAccepted {
    /// Which message.
    message_id: Uuid,
    /// The position that includes it.
    #[schema(value_type = String)]
    position: Position,
    /// The rev that it got, if the answer waited for the fold and something changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    rev: Option<i64>,
}

#[derive(Clone, Copy, Deserialize)]
struct MessagePath {
    room: RoomId,
    id: MessageId,
}

#[derive(Clone, Deserialize)]
struct ReactionPlace {
    room: RoomId,
    id: MessageId,
    emoji: String,
}

/// What all four do: look at the message in its room, decide, answer.
struct MessageCommand<'a> {
    app: &'a App,
    caller: UserId,
    place: MessagePath,
    /// The emoji that it is about.
    emoji: &'a str,
    so_already: &'static [Reason],
}

impl MessageCommand<'_> {
    async fn make(
        self,
        headers: &CommandHeaders,
        (route, target): (&'static str, String),
        body: &impl Serialize,
        decide: impl Fn(Target<'_>) -> Result<Decision, Refusal>,
    ) -> Result<CommandAnswer, Problem> {
        let Self { app, caller, place: MessagePath { room, id }, emoji, so_already } = self;
        let mention = async |decision: &mut Decision| match decision {
            Decision::Emit(payload) => mentions::of_edit(app, payload).await,
            Decision::Unchanged => Ok(()),
        };
        let act = RoomCommand { caller, room, other: None, about: Some((id, emoji)), so_already };
        let work = async |command: &Command, _: &_| {
            let decide = |room: Option<&_>, message: Option<&_>| decide(Target { room, id, message });
            let done = command_handler::run(app, (headers, command), act, decide, mention).await?;
            accepted(id, done)
        };
        app.run_command((headers, caller), (route, target), body, work).await
    }
}

fn accepted(id: MessageId, done: CommandResult) -> Result<CommandAnswer, Problem> {
    let rev = done.rev.filter(|_| done.folded);
    let body = MessageChangeAccepted { message_id: id.0, position: done.position, rev };
    if done.folded { CommandAnswer::applied(StatusCode::OK, &body) } else { CommandAnswer::accepted(&body) }
}

/// Edit a message
///
/// Only its author does. Earlier texts stay readable for the room's members.
#[utoipa::path(
    patch,
    path = "/v1/rooms/{room}/messages/{id}",
    tag = "messages",
    operation_id = "edit_message",
    params(
        ("room" = Uuid, Path, description = "Which room"),
        ("id" = Uuid, Path, description = "Which message"),
        CommandParams,
    ),
    request_body = EditMessage,
    responses(
        (status = 202, description = "The log has it, or it said so already", body = MessageChangeAccepted),
        (status = 200, description = "It is done (`Prefer: wait`)", body = MessageChangeAccepted),
        BodyProblems, CallerProblems, CommandProblems, RoomProblems,
    ),
    security(("bearer" = [])),
)]
async fn edit(
    State(app): State<App>,
    caller: Caller,
    headers: CommandHeaders,
    Path(place): Path<MessagePath>,
    Json(body): Json<EditMessage>,
) -> Result<CommandAnswer, Problem> {
    let caller = caller.user_id;
    let target = format!("{}/{}", place.room, place.id);
    validate::message_text("text", &body.text)?;
    let change = MessageCommand { app: &app, caller, place, emoji: "", so_already: &[Reason::Unchanged] };
    change.make(&headers, (EDIT, target), &body, |target| changes::edit(target, caller, &body.text)).await
}

/// Delete a message
///
/// Its author does, or a moderator. Its place stays; its text, earlier texts and reactions are gone.
#[utoipa::path(
    delete,
    path = "/v1/rooms/{room}/messages/{id}",
    tag = "messages",
    operation_id = "delete_message",
    params(
        ("room" = Uuid, Path, description = "Which room"),
        ("id" = Uuid, Path, description = "Which message"),
        CommandParams,
    ),
    responses(
        (status = 202, description = "The log has it, or it was deleted already", body = MessageChangeAccepted),
        (status = 200, description = "It is done (`Prefer: wait`)", body = MessageChangeAccepted),
        PathProblems, CallerProblems, CommandProblems, RoomProblems,
    ),
    security(("bearer" = [])),
)]
async fn delete(
    State(app): State<App>,
    caller: Caller,
    headers: CommandHeaders,
    Path(place): Path<MessagePath>,
) -> Result<CommandAnswer, Problem> {
    let caller = caller.user_id;
    let target = format!("{}/{}", place.room, place.id);
    let change = MessageCommand { app: &app, caller, place, emoji: "", so_already: &[Reason::MessageDeleted] };
    change.make(&headers, (DELETE, target), &(), |target| changes::delete(target, caller)).await
}

impl ReactionPlace {
    /// The emoji in its one form, which also names the command.
    fn checked(mut self) -> Result<(MessagePath, String, String), Problem> {
        self.emoji = changes::emoji("emoji", &self.emoji)?;
        let target = format!("{}/{}/{}", self.room, self.id, self.emoji);
        Ok((MessagePath { room: self.room, id: self.id }, self.emoji, target))
    }
}

/// React to a message
///
/// Puts an emoji (or a short word) on it. Doing it again changes nothing.
#[utoipa::path(
    put,
    path = "/v1/rooms/{room}/messages/{id}/reactions/{emoji}",
    tag = "messages",
    operation_id = "react",
    params(
        ("room" = Uuid, Path, description = "Which room"),
        ("id" = Uuid, Path, description = "Which message"),
        ("emoji" = String, Path, description = "At most 64 bytes of UTF-8, percent-encoded", min_length = 1, max_length = 64),
        CommandParams,
    ),
    responses(
        (status = 202, description = "The log has it, or it was there already", body = MessageChangeAccepted),
        (status = 200, description = "It is done (`Prefer: wait`)", body = MessageChangeAccepted),
        PathProblems, CallerProblems, CommandProblems, RoomProblems,
    ),
    security(("bearer" = [])),
)]
async fn react(
    State(app): State<App>,
    caller: Caller,
    headers: CommandHeaders,
    Path(place): Path<ReactionPlace>,
) -> Result<CommandAnswer, Problem> {
    let (caller, (place, emoji, target)) = (caller.user_id, place.checked()?);
    let change = MessageCommand { app: &app, caller, place, emoji: &emoji, so_already: &[Reason::ReactionUnchanged] };
    change.make(&headers, (REACT, target), &(), |target| changes::react(target, caller, &emoji)).await
}

/// Take a reaction back
///
/// One's own. Doing it again changes nothing.
#[utoipa::path(
    delete,
    path = "/v1/rooms/{room}/messages/{id}/reactions/{emoji}",
    tag = "messages",
    operation_id = "take_reaction_back",
    params(
        ("room" = Uuid, Path, description = "Which room"),
        ("id" = Uuid, Path, description = "Which message"),
        ("emoji" = String, Path, description = "At most 64 bytes of UTF-8, percent-encoded", min_length = 1, max_length = 64),
        CommandParams,
    ),
    responses(
        (status = 202, description = "The log has it, or it was not there", body = MessageChangeAccepted),
        (status = 200, description = "It is done (`Prefer: wait`)", body = MessageChangeAccepted),
        PathProblems, CallerProblems, CommandProblems, RoomProblems,
    ),
    security(("bearer" = [])),
)]
async fn unreact(
    State(app): State<App>,
    caller: Caller,
    headers: CommandHeaders,
    Path(place): Path<ReactionPlace>,
) -> Result<CommandAnswer, Problem> {
    let (caller, (place, emoji, target)) = (caller.user_id, place.checked()?);
    let change = MessageCommand { app: &app, caller, place, emoji: &emoji, so_already: &[Reason::ReactionUnchanged] };
    change.make(&headers, (UNREACT, target), &(), |target| changes::unreact(target, caller, &emoji)).await
}
