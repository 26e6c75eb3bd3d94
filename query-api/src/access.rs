//! Who may read: the extractor's *type* is the permission. A handler that takes none of these answers nobody.
//!
//! [`Reader`] is whoever has a valid token, [`RoomReader`] a member of the room in the path, [`RoomVisitor`] somebody
//! who may know that the room exists.

use api_kit::extract::{Path, Query};
use api_kit::{Caller, Problem};
use axum::extract::FromRequestParts;
use event_schema::room::MemberState;
use event_schema::{MessageId, RoomId, Topic, UserId};
use http::request::Parts;
use read_model::Position;
use read_model::parked;
use read_model::visibility::first_visible_seq;
use serde::Deserialize;
use uuid::Uuid;

use crate::page::PageBody;
use crate::read_consistency::Db;
use crate::routes::ParkedMark;
use crate::state::QueryState;
use crate::store::{self, MessageRow, RoomAhead, RoomRow};
use crate::window::{Ahead, Window};

/// Somebody with a valid token.
#[derive(Clone, Debug)]
pub struct Reader {
    pub user_id: UserId,
    /// As whom, in which session.
    pub caller: Caller,
    /// What the answer must include (`at_least`).
    pub position: Option<Position>,
}

/// A member of the room in the path.
#[derive(Debug)]
pub struct RoomReader {
    pub reader: Reader,
    pub room_id: RoomId,
    /// The room, and what the member is to it.
    pub room: RoomRow,
    /// The messages that this member may see.
    pub window: Window,
    /// Where the membership was read, and the rest of the answer is.
    pub(crate) db: Db,
}

/// Somebody who may know that the room in the path exists: a member, somebody invited, anybody if it is a public
/// channel.
#[derive(Clone, Debug)]
pub struct RoomVisitor {
    pub room_id: RoomId,
    /// The room, and what the visitor is to it.
    pub room: RoomRow,
}

#[derive(Deserialize)]
pub(crate) struct RoomPath {
    pub(crate) room: RoomId,
}

#[derive(Deserialize)]
struct AtLeast {
    at_least: Option<String>,
}

impl FromRequestParts<QueryState> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &QueryState) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let Query(AtLeast { at_least }) = Query::from_request_parts(parts, state).await?;
        let position = at_least.map(|text| text.parse()).transpose();
        let position = position.map_err(|error| Problem::invalid("at_least", format!("`at_least` is {error}")))?;
        Ok(Self { user_id: caller.user_id, caller, position })
    }
}

impl FromRequestParts<QueryState> for RoomReader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &QueryState) -> Result<Self, Problem> {
        let reader = Reader::from_request_parts(parts, state).await?;
        let Path(RoomPath { room }) = Path::from_request_parts(parts, state).await?;
        let found = Self::new(state, reader, room).await?;
        if found.room.parked {
            ParkedMark::set(parts);
        }
        Ok(found)
    }
}

impl FromRequestParts<QueryState> for RoomVisitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &QueryState) -> Result<Self, Problem> {
        let reader = Reader::from_request_parts(parts, state).await?;
        let Path(RoomPath { room: room_id }) = Path::from_request_parts(parts, state).await?;
        let (_, room) = visible(state, &reader, room_id, RoomRow::may_be_known).await?;
        if room.parked {
            ParkedMark::set(parts);
        }
        Ok(Self { room_id, room })
    }
}

impl Reader {
    /// They named a position: what is kept in memory without regard to positions may not answer.
    #[must_use]
    pub fn wants_fresh(&self) -> bool {
        self.position.is_some()
    }

    /// A connection to a state that includes what they named.
    pub(crate) async fn db(&self, state: &QueryState) -> Result<Db, Problem> {
        state.read_consistency().at_least(self.user_id, self.position.as_ref()).await
    }

    /// What they named may wait behind an event of the room that could not be processed: then the answer would be without it.
    async fn refuse_parked(&self, state: &QueryState, db: &mut Db, room: RoomId, row: &RoomRow) -> Result<(), Problem> {
        let Some(position) = self.position.as_ref().filter(|_| row.parked) else { return Ok(()) };
        let partition = state.context().kafka.partition_for(Topic::Rooms, &room.to_string()).await?;
        let Some(next) = position.offsets.get(&(Topic::Rooms, partition)) else { return Ok(()) };
        if parked::is_parked_before(&mut **db, Topic::Rooms.name(), room.0, *next).await? {
            return Err(Problem::parked());
        }
        Ok(())
    }

    /// A connection to a state that shows everything of a key, for whoever is about to be refused.
    pub(crate) async fn settled_db(&self, state: &QueryState, topic: Topic, key: Uuid) -> Result<Db, Problem> {
        state.read_consistency().wait_before_refusal(self.user_id, self.position.as_ref(), topic, key).await
    }
}

