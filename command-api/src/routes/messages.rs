//! Posting messages, one or many.

use std::collections::HashMap;

use api_kit::extract::{Json, Path};
use api_kit::rate::Kind;
use api_kit::{Caller, Problem};
use axum::extract::State;
use event_schema::message::Posted;
use event_schema::{MessageId, RoomId, Timestamp};
use http::StatusCode;
use read_model::Position;
use read_model::outcomes::{self, MessageOutcome};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::answer::CommandAnswer;
use crate::command::{Command, CommandHeaders};
use crate::decide::messages::{self, NewMessage};
use crate::openapi::{BodyProblems, CallerProblems, CommandProblems, RoomProblems};
use crate::posting::{self, Posting};
use crate::refusal::rejected;
use crate::routes::command_params::CommandParams;
use crate::state::App;

/// So many bytes of text count as a command of their own.
const COUNTED_BYTES: usize = 4 * 1024;
const POST: &str = "POST /v1/rooms/{room}/messages";
const BATCH: &str = "POST /v1/rooms/{room}/messages/batch";

/// The routes.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(post)).routes(routes!(post_batch))
}

/// A message to post.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PostMessage {
    /// What is said, as Markdown: at most 8 KiB of UTF-8. `@username` mentions somebody.
    #[schema(example = "Hello!", min_length = 1, max_length = 8192)]
    text: String,
    /// The message of this room that this one answers.
    #[schema(value_type = Option<Uuid>)]
    reply_to: Option<MessageId>,
    /// The client's own reference, echoed wherever the message is shown.
    #[schema(max_length = 64)]
    client_ref: Option<String>,
}

impl From<PostMessage> for NewMessage {
    fn from(body: PostMessage) -> Self {
        Self { text: body.text, reply_to: body.reply_to, client_ref: body.client_ref }
    }
}

/// Messages to post one after another.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PostBatch {
    /// At most 500.
    #[schema(min_items = 1, max_items = 500)]
    messages: Vec<PostMessage>,
}

/// A message that the log has.
#[derive(Serialize, ToSchema)]
struct MessageAccepted {
    /// Which message.
    message_id: Uuid,
    /// The position that includes it.
    #[schema(value_type = String)]
    position: Position,
    /// Its number in the room, if the answer waited for the fold.
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<i64>,
    /// The room's rev of it, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    rev: Option<i64>,
    /// When it counts as posted, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    created_at: Option<Timestamp>,
}

/// A message's place in its room.
#[derive(Clone, Copy, Serialize, ToSchema)]
struct Applied {
    /// Its number in the room: 1, 2, 3 …
    seq: i64,
    /// The room's rev of it.
    rev: i64,
    /// When it counts as posted.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// Messages that the log has.
#[derive(Serialize, ToSchema)]
struct BatchAccepted {
    /// Which messages, in the order of the request.
    message_ids: Vec<Uuid>,
    /// The position that includes them all.
    #[schema(value_type = String)]
    position: Position,
    /// What became of each, in the same order, if the answer waited for the fold.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcomes: Option<Vec<BatchOutcome>>,
}

/// What became of one message of a batch.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum BatchOutcome {
    /// It is in the room.
    Applied(Applied),
    /// The fold does not count it.
    Rejected {
        /// Why, as a stable word.
        reason: String,
    },
}

/// Post a message
///
/// 202 once the log has it. With `Prefer: wait=N` the answer waits for the fold: 201 with the message's place, or the
/// rejection.
#[utoipa::path(
    post,
    path = "/v1/rooms/{room}/messages",
    tag = "messages",
    operation_id = "post_message",
    params(
        ("room" = Uuid, Path, description = "Which room"),
        CommandParams,
    ),
    request_body = PostMessage,
    responses(
        (status = 202, description = "The log has it", body = MessageAccepted),
        (status = 201, description = "It is in the room (`Prefer: wait`)", body = MessageAccepted),
        BodyProblems, CallerProblems, CommandProblems, RoomProblems,
    ),
    security(("bearer" = [])),
)]
async fn post(
    State(app): State<App>,
    caller: Caller,
    headers: CommandHeaders,
    Path(room): Path<RoomId>,
    Json(body): Json<PostMessage>,
) -> Result<CommandAnswer, Problem> {
    let message = NewMessage::from(body).into_payload()?;
    charge(&app, &caller, std::slice::from_ref(&message)).await?;
    let work = async |command: &Command, message| {
        let posting = posting::post(&app, caller.user_id, (&headers, command), room, vec![message]).await?;
        posted(&app, room, posting).await
    };
    app.run_command((&headers, caller.user_id), (POST, room), message, work).await
}

