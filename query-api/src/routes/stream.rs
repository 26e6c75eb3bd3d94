//! A whole room as lines of JSON (NDJSON), for exports and archives.
//!
//! From the oldest message to the newest there was when the stream began: whoever keeps the lines has the room in its order,
//! and what happens meanwhile follows with `changes`. Each slice is read on a connection of its own, after a fresh look at
//! the membership, and only when the client has taken the one before: a slow reader costs one slice of memory and nothing
//! else, and no transaction is held while somebody downloads. The last line tells whether the stream is complete.

use std::convert::Infallible;

use api_kit::admission::Admitted;
use api_kit::{Problem, SessionWatch};
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use event_schema::RoomId;
use futures::StreamExt as _;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderValue};
use serde::Serialize;

use crate::access::{Reader, RoomReader};
use crate::state::QueryState;
use crate::store::stream::Slice;
use crate::store::{self, RoomRow};
use crate::window::Window;

/// The media type of the stream.
pub(super) const NDJSON: &str = "application/x-ndjson";
/// A slice is full with so many bytes; one message more may fit.
const SLICE_BYTES: usize = 256 * 1024;
/// The most messages of a slice.
const SLICE_MESSAGES: i64 = 1_000;
/// How many are asked for before it is known how long they are.
const FIRST_MESSAGES: i64 = 128;

/// Whether the client names this media type.
pub(super) fn is_wanted(headers: &HeaderMap) -> bool {
    let named = |range: &str| {
        let mut parts = range.split(';').map(str::trim);
        parts.next().is_some_and(|name| name.eq_ignore_ascii_case(NDJSON))
            && !parts.any(|parameter| matches!(parameter, "q=0" | "q=0.0"))
    };
    let values = headers.get_all(http::header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(named)
}

#[derive(Debug, Serialize)]
struct End {
    /// Whether every message of the room, or of the range asked for, stands before this line.
    complete: bool,
    /// How many messages do.
    messages: i64,
    /// The room's rev when the stream began: `changes` after it tell what happened since.
    rev: i64,
    /// Why it is not complete: the last word of a problem's type.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// Where a stream is.
struct Walk {
    state: QueryState,
    reader: Reader,
    room: RoomId,
    left: Window,
    rev: i64,
    messages: i64,
    /// How many messages make it complete: every seq has one.
    all: i64,
    /// How many messages to ask for next.
    limit: i64,
    ended: bool,
    session: SessionWatch,
    _leave: Admitted,
}

/// The messages of a window as a stream.
pub(super) async fn stream(state: &QueryState, reader: RoomReader, window: Window) -> Result<Response, Problem> {
    let leave = state.streams().enter(reader.reader.user_id)?;
    let session = state.context().access.watch(&reader.reader.caller).await;
    metrics::counter!("query_api_streams_total").increment(1);
    let walk = Walk {
        state: state.clone(),
        room: reader.room_id,
        left: window,
        rev: reader.room.rev,
        messages: 0,
        all: (window.last - window.first + 1).max(0),
        limit: FIRST_MESSAGES,
        ended: false,
        session,
        _leave: leave,
        reader: reader.reader,
    };
    // Compression asks once more after the end.
    let lines = futures::stream::unfold(walk, |walk| async move { walk.step().await }).fuse();
    let mut response = Body::from_stream(lines).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(NDJSON));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.insert(VARY, HeaderValue::from_static("accept"));
    Ok(response)
}

impl Walk {
    /// The next lines. Called when the client has taken those before.
    async fn step(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        if self.ended {
            return None;
        }
        let lines = match self.slice().await {
            Ok(Some(slice)) => slice.lines,
            Ok(None) => self.end(None),
            Err(problem) => self.end(Some(problem.slug().to_owned())),
        };
        Some((Ok(lines.into()), self))
    }

    /// The next messages; none after the last.
    async fn slice(&mut self) -> Result<Option<Slice>, Problem> {
        if self.left.is_empty() {
            return Ok(None);
        }
        if self.state.context().lifecycle.soft().is_cancelled() {
            return Err(Problem::unavailable());
        }
        if self.session.has_ended() {
            return Err(Problem::unauthorized());
        }
        let mut db = self.state.read_consistency().at_least(self.reader.user_id, None).await?;
        let room = store::room(&mut db, self.room, self.reader.user_id).await?;
        let room = room.filter(RoomRow::is_member).ok_or_else(Problem::forbidden)?;
        // Somebody who left and came back may see less than before: what comes next, or anything at all.
        if room.window().first > self.left.first {
            return Err(Problem::forbidden());
        }
        let range = (self.left.first, self.left.last);
        let slice = store::stream::slice(&mut db, self.room, range, self.limit, SLICE_BYTES).await?;
        if slice.messages == 0 {
            return Ok(None);
        }
        self.left.first = slice.last_seq + 1;
        self.messages += slice.messages;
        // Where messages are long, fewer are asked for, so that little is read in vain.
        self.limit = (slice.messages * 2).clamp(16, SLICE_MESSAGES);
        Ok(Some(slice))
    }

    fn end(&mut self, reason: Option<String>) -> Vec<u8> {
        self.ended = true;
        // Wherever a row was missing, nobody keeps the lines as the whole room.
        let missing = || {
            let (room, messages, all) = (self.room, self.messages, self.all);
            Problem::internal(format!("room {room} has {messages} of {all} messages")).slug().to_owned()
        };
        let reason = reason.or_else(|| (self.messages != self.all).then(missing));
        let end = End { complete: reason.is_none(), messages: self.messages, rev: self.rev, reason };
        let mut line = serde_json::to_vec(&end).unwrap_or_default();
        line.push(b'\n');
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(accept: &'static str) -> bool {
        is_wanted(&HeaderMap::from_iter([(http::header::ACCEPT, HeaderValue::from_static(accept))]))
    }

    #[test]
    fn only_who_names_it_gets_a_stream() {
        assert!(wanted("application/x-ndjson"));
        assert!(wanted("text/html, Application/X-NDJSON;q=0.5"));
        assert!(!wanted("application/x-ndjson;q=0"));
        assert!(!wanted("*/*"));
        assert!(!wanted("application/json"));
    }
}
