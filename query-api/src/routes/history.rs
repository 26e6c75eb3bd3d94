//! A room's messages, newest first, in pages.

use std::fmt::Write;

use api_kit::Problem;
use api_kit::extract::{Path, Query};
use axum::extract::{FromRequestParts, State};
use axum::response::Response;
use event_schema::{RoomId, Timestamp};
use http::header::VARY;
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{ParkedMark, stream, tagged};
use crate::access::{Reader, RoomPath, RoomReader};
use crate::item::MessagesPage;
use crate::openapi::{NotModified, ReadProblems, RoomProblems};
use crate::page::PageBody;
use crate::params::{At, HistoryParams, HistoryQuery};
use crate::state::QueryState;
use crate::store::SpanRead;
use crate::window::{Ahead, Place, Span, Window};
use crate::{cursor, etag, store};

pub(super) fn router() -> OpenApiRouter<QueryState> {
    OpenApiRouter::default().routes(routes!(list_messages))
}

/// Read a room's messages
///
/// Newest first. `next` leads to older messages, `prev` to newer ones; both stay right while people write, edit and
/// delete. `before`, `after` and `around` exclude each other; `from` and `to` go with `before` and `after`. A page ends at 2 MiB
/// of messages, with fewer than `limit` of them: what counts is whether there is a `next` or `prev`.
///
/// With `Accept: application/x-ndjson` the whole room (or the range of `from` and `to`) comes as a stream, a message a line,
/// oldest first, at the reader's own pace. Its last line is
/// `{"complete":true,"messages":N,"rev":R}`, or says with `"complete":false` and a `reason` why it ends early (a problem's
/// last word: `forbidden` for who is no member any more, or came back and may see less); a stream without such a line was cut.
/// What happened since it began is told by `changes` after `rev`.
#[utoipa::path(
    get,
    path = "/v1/rooms/{room}/messages",
    tag = "history",
    params(("room" = Uuid, Path, description = "The room"), HistoryParams),
    responses(
        (status = 200, description = "A page, or the whole room", content(
            (MessagesPage = "application/json"), (String = "application/x-ndjson")
        ), headers(
            ("ETag" = String, description = "For `If-None-Match`; pages only"),
            ("Link" = String, description = "`next` and `prev` as links (RFC 8288)"),
        )),
        NotModified, ReadProblems, RoomProblems,
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(skip_all, fields(room = %reader.room_id))]
async fn list_messages(
    State(state): State<QueryState>,
    // Before the reader, which reads.
    edition: etag::Edition,
    HistoryReader { mut reader, query, ahead }: HistoryReader,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let room = reader.room_id;
    if stream::is_wanted(&headers) {
        let window = within(&mut reader, &query).await?;
        return stream::stream(&state, reader, window).await;
    }
    let place = match query.at {
        At::Newest => Place::Newest,
        At::Before(seq) => Place::Before(seq),
        At::After(seq) => Place::After(seq),
        At::Around(message) => {
            let (settled, message) = reader.message(&state, message).await?;
            reader = settled;
            Place::Around(message.seq)
        }
    };
    let window = within(&mut reader, &query).await?;
    let span = window.span(place, query.limit);
    let (span, mut page) = match ahead {
        Some(((first, last), page)) if (first, last) == (span.first, span.last) => (span, page),
        _ => read(&mut reader, window, place, query.limit).await?,
    };
    let names = state.names_of(&mut reader.db, page.authors(), reader.reader.wants_fresh()).await?;
    metrics::counter!("query_api_pages_total", "at" => query.at.name()).increment(1);
    metrics::histogram!("query_api_page_items").record(u32::try_from(page.len()).unwrap_or(u32::MAX));

    let next = span.older.map(|seq| cursor::history(room, seq));
    let prev = span.newer.map(|seq| cursor::history(room, seq));
    let link = link(room, &query, next.as_deref(), prev.as_deref());
    let end = page.messages_end();
    let body = page.finish(names.iter().map(|(id, names)| (*id, &**names)), next.as_deref(), prev.as_deref());
    let etag = etag::of_page(edition, room, reader.room.rev, span, body.len(), &body[end..]);
    let mut response = tagged(&headers, body, etag, link);
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    Ok(response)
}

