//! Folds a partition from its beginning without the tables: by the same fold and to the same bytes as the live one, in
//! bounded memory. Verifying, rebuilding and looking back are uses of it.
//!
//! What is asked for at every event (rooms, members, profiles) stays in memory; messages, reactions and what is known of
//! events lie on tapes, finished rows that a load or a comparison only has to read.

use std::collections::HashSet;
use std::io;
use std::path::Path;

use event_schema::rejection::Reason;
use event_schema::{Event, EventId, MessageId, RoomId, UserId};
use fold::{self, Changes, EmojiHash, FoldError, Member, Message, Needs, Outcome, Reaction, Room, Seen, State};
use uuid::Uuid;

use crate::append_file::AppendFile;
use crate::spill::Spill;
use crate::table::{self, Table};

/// Why a replay cannot go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReplayError {
    /// The scratch files; most likely the disk is full.
    #[error("the scratch files: {0}")]
    Scratch(#[from] io::Error),
    /// The event at this place of the batch has no outcome.
    #[error("{error}")]
    Fold { index: usize, error: FoldError },
    /// A row has no form.
    #[error(transparent)]
    Row(#[from] serde_json::Error),
}

/// The rows of one partition (or of some keys of it), as far as it is folded.
pub(crate) struct Replay {
    state: State,
    messages: Spill<32>,
    reactions: Spill<56>,
    seen: Spill<32>,
    rejections: Spill<32>,
    edits: AppendFile,
    changes: AppendFile,
    /// Deleted messages: of them nothing is kept in `message_edits` and `reactions`.
    wiped: HashSet<(Uuid, i64)>,
    /// For rows being written.
    row: Vec<u8>,
}

fn pair(first: Uuid, second: Uuid) -> [u8; 32] {
    let mut key = [0; 32];
    key[..16].copy_from_slice(first.as_bytes());
    key[16..].copy_from_slice(second.as_bytes());
    key
}

fn reaction_key(room: RoomId, seq: i64, user: UserId, emoji: &str) -> [u8; 56] {
    let mut key = [0; 56];
    key[..16].copy_from_slice(room.0.as_bytes());
    key[16..24].copy_from_slice(&seq.to_be_bytes());
    key[24..40].copy_from_slice(user.0.as_bytes());
    key[40..].copy_from_slice(&blake3::hash(emoji.as_bytes()).as_bytes()[..16]);
    key
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a row on a tape cannot be read back")
}

impl Replay {
    /// The beginning; tapes will lie in this folder.
    pub(crate) fn new(scratch: &Path) -> Self {
        Self {
            state: State::default(),
            messages: Spill::new(scratch),
            reactions: Spill::new(scratch),
            seen: Spill::new(scratch),
            rejections: Spill::new(scratch),
            edits: AppendFile::new(scratch),
            changes: AppendFile::new(scratch),
            wiped: HashSet::new(),
            row: Vec::new(),
        }
    }

    /// Folds the next events.
    pub(crate) fn fold(&mut self, events: &[Event]) -> Result<Vec<Outcome>, ReplayError> {
        let mut needs = Needs::default();
        for event in events {
            fold::needs(event, &mut needs);
        }
        self.load(self.state.missing(needs))?;
        let mut outcomes = Vec::with_capacity(events.len());
        for (index, event) in events.iter().enumerate() {
            let outcome = fold::fold(&mut self.state, event);
            outcomes.push(outcome.map_err(|error| ReplayError::Fold { index, error })?);
        }
        let changes = self.state.take_changes();
        self.keep(&changes)?;
        self.state.forget_bulk();
        Ok(outcomes)
    }

    /// What is not in memory and not on a tape does not exist.
    fn load(&mut self, missing: Needs) -> Result<(), ReplayError> {
        let Needs { rooms, members, messages, reactions, users, friends, receipts, seen, rejected } = missing;
        for key in rooms {
            self.state.rooms.load(key, None);
        }
        for key in members {
            self.state.members.load(key, None);
        }
        for key in users {
            self.state.users.load(key, None);
        }
        for key in friends {
            self.state.friends.load(key, None);
        }
        for key in receipts {
            self.state.receipts.load(key, None);
        }
        for key in messages {
            let found = self.message(key.0, key.1)?;
            self.state.messages.load(key, found);
        }
        for (room, message, user, emoji) in reactions {
            let found = self.reaction(room, message, user, &emoji)?;
            self.state.reactions.load((room, message, user, EmojiHash::of(&emoji)), found);
        }
        for key in rejected {
            let mut found = self.rejection(key)?;
            if found.is_none() && seen.contains(&key) {
                found = self.applied(key)?;
            }
            self.state.seen.load(key, found);
        }
        Ok(())
    }

    /// A room as it is now.
    pub(crate) fn room(&self, id: RoomId) -> Option<&Room> {
        self.state.rooms.get(&id).ok().flatten()
    }

    /// The members of the one room that is folded, in the order of their ids.
    pub(crate) fn members(&self) -> Vec<(UserId, Member)> {
        let mut members: Vec<_> = self.state.members.rows().map(|((_, user), it)| (*user, it.clone())).collect();
        members.sort_unstable_by_key(|(user, _)| *user);
        members
    }

    /// A message as it is now.
    pub(crate) fn message(&self, room: RoomId, message: MessageId) -> io::Result<Option<Message>> {
        let row = self.messages.get(&pair(room.0, message.0))?;
        row.map(|row| table::read_message(&row).ok_or_else(damaged)).transpose()
    }

    fn reaction(&self, room: RoomId, id: MessageId, user: UserId, emoji: &str) -> io::Result<Option<Reaction>> {
        let seq = match self.state.messages.get(&(room, id)) {
            Ok(Some(message)) => message.seq,
            _ => return Ok(None),
        };
        let row = self.reactions.get(&reaction_key(room, seq, user, emoji))?;
        let reaction = |row: Vec<u8>| Some(Reaction { message_id: id, seq, rev: table::last_bigint(&row)? });
        row.map(|row| reaction(row).ok_or_else(damaged)).transpose()
    }

    fn rejection(&self, (key, event): (Uuid, EventId)) -> io::Result<Option<Seen>> {
        let row = self.rejections.get(&pair(key, event.0))?;
        let seen = |row: Vec<u8>| Reason::from_word(&table::last_text(&row)?).map(Seen::Rejected);
        row.map(|row| seen(row).ok_or_else(damaged)).transpose()
    }

    fn applied(&self, (key, event): (Uuid, EventId)) -> io::Result<Option<Seen>> {
        let row = self.seen.get(&pair(key, event.0))?;
        let seen = |row: Vec<u8>| Some(Seen::Applied { rev: table::last_bigint(&row)? });
        row.map(|row| seen(row).ok_or_else(damaged)).transpose()
    }

    /// Takes over what the state will forget, in the order in which the live fold writes it.
    fn keep(&mut self, changes: &Changes) -> Result<(), ReplayError> {
        let row = &mut self.row;
        for ((room, id), message) in &changes.messages {
            table::message(row, message)?;
            self.messages.put(&pair(room.0, id.0), row)?;
        }
        for edit in &changes.edits {
            table::edit(row, edit)?;
            self.edits.append(&[edit.room_id.0.as_bytes(), &edit.seq.to_be_bytes(), row])?;
        }
        for (room, seq, user, emoji) in &changes.reactions_removed {
            self.reactions.remove(&reaction_key(*room, *seq, *user, emoji))?;
        }
        for (room, user, emoji, reaction) in &changes.reactions_added {
            table::reaction(row, *room, *user, emoji, reaction);
            self.reactions.put(&reaction_key(*room, reaction.seq, *user, emoji), row)?;
        }
        self.wiped.extend(changes.wiped.iter().map(|(room, seq)| (room.0, *seq)));
        for change in &changes.changes {
            table::change(row, change);
            self.changes.append(&[row])?;
        }
        for (key, event, rev) in &changes.seen {
            table::seen(row, *key, *event, *rev);
            self.seen.put(&pair(*key, event.0), row)?;
        }
        for rejection in &changes.rejections {
            table::rejection(row, rejection);
            self.rejections.put(&pair(rejection.key, rejection.event_id.0), row)?;
        }
        Ok(())
    }

    /// Every row of a table, as binary COPY has it.
    pub(crate) fn rows<E: From<io::Error>>(
        &self,
        table: Table,
        mut each: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut row = Vec::new();
        match table {
            Table::Users => self.state.users.rows().try_for_each(|(id, user)| {
                table::user(&mut row, *id, user);
                each(&row)
            }),
            Table::Friends => self.state.friends.rows().try_for_each(|(key, friend)| {
                table::friend(&mut row, *key, *friend);
                each(&row)
            }),
            Table::Rooms => self.state.rooms.rows().try_for_each(|(id, room)| {
                table::room(&mut row, *id, room);
                each(&row)
            }),
            Table::RoomMembers => self.state.members.rows().try_for_each(|(key, member)| {
                table::member(&mut row, *key, member);
                each(&row)
            }),
            Table::Receipts => self.state.receipts.rows().try_for_each(|(key, receipt)| {
                table::receipt(&mut row, *key, *receipt);
                each(&row)
            }),
            Table::Messages => self.messages.each(each),
            Table::Reactions => {
                self.reactions.each(|row| if self.is_wiped(field_key(row)) { Ok(()) } else { each(row) })
            }
            Table::MessageEdits => self.kept_edits(each),
            Table::Changes => {
                let mut records = self.changes.records();
                while let Some((_, row)) = records.next()? {
                    each(row)?;
                }
                Ok(())
            }
            Table::Rejections => self.rejections.each(each),
            Table::SeenEvents => self.seen.each(each),
        }
    }

    fn kept_edits<E: From<io::Error>>(&self, mut each: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        let mut records = self.edits.records();
        while let Some((_, record)) = records.next()? {
            let (key, row) = record.split_first_chunk::<24>().ok_or_else(damaged)?;
            if !self.is_wiped(room_and_seq(key)) {
                each(row)?;
            }
        }
        Ok(())
    }

    fn is_wiped(&self, message: Option<(Uuid, i64)>) -> bool {
        message.is_some_and(|message| self.wiped.contains(&message))
    }
}

fn room_and_seq(key: &[u8; 24]) -> Option<(Uuid, i64)> {
    let (room, seq) = key.split_first_chunk::<16>()?;
    Some((Uuid::from_bytes(*room), i64::from_be_bytes(*seq.first_chunk()?)))
}

/// Room and seq, the first fields of a row.
fn field_key(row: &[u8]) -> Option<(Uuid, i64)> {
    let fields = crate::copy_encoder::fields(row)?;
    let room = Uuid::from_slice((*fields.first()?)?).ok()?;
    Some((room, i64::from_be_bytes((*fields.get(1)?)?.try_into().ok()?)))
}
