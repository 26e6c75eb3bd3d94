//! Rooms: one of them, and the public ones.

use api_kit::Problem;
use api_kit::extract::Query;
use axum::extract::State;
use axum::response::Response;
use event_schema::{RoomId, Timestamp};
use http::HeaderMap;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::{answer, next_link, page_of};
use crate::access::{Reader, RoomVisitor};
use crate::cursor;
use crate::openapi::{MissingProblems, NotModified, ReadProblems};
use crate::params::{ListParams, OneParams, after, limit};
use crate::state::QueryState;
use crate::store::{self, ChannelRow, RoomRow};

pub(super) fn router() -> OpenApiRouter<QueryState> {
    OpenApiRouter::default().routes(routes!(get_room)).routes(routes!(list_channels))
}

/// A room.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Room)]
struct RoomAnswer {
    /// Its id.
    room_id: Uuid,
    /// `direct`, `group` or `channel`.
    kind: String,
    /// Its name; direct rooms have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// How one becomes a member: `open` or `invite`.
    join_rule: String,
    /// What a member sees of the time before joining: `all` or `since_join`.
    history_visibility: String,
    /// Closed: it can be read, not written.
    archived: bool,
    /// An event of it could not be processed, and what came after it waits: what is shown is from before. Absent otherwise;
    /// every answer about the room then has the header `Chatlog-Parked: 1`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    parked: bool,
    /// How many members it has.
    member_count: i32,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// What the reader is to it; absent for somebody who only looks at a public channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    membership: Option<Membership>,
    /// Who made it. This and what follows is for members only.
    #[serde(skip_serializing_if = "Option::is_none")]
    creator_id: Option<Uuid>,
    /// The seq of its newest message, 0 before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seq: Option<i64>,
    /// The rev of its last change.
    #[serde(skip_serializing_if = "Option::is_none")]
    rev: Option<i64>,
    /// When its newest message was posted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    last_message_at: Option<Timestamp>,
}

/// What a person is to a room.
#[derive(Debug, Serialize, ToSchema)]
struct Membership {
    /// `joined`, `invited`, `left` or `removed`.
    state: String,
    /// `member`, `moderator` or `owner`.
    role: String,
    /// The room's last seq when the membership began: messages after it are new to the member.
    join_seq: i64,
    /// Since when it is so.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
}

/// Read a room
///
/// Members and invited people see it; a public channel is seen by everybody.
#[utoipa::path(
    get,
    path = "/v1/rooms/{room}",
    tag = "rooms",
    params(("room" = Uuid, Path, description = "The room"), OneParams),
    responses(
        (status = 200, description = "The room", body = RoomAnswer, headers(
            ("ETag" = String, description = "For `If-None-Match`"),
            ("Chatlog-Parked" = String, description = "`1` where events of the room wait; on every answer about it"),
        )),
        NotModified, ReadProblems, MissingProblems,
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(skip_all, fields(room = %visitor.room_id))]
async fn get_room(
    visitor: RoomVisitor,
    Query(OneParams { .. }): Query<OneParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    answer(&headers, &RoomAnswer::new(visitor.room_id, visitor.room), None)
}

impl RoomAnswer {
    fn new(room_id: RoomId, row: RoomRow) -> Self {
        let is_member = row.is_member();
        let membership = match (row.state, row.role, row.join_seq, row.since) {
            (Some(state), Some(role), Some(join_seq), Some(since)) => {
                Some(Membership { state, role, join_seq, since: since.into() })
            }
            _ => None,
        };
        Self {
            room_id: room_id.0,
            kind: row.kind,
            name: row.name,
            join_rule: row.join_rule,
            history_visibility: row.history_visibility,
            archived: row.archived,
            parked: row.parked,
            member_count: row.member_count,
            created_at: row.created_at.into(),
            membership,
            creator_id: is_member.then_some(row.creator_id),
            last_seq: is_member.then_some(row.last_seq),
            rev: is_member.then_some(row.rev),
            last_message_at: row.last_message_at.filter(|_| is_member).map(Timestamp::from),
        }
    }
}

/// Public channels, by name.
#[derive(Debug, Serialize, ToSchema)]
struct ChannelsPage {
    /// The channels.
    items: Vec<Channel>,
    /// There are more: `after` this cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A public channel.
#[derive(Debug, Serialize, ToSchema)]
struct Channel {
    /// Its id.
    room_id: Uuid,
    /// Its name.
    name: String,
    /// How many members it has.
    member_count: i32,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When its newest message was posted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    last_message_at: Option<Timestamp>,
    /// Whether the reader is a member.
    joined: bool,
}

/// List the public channels
///
/// Channels that anybody may join, by name; archived ones are not among them.
#[utoipa::path(
    get,
    path = "/v1/channels",
    tag = "rooms",
    params(ListParams),
    responses(
        (status = 200, description = "A page", body = ChannelsPage, headers(
            ("ETag" = String, description = "For `If-None-Match`"),
            ("Link" = String, description = "`next` as a link (RFC 8288)"),
        )),
        NotModified, ReadProblems,
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(skip_all)]
async fn list_channels(
    State(state): State<QueryState>,
    reader: Reader,
    Query(params): Query<ListParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let limit = limit(params.limit.as_deref())?;
    // Ids are never nil: this comes before every channel.
    let (name, id) = after(params.after.as_deref(), cursor::parse_channels, (String::new(), RoomId(Uuid::nil())))?;
    let rows = store::channels(&mut *reader.db(&state).await?, reader.user_id, (&name, id), limit + 1).await?;
    let (rows, next) = page_of(rows, limit, |last| cursor::channels(&last.name, RoomId(last.room_id)));
    let link = next_link("/v1/channels", limit, next.as_deref());
    answer(&headers, &ChannelsPage { items: rows.into_iter().map(Channel::from).collect(), next }, link)
}

impl From<ChannelRow> for Channel {
    fn from(row: ChannelRow) -> Self {
        Self {
            room_id: row.room_id,
            name: row.name,
            member_count: row.member_count,
            created_at: row.created_at.into(),
            last_message_at: row.last_message_at.map(Timestamp::from),
            joined: row.joined,
        }
    }
}
