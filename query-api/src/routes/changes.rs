//! What happened in a room since a rev: how a client catches up after it was away.

use std::collections::{BTreeMap, HashMap};
use std::io::Write as _;

use api_kit::Problem;
use api_kit::extract::{Query, invalid};
use axum::extract::State;
use axum::response::Response;
use event_schema::Timestamp;
use http::HeaderMap;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::rendered;
use crate::access::RoomReader;
use crate::item::{MessageItem, NamesItem};
use crate::openapi::{NotModified, ReadProblems, RoomProblems};
use crate::params::ChangesParams;
use crate::state::QueryState;
use crate::store::changes::{ChangeRow, RoomStateRow, SubjectRow};
use crate::store::{self, Bounded, MessageRow, RoomRow};
use crate::timeline::{Happening, Timeline};

pub(super) fn router() -> OpenApiRouter<QueryState> {
    OpenApiRouter::default().routes(routes!(list_changes))
}

/// What happened in a room, in order.
#[derive(Debug, ToSchema)]
#[schema(as = ChangesPage)]
#[expect(dead_code, reason = "written by hand, because it holds messages that are rendered already; this documents it")]
struct ChangesPage {
    /// What happened, each rev once, in order.
    items: Vec<ChangeItem>,
    /// The names of those who wrote the messages and of the members, by id.
    users: BTreeMap<Uuid, NamesItem>,
    /// The last rev of the answer: what to ask with next as `after_rev`.
    rev: i64,
    /// There are further revs.
    more: bool,
}

/// Something that happened. Its subject is shown as it is now, not as it was then: whoever has a newer version of a message
/// (by its `rev`) keeps that.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "as above")]
#[schema(as = Change)]
struct ChangeItem {
    /// The room's rev of it.
    rev: i64,
    /// The event's type without `chat.`: `message.posted`, `message.edited`, `message.deleted`, `message.reaction_added`,
    /// `message.reaction_removed`, `room.created`, `room.renamed`, `room.archived`, `room.member_joined` and so on; `hidden`
    /// where it is about a message that the reader may not see. Others may join.
    r#type: String,
    /// The message that it is about.
    message: Option<MessageItem>,
    /// The person that it is about.
    member: Option<ChangedMember>,
    /// The room, if it is about the room itself.
    room: Option<ChangedRoom>,
    /// The id of the event that was given up (`room.event_dropped`).
    event_id: Option<Uuid>,
}

/// What somebody is to the room now.
#[derive(Debug, Serialize, ToSchema)]
struct ChangedMember {
    /// Who.
    user_id: Uuid,
    /// `joined`, `invited`, `left` or `removed`.
    state: String,
    /// `member`, `moderator` or `owner`.
    role: String,
    /// Since when it is so.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
}

/// The room as it is now.
#[derive(Debug, Serialize, ToSchema)]
struct ChangedRoom {
    /// Its name; direct rooms have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Closed: it can be read, not written.
    archived: bool,
    /// How many members it has.
    member_count: i32,
}