/// Counts what messages are beyond the one command that every request is: as many as there are, and each 4 KiB once more.
async fn charge(app: &App, caller: &Caller, messages: &[Posted]) -> Result<(), Problem> {
    app.context.rates.user_more(Kind::Commands, caller.user_id, cost(messages).saturating_sub(1)).await
}

/// As how many commands messages count.
fn cost(messages: &[Posted]) -> u32 {
    let cost = |message: &Posted| 1 + message.content.as_str().map_or(0, str::len) / COUNTED_BYTES;
    u32::try_from(messages.iter().map(cost).sum::<usize>()).unwrap_or(u32::MAX)
}

async fn posted(app: &App, room: RoomId, posting: Posting) -> Result<CommandAnswer, Problem> {
    let Posting { ids, position, folded } = posting;
    let [id] = ids[..] else { return Err(Problem::internal("one message has one id")) };
    let accepted = MessageAccepted { message_id: id.0, position, seq: None, rev: None, created_at: None };
    if !folded {
        return CommandAnswer::accepted(&accepted);
    }
    match outcomes_of(app, room, &ids).await.remove(&id) {
        Some(MessageOutcome::Posted { seq, rev, created_at }) => {
            let place = MessageAccepted { seq: Some(seq), rev: Some(rev), created_at: Some(created_at), ..accepted };
            CommandAnswer::applied(StatusCode::CREATED, &place)
        }
        Some(MessageOutcome::Rejected(reason)) => Err(rejected(&reason)),
        None => CommandAnswer::accepted(&accepted),
    }
}

/// What became of messages that the log has, as far as it can be read: what cannot is no error of the command.
async fn outcomes_of(app: &App, room: RoomId, ids: &[MessageId]) -> HashMap<MessageId, MessageOutcome> {
    let found = outcomes::message_outcomes(&app.context.read_model.pool(), room, ids).await;
    found.unwrap_or_else(|error| {
        tracing::warn!(%error, "failed to read the outcome of messages; answered as accepted");
        HashMap::new()
    })
}

/// Post many messages
///
/// The batch is checked whole, then posted in order: 202 when the log has all of it. After a 503 the same
/// `Idempotency-Key` completes it.
#[utoipa::path(
    post,
    path = "/v1/rooms/{room}/messages/batch",
    tag = "messages",
    operation_id = "post_messages",
    params(
        ("room" = Uuid, Path, description = "Which room"),
        CommandParams,
    ),
    request_body = PostBatch,
    responses(
        (status = 202, description = "The log has all of them", body = BatchAccepted),
        (status = 201, description = "The fold has all of them (`Prefer: wait`)", body = BatchAccepted),
        BodyProblems, CallerProblems, CommandProblems, RoomProblems,
    ),
    security(("bearer" = [])),
)]
async fn post_batch(
    State(app): State<App>,
    caller: Caller,
    headers: CommandHeaders,
    Path(room): Path<RoomId>,
    Json(body): Json<PostBatch>,
) -> Result<CommandAnswer, Problem> {
    let messages = messages::batch(body.messages.into_iter().map(NewMessage::from).collect())?;
    charge(&app, &caller, &messages).await?;
    let work = async |command: &Command, messages| {
        let posting = posting::post(&app, caller.user_id, (&headers, command), room, messages).await?;
        posted_batch(&app, room, posting).await
    };
    app.run_command((&headers, caller.user_id), (BATCH, room), messages, work).await
}

async fn posted_batch(app: &App, room: RoomId, posting: Posting) -> Result<CommandAnswer, Problem> {
    let Posting { ids, position, folded } = posting;
    let mut known = HashMap::new();
    if folded {
        known = outcomes_of(app, room, &ids).await;
    }
    let outcomes = ids.iter().map(|id| {
        known.remove(id).map(|outcome| match outcome {
            MessageOutcome::Posted { seq, rev, created_at } => BatchOutcome::Applied(Applied { seq, rev, created_at }),
            MessageOutcome::Rejected(reason) => BatchOutcome::Rejected { reason },
        })
    });
    let outcomes: Option<Vec<BatchOutcome>> = if folded { outcomes.collect() } else { None };
    let complete = outcomes.is_some();
    let body = BatchAccepted { message_ids: ids.iter().map(|id| id.0).collect(), position, outcomes };
    if complete { CommandAnswer::applied(StatusCode::CREATED, &body) } else { CommandAnswer::accepted(&body) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_count_by_number_and_length() {
        let message =
            |bytes| NewMessage { text: "x".repeat(bytes), ..NewMessage::default() }.into_payload().expect("sound");
        assert_eq!(cost(&[message(1)]), 1);
        assert_eq!(cost(&[message(4 * 1024 - 1), message(4 * 1024), message(8 * 1024)]), 1 + 2 + 3);
        assert_eq!(cost(&vec![message(10); 500]), 500);
    }
}