impl RoomReader {
    pub(crate) async fn new(state: &QueryState, reader: Reader, room_id: RoomId) -> Result<Self, Problem> {
        let (mut db, room) = visible(state, &reader, room_id, RoomRow::is_member).await?;
        reader.refuse_parked(state, &mut db, room_id, &room).await?;
        Ok(Self { reader, room_id, window: room.window(), room, db })
    }

    /// The same, with messages that were read along with the room, from one seq to another: the page, if it holds just them.
    pub(crate) async fn ahead(
        state: &QueryState,
        reader: Reader,
        room_id: RoomId,
        ahead: Ahead,
    ) -> Result<(Self, Option<((i64, i64), PageBody)>), Problem> {
        let mut db = reader.db(state).await?;
        let found = store::room_ahead(&mut db, room_id, reader.user_id, ahead).await?;
        if let Some(RoomAhead { room, read }) = found.filter(|found| found.room.is_member()) {
            reader.refuse_parked(state, &mut db, room_id, &room).await?;
            return Ok((Self { reader, room_id, window: room.window(), room, db }, read));
        }
        drop(db);
        let (db, room) = wait_before_refusal(state, &reader, room_id, RoomRow::is_member).await?;
        Ok((Self { reader, room_id, window: room.window(), room, db }, None))
    }

    /// The same member on a state that shows everything of the room, for whoever is about to be refused something in it.
    pub async fn wait_before_refusal(self, state: &QueryState) -> Result<Self, Problem> {
        // No connection is held while one waits.
        drop(self.db);
        let mut db = self.reader.settled_db(state, Topic::Rooms, self.room_id.0).await?;
        let room = store::room(&mut db, self.room_id, self.reader.user_id).await?;
        let room = room.filter(RoomRow::is_member).ok_or_else(Problem::not_found)?;
        Ok(Self { window: room.window(), room, db, ..self })
    }

    /// A message that this member may see; not found only after the read models have caught up.
    pub async fn message(mut self, state: &QueryState, id: MessageId) -> Result<(Self, MessageRow), Problem> {
        let found = store::message(&mut self.db, self.room_id, id).await?;
        if let Some(found) = found.filter(|found| self.window.contains(found.seq)) {
            return Ok((self, found));
        }
        // The room is read again as well: the message may be newer than it was then.
        self.wait_before_refusal(state).await?.recheck_message(id).await
    }

    async fn recheck_message(mut self, id: MessageId) -> Result<(Self, MessageRow), Problem> {
        let found = store::message(&mut self.db, self.room_id, id).await?;
        let found = found.filter(|found| self.window.contains(found.seq)).ok_or_else(Problem::not_found)?;
        Ok((self, found))
    }
}

/// The room, if it passes; refused only after the read models have caught up with the room's partition.
async fn visible(
    state: &QueryState,
    reader: &Reader,
    room: RoomId,
    passes: impl Fn(&RoomRow) -> bool,
) -> Result<(Db, RoomRow), Problem> {
    let mut db = reader.db(state).await?;
    if let Some(found) = store::room(&mut db, room, reader.user_id).await?.filter(&passes) {
        return Ok((db, found));
    }
    drop(db);
    wait_before_refusal(state, reader, room, passes).await
}

/// The same where a first look has not let it pass.
async fn wait_before_refusal(
    state: &QueryState,
    reader: &Reader,
    room: RoomId,
    passes: impl Fn(&RoomRow) -> bool,
) -> Result<(Db, RoomRow), Problem> {
    let mut db = reader.settled_db(state, Topic::Rooms, room.0).await?;
    match store::room(&mut db, room, reader.user_id).await? {
        Some(found) if passes(&found) => Ok((db, found)),
        // Whoever may know of the room is told why; to everybody else it does not exist.
        Some(found) if found.may_be_known() => Err(Problem::forbidden().detail("only members read this room")),
        _ => Err(Problem::not_found()),
    }
}

impl RoomRow {
    fn member_state(&self) -> Option<MemberState> {
        self.state.as_deref().and_then(MemberState::from_word)
    }

    /// Whether this person is a member now.
    #[must_use]
    pub fn is_member(&self) -> bool {
        self.member_state() == Some(MemberState::Joined)
    }

    /// Whether this person may know that the room exists.
    #[must_use]
    pub fn may_be_known(&self) -> bool {
        let is_public = self.kind == "channel" && self.join_rule == "open";
        is_public || matches!(self.member_state(), Some(MemberState::Joined | MemberState::Invited))
    }

    /// The messages that a member may see.
    #[must_use]
    pub fn window(&self) -> Window {
        let first = first_visible_seq(&self.history_visibility, self.join_seq, self.last_seq);
        Window { first, last: self.last_seq }
    }
}