/// Read what happened in a room since a rev
///
/// Complete and in order: each rev after `after_rev` once, as far as `limit` goes. A client that was away asks with the
/// last rev that it saw, then with the `rev` of each answer until `more` is false. Subjects are shown as they are now.
#[utoipa::path(
    get,
    path = "/v1/rooms/{room}/changes",
    tag = "history",
    params(("room" = Uuid, Path, description = "The room"), ChangesParams),
    responses(
        (status = 200, description = "What happened", body = ChangesPage, headers(
            ("ETag" = String, description = "For `If-None-Match`"),
        )),
        NotModified, ReadProblems, RoomProblems,
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(skip_all, fields(room = %reader.room_id))]
async fn list_changes(
    State(state): State<QueryState>,
    mut reader: RoomReader,
    Query(params): Query<ChangesParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (after, limit) = params.check()?;
    if after > reader.room.rev {
        // The reader has seen what these tables do not show yet, or never was.
        reader = reader.wait_before_refusal(&state).await?;
    }
    let newest = reader.room.rev;
    if after > newest {
        return Err(invalid("after_rev", format!("is beyond the room's last rev, {newest}")));
    }
    let mut to = newest.min(after.saturating_add(limit));
    let (rows, subjects) = loop {
        let rows = match to - after {
            0 => Vec::new(),
            _ => store::changes::changes(&mut reader.db, reader.room_id, after, to).await?,
        };
        // Half as many where their messages are more bytes than an answer may have.
        match Subjects::read(&mut reader, Timeline::new(&rows, after, to), &rows).await? {
            Some(subjects) => break (rows, subjects),
            None => to = after + (to - after) / 2,
        }
    };
    let timeline = Timeline::new(&rows, after, to);
    let people = subjects.people();
    let users = state.names_of(&mut reader.db, &people, reader.reader.wants_fresh()).await?;

    let mut body = br#"{"items":["#.to_vec();
    for (index, (rev, happening)) in timeline.revs().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        subjects.write(&mut body, rev, happening, &reader).map_err(Problem::internal)?;
    }
    body.extend_from_slice(br#"],"users":{"#);
    for (index, (user, names)) in users.iter().enumerate() {
        let comma = if index > 0 { "," } else { "" };
        write!(body, r#"{comma}"{user}":{names}"#).map_err(Problem::internal)?;
    }
    write!(body, r#"}},"rev":{to},"more":{}}}"#, to < newest).map_err(Problem::internal)?;
    Ok(rendered(&headers, body.into(), None))
}

/// What the happenings are about, as it is now.
struct Subjects {
    posts: Vec<MessageRow>,
    messages: HashMap<Uuid, SubjectRow>,
    members: HashMap<Uuid, RoomStateRow>,
}

impl Subjects {
    /// `None` if they are too many bytes; of one rev they never are.
    async fn read(
        reader: &mut RoomReader,
        timeline: Timeline<'_>,
        rows: &[ChangeRow],
    ) -> Result<Option<Self>, sqlx::Error> {
        let (room, db) = (reader.room_id, &mut reader.db);
        let of = |kind: &str| -> Vec<Uuid> {
            let of_kind = rows.iter().filter(|row| row.kind.starts_with(kind));
            let mut ids: Vec<Uuid> = of_kind.map(|row| row.subject_id).collect();
            ids.sort_unstable();
            ids.dedup();
            ids
        };
        let posts = match timeline.posts() {
            Some(range) => store::changes::posts(db, room, *range.start(), *range.end()).await?,
            None => Bounded { rows: Vec::new(), cut: false },
        };
        let (changed, people) = (of("message."), of("room.member_"));
        let messages = match changed[..] {
            [] => Bounded { rows: Vec::new(), cut: false },
            _ => store::changes::messages(db, room, &changed).await?,
        };
        if posts.cut || messages.cut {
            return Ok(None);
        }
        let members = match people[..] {
            [] => Vec::new(),
            _ => store::changes::standings(db, room, &people).await?,
        };
        // What the reader may not see does not exist, and so nobody who wrote it is named.
        let first = reader.window.first;
        Ok(Some(Self {
            posts: posts.rows.into_iter().filter(|row| row.seq >= first).collect(),
            messages: messages
                .rows
                .into_iter()
                .filter(|row| row.seq >= first)
                .map(|row| (row.message_id, row))
                .collect(),
            members: members.into_iter().map(|row| (row.user_id, row)).collect(),
        }))
    }

    /// Everybody who appears, each once, in the order of their ids.
    fn people(&self) -> Vec<Uuid> {
        let authors = self.posts.iter().map(|row| row.author_id).chain(self.messages.values().map(|row| row.author_id));
        let mut people: Vec<Uuid> = authors.chain(self.members.keys().copied()).collect();
        people.sort_unstable();
        people.dedup();
        people
    }

    fn write(
        &self,
        body: &mut Vec<u8>,
        rev: i64,
        happening: Happening<'_>,
        reader: &RoomReader,
    ) -> Result<(), std::io::Error> {
        let (kind, message) = match happening {
            Happening::Post(seq) => {
                let found = self.posts.binary_search_by_key(&seq, |row| row.seq).ok().map(|at| &self.posts[at]);
                ("message.posted", found.map(|row| (row.seq, row.item.as_str())))
            }
            Happening::Change(row) => {
                let found = self.messages.get(&row.subject_id);
                (row.kind.as_str(), found.map(|row| (row.seq, row.item.as_str())))
            }
        };
        let of_message = kind.starts_with("message.");
        let message = message.filter(|_| of_message);
        // A type is a word of the platform's own.
        let shown = if of_message && message.is_none() { "hidden" } else { kind };
        write!(body, r#"{{"rev":{rev},"type":"{shown}""#)?;
        if let Some((_, item)) = message {
            write!(body, r#","message":{item}"#)?;
        } else if let Happening::Change(row) = happening {
            self.write_other(body, row, &reader.room)?;
        }
        body.push(b'}');
        Ok(())
    }

    /// What is not about a message.
    fn write_other(&self, body: &mut Vec<u8>, row: &ChangeRow, room: &RoomRow) -> Result<(), std::io::Error> {
        match row.kind.as_str() {
            kind if kind.starts_with("message.") => {}
            kind if kind.starts_with("room.member_") => {
                if let Some(found) = self.members.get(&row.subject_id).cloned() {
                    let RoomStateRow { user_id, state, role, since } = found;
                    body.extend_from_slice(br#","member":"#);
                    serde_json::to_writer(body, &ChangedMember { user_id, state, role, since: since.into() })?;
                }
            }
            "room.event_dropped" => write!(body, r#","event_id":"{}""#, row.subject_id)?,
            _ => {
                let (name, archived, member_count) = (room.name.clone(), room.archived, room.member_count);
                body.extend_from_slice(br#","room":"#);
                serde_json::to_writer(body, &ChangedRoom { name, archived, member_count })?;
            }
        }
        Ok(())
    }
}