/// The page at a place: fewer messages than the limit where they are more bytes than a page may have.
async fn read(
    reader: &mut RoomReader,
    window: Window,
    place: Place,
    mut limit: i64,
) -> Result<(Span, PageBody), sqlx::Error> {
    loop {
        let span = window.span(place, limit);
        match store::messages(&mut reader.db, reader.room_id, span).await? {
            SpanRead::Page(page) => return Ok((span, page)),
            // The longest may be among those that are left: then once more.
            SpanRead::TooLarge { fit } => limit = fit.min(limit - 1).max(1),
        }
    }
}

/// A member of the room in the path, what they want to read of it, and messages that were read along with the room.
struct HistoryReader {
    reader: RoomReader,
    query: HistoryQuery,
    ahead: Option<((i64, i64), PageBody)>,
}

impl FromRequestParts<QueryState> for HistoryReader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &QueryState) -> Result<Self, Problem> {
        let reader = Reader::from_request_parts(parts, state).await?;
        let Path(RoomPath { room }) = Path::from_request_parts(parts, state).await?;
        let Query(params): Query<HistoryParams> = Query::from_request_parts(parts, state).await?;
        let (query, ahead) = if stream::is_wanted(&parts.headers) {
            (params.check_stream(room)?, None)
        } else {
            let query = params.check(room)?;
            (query, ahead_of(&query))
        };
        let (reader, ahead) = match ahead {
            None => (RoomReader::new(state, reader, room).await?, None),
            Some(ahead) => RoomReader::ahead(state, reader, room, ahead).await?,
        };
        if reader.room.parked {
            ParkedMark::set(parts);
        }
        Ok(Self { reader, query, ahead })
    }
}

/// What the page most likely holds, if that can be said before anything is read.
fn ahead_of(query: &HistoryQuery) -> Option<Ahead> {
    let limit = query.limit;
    match query.at {
        // What lies in a range of time must be looked up first.
        _ if query.from.is_some() || query.to.is_some() => None,
        At::Newest => Some(Ahead { before: i64::MAX, limit }),
        At::Before(before) => Some(Ahead { before, limit }),
        At::After(_) | At::Around(_) => None,
    }
}

/// The part of the window that lies in the range of time asked for.
async fn within(reader: &mut RoomReader, query: &HistoryQuery) -> Result<Window, Problem> {
    let window = reader.window;
    if query.from.is_none() && query.to.is_none() {
        return Ok(window);
    }
    let (from, to) = (query.from.map(Timestamp::to_datetime), query.to.map(Timestamp::to_datetime));
    let bounds = store::time_bounds(&mut reader.db, reader.room_id, from, to).await?;
    // Nothing is that new, or that old: an empty window.
    let (first, last) = (bounds.first.unwrap_or(window.last + 1), bounds.last.unwrap_or(0));
    Ok(Window { first: window.first.max(first), last: window.last.min(last) })
}

/// The same page as links, for clients that follow them without looking inside.
fn link(room: RoomId, query: &HistoryQuery, next: Option<&str>, prev: Option<&str>) -> Option<HeaderValue> {
    let mut links = String::new();
    for (side, relation, cursor) in [("before", "next", next), ("after", "prev", prev)] {
        let Some(cursor) = cursor else { continue };
        if !links.is_empty() {
            links.push_str(", ");
        }
        let _ = write!(links, "</v1/rooms/{room}/messages?limit={}&{side}={cursor}", query.limit);
        for (name, time) in [("from", query.from), ("to", query.to)] {
            if let Some(time) = time {
                let _ = write!(links, "&{name}={time}");
            }
        }
        let _ = write!(links, ">; rel=\"{relation}\"");
    }
    // Ids, cursors and times in UTC are plain ASCII.
    if links.is_empty() { None } else { HeaderValue::try_from(links).ok() }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn links_keep_what_was_asked_for() {
        let from = "2026-01-01T09:00:00+09:00".parse().expect("a time");
        let query = HistoryQuery { limit: 5, at: At::Newest, from: Some(from), to: None };
        let room = RoomId(Uuid::nil());
        let expected = "</v1/rooms/00000000-0000-0000-0000-000000000000/messages?limit=5&before=abc\
                        &from=2026-01-01T00:00:00.000000Z>; rel=\"next\"";
        assert_eq!(link(room, &query, Some("abc"), None), Some(HeaderValue::from_static(expected)));
        assert_eq!(link(room, &query, None, None), None);
    }
}
