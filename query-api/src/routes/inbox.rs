//! The inbox: the rooms of a person, and what is new in them.

use std::collections::BTreeMap;

use api_kit::Problem;
use api_kit::extract::Query;
use axum::extract::State;
use axum::response::Response;
use event_schema::{RoomId, Timestamp};
use http::HeaderMap;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::{answer, next_link, page_of};
use crate::access::Reader;
use crate::item::{MessageItem, NamesItem};
use crate::openapi::{NotModified, ReadProblems};
use crate::params::{ListParams, after, limit};
use crate::state::QueryState;
use crate::store::inbox::{InboxRow, NEWEST};
use crate::{cursor, names, store};

pub(super) fn router() -> OpenApiRouter<QueryState> {
    OpenApiRouter::default().routes(routes!(get_inbox))
}

/// Rooms of the reader, newest activity first.
#[derive(Debug, Serialize, ToSchema)]
struct InboxPage {
    /// The rooms.
    items: Vec<InboxItem>,
    /// The names of those who wrote the last messages and of the others in direct rooms, by id.
    users: BTreeMap<Uuid, NamesItem>,
    /// There are more: `after` this cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A room, and what is new in it.
#[derive(Debug, Serialize, ToSchema)]
struct InboxItem {
    /// Its id.
    room_id: Uuid,
    /// `direct`, `group` or `channel`.
    kind: String,
    /// Its name; direct rooms have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// The other person of a direct room; `users` tells the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    other_id: Option<Uuid>,
    /// Closed: it can be read, not written.
    archived: bool,
    /// How many members it has.
    member_count: i32,
    /// `joined`; or `invited`: then nothing of what is said in it is shown.
    membership: String,
    /// `member`, `moderator` or `owner`.
    role: String,
    /// The seq of its newest message, 0 before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seq: Option<i64>,
    /// The rev of its last change: what to ask for changes with.
    #[serde(skip_serializing_if = "Option::is_none")]
    rev: Option<i64>,
    /// Messages up to this seq count as read: by a receipt of any device, one's own post, or from before one came.
    #[serde(skip_serializing_if = "Option::is_none")]
    read_seq: Option<i64>,
    /// Messages after it that are not deleted.
    unread: i64,
    /// Those of them that mention the reader.
    mentions: i64,
    /// The newest message, where there is one that the reader may see.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<MessageItem>)]
    last_message: Option<Box<RawValue>>,
    /// When the newest message was posted, or the reader came, whichever is later. The order of the inbox.
    #[schema(value_type = String, format = DateTime)]
    last_activity_at: Timestamp,
}

/// Read the inbox
///
/// The rooms that the reader is in or invited to, newest activity first, with what is unread. A room that becomes active
/// while pages are walked moves to the front: it is seen there when the first page is read again.
#[utoipa::path(
    get,
    path = "/v1/inbox",
    tag = "rooms",
    params(ListParams),
    responses(
        (status = 200, description = "A page", body = InboxPage, headers(
            ("ETag" = String, description = "For `If-None-Match`"),
            ("Link" = String, description = "`next` as a link (RFC 8288)"),
        )),
        NotModified, ReadProblems,
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(skip_all)]
async fn get_inbox(
    State(state): State<QueryState>,
    reader: Reader,
    Query(params): Query<ListParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let limit = limit(params.limit.as_deref())?;
    let parse = |text: &str| cursor::parse_inbox(reader.user_id, text).map(|(at, room)| (at.to_datetime(), room));
    let after = after(params.after.as_deref(), parse, NEWEST)?;
    let mut db = reader.db(&state).await?;
    let rows = store::inbox::inbox(&mut db, reader.user_id, after, limit + 1).await?;
    let place = |last: &InboxRow| cursor::inbox(reader.user_id, last.activity.into(), RoomId(last.room_id));
    let (rows, next) = page_of(rows, limit, place);
    let mut people: Vec<Uuid> = rows.iter().flat_map(|row| [row.author_id, row.other_id]).flatten().collect();
    people.sort_unstable();
    people.dedup();
    let users = names::read(&mut db, &people).await?;
    drop(db);
    let items = rows.into_iter().map(InboxItem::new).collect::<Result<_, _>>().map_err(Problem::internal)?;
    let link = next_link("/v1/inbox", limit, next.as_deref());
    answer(&headers, &InboxPage { items, users, next }, link)
}

impl InboxItem {
    fn new(row: InboxRow) -> Result<Self, serde_json::Error> {
        let joined = row.state == "joined";
        Ok(Self {
            room_id: row.room_id,
            kind: row.kind,
            name: row.name,
            other_id: row.other_id,
            archived: row.archived,
            member_count: row.member_count,
            membership: row.state,
            role: row.role,
            last_seq: joined.then_some(row.last_seq),
            rev: joined.then_some(row.rev),
            read_seq: joined.then_some(row.read_seq),
            unread: row.last_seq - row.read_seq - row.deleted,
            mentions: row.mentions,
            last_message: row.item.map(RawValue::from_string).transpose()?,
            last_activity_at: row.activity.into(),
        })
    }
}
