//! What hangs on one message: what it said before, and its replies.

use api_kit::Problem;
use api_kit::extract::{Path, Query};
use axum::extract::State;
use axum::response::Response;
use event_schema::{MessageId, Timestamp};
use http::{HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{answer, next_link, page_of, rendered};
use crate::access::RoomReader;
use crate::cursor;
use crate::item::{MessagesPage, TextObject};
use crate::openapi::{NotModified, ReadProblems, RoomProblems};
use crate::page::PageBody;
use crate::params::{At, ListParams, ThreadParams, after, limit};
use crate::state::QueryState;
use crate::store::threads::EditRow;
use crate::store::{self, Bounded, MessageRow};

pub(super) fn router() -> OpenApiRouter<QueryState> {
    OpenApiRouter::default().routes(routes!(list_edits)).routes(routes!(list_replies))
}

#[derive(Deserialize)]
struct MessagePath {
    id: MessageId,
}

/// What a message said, the present content first.
#[derive(Debug, Serialize, ToSchema)]
struct EditsPage {
    /// The versions, newest first.
    items: Vec<Edit>,
    /// There are older versions: `after` this cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A version of a message.
#[derive(Debug, Serialize, ToSchema)]
struct Edit {
    /// 1 is what was first posted.
    version: i32,
    /// What it said.
    #[schema(value_type = TextObject)]
    content: Value,
    /// When it began to say so.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
}

/// Of a message as the projection renders it, what its newest version needs.
#[derive(Deserialize)]
struct Present {
    content: Option<Value>,
    created_at: Timestamp,
    edited_at: Option<Timestamp>,
    #[serde(default)]
    edits: i32,
}

/// Read what a message said before
///
/// Every version, the present one first. A deleted message has none.
#[utoipa::path(
    get,
    path = "/v1/rooms/{room}/messages/{id}/edits",
    tag = "history",
    params(
        ("room" = Uuid, Path, description = "The room"),
        ("id" = Uuid, Path, description = "The message"),
        ListParams,
    ),
    responses(
        (status = 200, description = "A page", body = EditsPage, headers(
            ("ETag" = String, description = "For `If-None-Match`"),
            ("Link" = String, description = "`next` as a link (RFC 8288)"),
        )),
        NotModified, ReadProblems, RoomProblems,
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(skip_all, fields(room = %reader.room_id))]
async fn list_edits(
    State(state): State<QueryState>,
    reader: RoomReader,
    Path(MessagePath { id }): Path<MessagePath>,
    Query(params): Query<ListParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let limit = limit(params.limit.as_deref())?;
    let after = after(params.after.as_deref(), |text| cursor::parse_edits(id, text), i32::MAX)?;
    let (mut reader, message) = reader.message(&state, id).await?;
    let present: Present = serde_json::from_str(&message.item).map_err(Problem::internal)?;
    // An edit that comes between the two statements is not half shown.
    let newest = present.edits + 1;
    let mut rows = Vec::new();
    if let Some(content) = present.content {
        if after > newest {
            let at = present.edited_at.unwrap_or(present.created_at);
            rows.push(EditRow { version: newest, content, at: at.to_datetime() });
        }
        rows.extend(
            store::threads::edits(&mut reader.db, reader.room_id, message.seq, after.min(newest), limit + 1).await?,
        );
    }
    let (rows, next) = page_of(rows, limit, |last| cursor::edits(id, last.version));
    let items = rows.into_iter().map(|row| Edit { version: row.version, content: row.content, at: row.at.into() });
    let link = next_link(format_args!("/v1/rooms/{}/messages/{id}/edits", reader.room_id), limit, next.as_deref());
    answer(&headers, &EditsPage { items: items.collect(), next }, link)
}

/// Read the replies to a message
///
/// Newest first, as in the history. `next` leads to older replies, `prev` to newer ones; `before` and `after` exclude each
/// other.
#[utoipa::path(
    get,
    path = "/v1/rooms/{room}/messages/{id}/replies",
    tag = "history",
    params(
        ("room" = Uuid, Path, description = "The room"),
        ("id" = Uuid, Path, description = "The message"),
        ThreadParams,
    ),
    responses(
        (status = 200, description = "A page", body = MessagesPage, headers(
            ("ETag" = String, description = "For `If-None-Match`"),
            ("Link" = String, description = "`next` and `prev` as links (RFC 8288)"),
        )),
        NotModified, ReadProblems, RoomProblems,
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(skip_all, fields(room = %reader.room_id))]
async fn list_replies(
    State(state): State<QueryState>,
    reader: RoomReader,
    Path(MessagePath { id }): Path<MessagePath>,
    Query(params): Query<ThreadParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (at, limit) = params.check(id)?;
    let (mut reader, message) = reader.message(&state, id).await?;
    let replies = Replies::read(&mut reader, message.seq, at, limit).await?;
    let mut page = PageBody::default();
    for row in &replies.rows {
        page.add(row.item.as_bytes(), [row.author_id]);
    }
    let names = state.names_of(&mut reader.db, page.authors(), reader.reader.wants_fresh()).await?;
    let next = replies.older.map(|seq| cursor::replies(id, seq));
    let prev = replies.newer.map(|seq| cursor::replies(id, seq));
    let path = format!("/v1/rooms/{}/messages/{id}/replies?limit={limit}", reader.room_id);
    let links: Vec<String> = [("before", "next", &next), ("after", "prev", &prev)]
        .into_iter()
        .filter_map(|(side, rel, cursor)| Some(format!("<{path}&{side}={}>; rel=\"{rel}\"", cursor.as_ref()?)))
        .collect();
    let link = if links.is_empty() { None } else { HeaderValue::try_from(links.join(", ")).ok() };
    let users = names.iter().map(|(id, names)| (*id, &**names));
    Ok(rendered(&headers, page.finish(users, next.as_deref(), prev.as_deref()), link))
}

/// A page of replies, newest first, and where its neighbours begin.
struct Replies {
    rows: Vec<MessageRow>,
    older: Option<i64>,
    newer: Option<i64>,
}

impl Replies {
    async fn read(reader: &mut RoomReader, reply_to: i64, at: At, limit: i64) -> Result<Self, sqlx::Error> {
        let (room, first) = (reader.room_id, reader.window.first);
        let most = usize::try_from(limit).unwrap_or(0);
        if let At::After(seq) = at {
            let read = store::threads::replies_after(&mut reader.db, room, reply_to, seq, limit + 1).await?;
            let (mut rows, newer) = first_of(read, most);
            rows.reverse();
            // The cursor itself stands at a reply: there are older ones than these.
            let older = Some(rows.last().map_or((seq + 1).min(cursor::LAST), |row| row.seq));
            return Ok(Self { rows, older, newer });
        }
        let before = if let At::Before(seq) = at { seq } else { i64::MAX };
        let bounds = (first, before);
        let read = store::threads::replies_before(&mut reader.db, room, reply_to, bounds, limit + 1).await?;
        let (rows, older) = first_of(read, most);
        let newer = (before < i64::MAX).then(|| rows.first().map_or((before - 1).max(0), |row| row.seq));
        Ok(Self { rows, older, newer })
    }
}

/// At most so many rows, and where those begin that follow.
fn first_of(read: Bounded<MessageRow>, most: usize) -> (Vec<MessageRow>, Option<i64>) {
    let Bounded { mut rows, cut } = read;
    let more = cut || rows.len() > most;
    rows.truncate(most);
    let next = rows.last().filter(|_| more).map(|row| row.seq);
    (rows, next)
}
