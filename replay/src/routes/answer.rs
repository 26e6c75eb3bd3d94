//! What looking back answers, made of what was folded. Bounded, however large the room.

use event_schema::{RoomId, Timestamp, UserId};
use fold::{Item, Member, Room};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ArrayBuilder, ArrayItems, Schema};
use utoipa::openapi::{Ref, RefOr};

use crate::point_in_time::{Changed, Past, PastError, RoomDifference};

/// Members in an answer.
const MEMBERS: usize = 1_000;

/// A room as it was.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RoomAt {
    /// Which room.
    #[schema(value_type = Uuid)]
    room_id: RoomId,
    /// As of when.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Events of the room that made it so.
    events: u64,
    /// What it was.
    room: RoomFacts,
    /// Everybody who had to do with it, in the order of their ids: a thousand at most.
    members: Vec<MemberAt>,
    /// There are more members than these.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    more_members: bool,
    /// The newest messages, newest first, as members could read them then.
    #[schema(schema_with = messages)]
    messages: Vec<Item>,
}

/// A room's own facts.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RoomFacts {
    /// `direct`, `group` or `channel`.
    kind: &'static str,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// `open` or `invite`.
    join_rule: &'static str,
    /// `all` or `since_join`.
    history_visibility: &'static str,
    /// Nothing could be written any more.
    archived: bool,
    /// Its members.
    member_count: i64,
    /// The seq of the newest message.
    last_seq: i64,
    /// Its rev.
    rev: i64,
}

/// Somebody who had to do with a room.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MemberAt {
    /// Who.
    #[schema(value_type = Uuid)]
    user_id: UserId,
    /// `joined`, `invited`, `left` or `removed`.
    state: &'static str,
    /// The role.
    role: &'static str,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
}

/// What became of a room between two times.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RoomDiff {
    /// Which room.
    #[schema(value_type = Uuid)]
    room_id: RoomId,
    /// The earlier time.
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    /// The later time.
    #[schema(value_type = String, format = DateTime)]
    to: Timestamp,
    /// Facts about the room that changed.
    room: Vec<FactChange>,
    /// People whose state or role changed, in the order of their ids: a thousand at most.
    members: Vec<MemberChange>,
    /// More people changed than these.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    more_members: bool,
    /// Messages that are new or changed, in the order of their seq.
    messages: Vec<MessageChange>,
    /// More messages changed than these; they have a higher seq.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    more_messages: bool,
}

/// A fact about a room that changed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FactChange {
    /// Which: `name`, `join_rule`, `history_visibility`, `archived`, `member_count`, `last_seq` or `rev`.
    fact: &'static str,
    /// What it was; absent if the room was not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<String>,
    /// What it became.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<String>,
}

/// Somebody whose state or role changed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MemberChange {
    /// Who.
    #[schema(value_type = Uuid)]
    user_id: UserId,
    /// State and role before, like `joined as member`; absent of who is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<String>,
    /// State and role after.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<String>,
}

/// A message that is new or changed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MessageChange {
    /// As it was; absent of one that is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = message, required = false)]
    before: Option<Item>,
    /// As it became.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = message, required = false)]
    after: Option<Item>,
}

/// A message as history shows it. Its schema is the query API's, beside which alone these routes are served.
fn message() -> RefOr<Schema> {
    RefOr::Ref(Ref::from_schema_name("MessageItem"))
}

fn messages() -> RefOr<Schema> {
    let array = ArrayBuilder::new().items(ArrayItems::RefOrSchema(Box::new(message())));
    let array = array.description(Some("The newest messages, newest first, as members could read them then."));
    RefOr::T(Schema::Array(array.build()))
}

impl RoomAt {
    /// The room, if it was there; reads scratch files.
    pub(super) fn of(past: &Past, (room_id, at): (RoomId, Timestamp), limit: usize) -> Result<Option<Self>, PastError> {
        let Some(room) = past.room() else { return Ok(None) };
        let mut members = past.members();
        let more_members = members.len() > MEMBERS;
        members.truncate(MEMBERS);
        let mut messages = past.messages(limit)?;
        messages.reverse();
        Ok(Some(Self {
            room_id,
            at,
            events: past.events,
            room: RoomFacts::of(room),
            members: members.into_iter().map(MemberAt::of).collect(),
            more_members,
            messages,
        }))
    }
}

impl RoomFacts {
    fn of(room: &Room) -> Self {
        Self {
            kind: room.kind.as_str(),
            name: room.name.clone(),
            join_rule: room.join_rule.as_str(),
            history_visibility: room.history_visibility.as_str(),
            archived: room.archived,
            member_count: room.member_count.into(),
            last_seq: room.last_seq,
            rev: room.rev,
        }
    }
}

impl MemberAt {
    fn of((user_id, member): (UserId, Member)) -> Self {
        Self { user_id, state: member.state.as_str(), role: member.role.as_str(), since: member.since }
    }
}

impl RoomDiff {
    /// What became of the room; reads scratch files.
    pub(super) fn of(
        (earlier, later): (&Past, &Past),
        room_id: RoomId,
        (from, to): (Timestamp, Timestamp),
        limit: usize,
    ) -> Result<Option<Self>, PastError> {
        if later.room().is_none() {
            return Ok(None);
        }
        let RoomDifference { room, mut members, mut messages } = earlier.until(later, limit.saturating_add(1))?;
        let (more_members, more_messages) = (members.len() > MEMBERS, messages.len() > limit);
        members.truncate(MEMBERS);
        messages.truncate(limit);
        let room = room.into_iter().map(|(fact, Changed { before, after })| FactChange { fact, before, after });
        let members =
            members.into_iter().map(|(user_id, it)| MemberChange { user_id, before: it.before, after: it.after });
        let messages = messages.into_iter().map(|Changed { before, after }| MessageChange { before, after });
        Ok(Some(Self {
            room_id,
            from,
            to,
            room: room.collect(),
            members: members.collect(),
            more_members,
            messages: messages.collect(),
            more_messages,
        }))
    }
}
