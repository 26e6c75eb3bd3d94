//! What happens to a message once it is posted: edited, deleted, reacted to. And how far somebody has read.

use event_schema::message::{Deleted, Edited, ReactionAdded, ReactionRemoved};
use event_schema::receipt::ReadUpTo;
use event_schema::rejection::Reason;
use event_schema::rules::Action;
use event_schema::{MessageId, Text, UserId, limits};
use unicode_normalization::UnicodeNormalization as _;

use super::{Decision, Refusal, RoomView, standing};
use crate::validate::Invalid;

/// What the read model says of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageView {
    pub author: UserId,
    /// What it says, if it is not deleted.
    pub content: Option<Text>,
    /// Its place is left, its content is gone.
    pub deleted: bool,
    /// The different emoji on it.
    pub emoji: Vec<String>,
    /// Whether the emoji that a command is about is there from the caller.
    pub reacted: bool,
}

/// A message in its room.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    pub room: Option<&'a RoomView>,
    pub id: MessageId,
    /// The message, where there is one.
    pub message: Option<&'a MessageView>,
}

impl Target<'_> {
    /// The message, if the caller may do this to it. Whether there is one is told to those only who may act at all.
    fn permit(&self, caller: UserId, own: Action, others: Action) -> Result<&MessageView, Refusal> {
        let room = self.room.ok_or(Refusal::RoomNotFound)?;
        let Some(message) = self.message else {
            if !standing(room.caller).is_member() {
                room.permit(own)?;
            }
            return Err(Refusal::MessageNotFound);
        };
        room.permit(if message.author == caller { own } else { others })?;
        Ok(message)
    }
}

/// `PATCH …/messages/{id}`: the author says it otherwise.
pub fn edit(target: Target<'_>, caller: UserId, text: &str) -> Result<Decision, Refusal> {
    let message = target.permit(caller, Action::EditOwn, Action::EditOthers)?;
    if message.deleted {
        return Err(Refusal::Rejected(Reason::MessageDeleted));
    }
    let content = Text::Markdown(text.to_owned());
    if message.content.as_ref() == Some(&content) {
        return Ok(Decision::Unchanged);
    }
    Ok(Decision::Emit(Edited { message_id: target.id, content, mentions: Vec::new() }.into()))
}

/// `DELETE …/messages/{id}`: the author or a moderator takes it away.
pub fn delete(target: Target<'_>, caller: UserId) -> Result<Decision, Refusal> {
    let message = target.permit(caller, Action::DeleteOwn, Action::DeleteOthers)?;
    if message.deleted {
        return Ok(Decision::Unchanged);
    }
    Ok(Decision::Emit(Deleted { message_id: target.id }.into()))
}

/// `PUT …/reactions/{emoji}`.
pub fn react(target: Target<'_>, caller: UserId, emoji: &str) -> Result<Decision, Refusal> {
    let message = reactable(&target, caller)?;
    if message.reacted {
        return Ok(Decision::Unchanged);
    }
    if message.emoji.len() >= limits::EMOJI_PER_MESSAGE && !message.emoji.iter().any(|known| known == emoji) {
        return Err(Refusal::Rejected(Reason::EmojiLimit));
    }
    Ok(Decision::Emit(ReactionAdded { message_id: target.id, emoji: emoji.to_owned() }.into()))
}

/// `DELETE …/reactions/{emoji}`.
pub fn unreact(target: Target<'_>, caller: UserId, emoji: &str) -> Result<Decision, Refusal> {
    let message = reactable(&target, caller)?;
    if !message.reacted {
        return Ok(Decision::Unchanged);
    }
    Ok(Decision::Emit(ReactionRemoved { message_id: target.id, emoji: emoji.to_owned() }.into()))
}

fn reactable<'a>(target: &'a Target<'_>, caller: UserId) -> Result<&'a MessageView, Refusal> {
    let message = target.permit(caller, Action::React, Action::React)?;
    if message.deleted { Err(Refusal::Rejected(Reason::MessageDeleted)) } else { Ok(message) }
}

/// An emoji (or a short word) in the form in which two of them are the same.
pub fn emoji(field: &str, written: &str) -> Result<String, Invalid> {
    // Composing makes at most three bytes of one: this bounds the work before the limit is looked at.
    if written.len() > 3 * limits::EMOJI_BYTES {
        return Err(Invalid::over(field, limits::EMOJI_BYTES, "bytes"));
    }
    let emoji: String = written.nfc().collect();
    if emoji.len() > limits::EMOJI_BYTES {
        return Err(Invalid::over(field, limits::EMOJI_BYTES, "bytes"));
    }
    if emoji.is_empty() {
        return Err(Invalid::new(field, "is empty"));
    }
    if emoji.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(Invalid::new(field, "contains a space or a control character"));
    }
    Ok(emoji)
}

/// How far the caller has read a room, and how far one can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The room's last message.
    pub last_seq: u64,
    pub read_seq: u64,
}

/// Why a read mark is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// The room says no.
    Refused(Refusal),
    /// There is no such message yet; the last one is this.
    Beyond(u64),
}

/// `PUT …/read`: the mark only goes on.
pub fn read(room: Option<(&RoomView, Reading)>, up_to_seq: u64) -> Result<Decision, Unread> {
    let (room, reading) = room.ok_or(Unread::Refused(Refusal::RoomNotFound))?;
    room.permit(Action::Read).map_err(Unread::Refused)?;
    if up_to_seq > reading.last_seq {
        return Err(Unread::Beyond(reading.last_seq));
    }
    if up_to_seq <= reading.read_seq {
        return Ok(Decision::Unchanged);
    }
    Ok(Decision::Emit(ReadUpTo { up_to_seq }.into()))
}

#[cfg(test)]
mod tests {
    use event_schema::Payload;
    use event_schema::room::Role;
    use event_schema::room::RoomKind::{Channel, Direct, Group};
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::super::given::room;
    use super::*;

    const AUTHOR: UserId = UserId(Uuid::from_u128(1));
    const OTHER: UserId = UserId(Uuid::from_u128(2));
    const ID: MessageId = MessageId(Uuid::from_u128(9));

    fn message() -> MessageView {
        MessageView {
            author: AUTHOR,
            content: Some(Text::Markdown("one".into())),
            deleted: false,
            emoji: Vec::new(),
            reacted: false,
        }
    }

    fn deleted() -> MessageView {
        MessageView { content: None, deleted: true, ..message() }
    }

    fn target<'a>(room: &'a RoomView, message: &'a MessageView) -> Target<'a> {
        Target { room: Some(room), id: ID, message: Some(message) }
    }

    #[track_caller]
    fn emits(decision: Result<Decision, Refusal>, payload: impl Into<Payload>) {
        assert_eq!(decision.expect("not refused"), Decision::Emit(payload.into()));
    }

    #[test]
    fn authors_edit_and_nobody_else_does() {
        let edited =
            |text: &str| Edited { message_id: ID, content: Text::Markdown(text.to_owned()), mentions: Vec::new() };
        for kind in [Direct, Group, Channel] {
            let member = room(kind).caller("joined", Role::Member);
            emits(edit(target(&member, &message()), AUTHOR, "two"), edited("two"));
            for role in Role::ALL {
                let room = room(kind).caller("joined", *role);
                assert_eq!(edit(target(&room, &message()), OTHER, "two"), Err(Refusal::Forbidden), "{role}");
            }
        }
    }

    #[test]
    fn saying_the_same_again_changes_nothing() {
        let member = room(Group).caller("joined", Role::Member);
        assert_eq!(edit(target(&member, &message()), AUTHOR, "one"), Ok(Decision::Unchanged));
        let plain = MessageView { content: Some(Text::Plain("one".into())), ..message() };
        assert!(matches!(edit(target(&member, &plain), AUTHOR, "one"), Ok(Decision::Emit(_))), "another format");
    }

    #[test]
    fn authors_and_moderators_delete() {
        let gone = Deleted { message_id: ID };
        let as_role = |role| room(Group).caller("joined", role);
        emits(delete(target(&as_role(Role::Member), &message()), AUTHOR), gone.clone());
        emits(delete(target(&as_role(Role::Moderator), &message()), OTHER), gone.clone());
        emits(delete(target(&as_role(Role::Owner), &message()), OTHER), gone);
        assert_eq!(delete(target(&as_role(Role::Member), &message()), OTHER), Err(Refusal::Forbidden));
        let direct = room(Direct).caller("joined", Role::Member);
        assert_eq!(delete(target(&direct, &message()), OTHER), Err(Refusal::Forbidden));
    }

    #[test]
    fn what_is_deleted_stays_so() {
        let owner = room(Group).caller("joined", Role::Owner);
        assert_eq!(delete(target(&owner, &deleted()), AUTHOR), Ok(Decision::Unchanged));
        let refused = Refusal::Rejected(Reason::MessageDeleted);
        assert_eq!(edit(target(&owner, &deleted()), AUTHOR, "two"), Err(refused));
        assert_eq!(react(target(&owner, &deleted()), AUTHOR, "👍"), Err(refused));
        assert_eq!(unreact(target(&owner, &deleted()), AUTHOR, "👍"), Err(refused));
        let member = room(Group).caller("joined", Role::Member);
        assert_eq!(delete(target(&member, &deleted()), OTHER), Err(Refusal::Forbidden), "not even to say so");
    }

    #[test]
    fn an_archived_room_is_read_only_but_can_be_tidied() {
        let archived = |role| room(Group).archived().caller("joined", role);
        let refused = Refusal::Rejected(Reason::RoomArchived);
        assert_eq!(edit(target(&archived(Role::Member), &message()), AUTHOR, "two"), Err(refused));
        assert_eq!(react(target(&archived(Role::Member), &message()), OTHER, "👍"), Err(refused));
        assert_eq!(delete(target(&archived(Role::Member), &message()), AUTHOR), Err(refused));
        emits(delete(target(&archived(Role::Moderator), &message()), OTHER), Deleted { message_id: ID });
    }

    #[test]
    fn only_members_learn_that_there_is_no_such_message() {
        let ask = |room: Option<&RoomView>| delete(Target { room, id: ID, message: None }, OTHER);
        assert_eq!(ask(None), Err(Refusal::RoomNotFound));
        assert_eq!(ask(Some(&room(Group))), Err(Refusal::RoomNotFound));
        assert_eq!(ask(Some(&room(Channel).open())), Err(Refusal::Forbidden));
        assert_eq!(ask(Some(&room(Group).caller("invited", Role::Owner))), Err(Refusal::Forbidden));
        assert_eq!(ask(Some(&room(Group).caller("joined", Role::Member))), Err(Refusal::MessageNotFound));
    }

    #[test]
    fn members_react_once_and_take_it_back_once() {
        let member = room(Channel).caller("joined", Role::Member);
        let there = MessageView { reacted: true, emoji: vec!["👍".into()], ..message() };
        let emoji = || "👍".to_owned();
        emits(react(target(&member, &message()), OTHER, "👍"), ReactionAdded { message_id: ID, emoji: emoji() });
        assert_eq!(react(target(&member, &there), OTHER, "👍"), Ok(Decision::Unchanged));
        emits(unreact(target(&member, &there), OTHER, "👍"), ReactionRemoved { message_id: ID, emoji: emoji() });
        assert_eq!(unreact(target(&member, &message()), OTHER, "👍"), Ok(Decision::Unchanged));
        assert_eq!(react(target(&room(Channel).open(), &message()), OTHER, "👍"), Err(Refusal::Forbidden));
    }

    #[test]
    fn a_message_has_room_for_fifty_emoji() {
        let member = room(Group).caller("joined", Role::Member);
        let full = MessageView { emoji: (0..50).map(|n| n.to_string()).collect(), ..message() };
        assert_eq!(react(target(&member, &full), OTHER, "50"), Err(Refusal::Rejected(Reason::EmojiLimit)));
        assert!(matches!(react(target(&member, &full), OTHER, "49"), Ok(Decision::Emit(_))), "one that is there");
    }

    #[test]
    fn an_emoji_has_one_form() {
        assert_eq!(emoji("emoji", "cafe\u{301}").as_deref(), Ok("café"));
        assert_eq!(emoji("emoji", "👩‍👩‍👧‍👦").as_deref(), Ok("👩‍👩‍👧‍👦"));
        assert_eq!(emoji("emoji", "+1").as_deref(), Ok("+1"));
        assert_eq!(emoji("emoji", &"x".repeat(65)).map_err(|refused| refused.limit), Err(Some(64)));
        for bad in ["", " ", "a b", "\0", "\u{3000}", "a\n"] {
            assert!(emoji("emoji", bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_mark_goes_on_as_far_as_there_are_messages() {
        let member = room(Group).caller("joined", Role::Member);
        let at = |read_seq| Reading { last_seq: 10, read_seq };
        assert_eq!(read(Some((&member, at(3))), 10), Ok(Decision::Emit(ReadUpTo { up_to_seq: 10 }.into())));
        for behind in [0, 2, 3] {
            assert_eq!(read(Some((&member, at(3))), behind), Ok(Decision::Unchanged));
        }
        assert_eq!(read(Some((&member, at(3))), 11), Err(Unread::Beyond(10)));
        let archived = member.archived();
        assert!(matches!(read(Some((&archived, at(3))), 10), Ok(Decision::Emit(_))), "still to be read");
        assert_eq!(read(None, 1), Err(Unread::Refused(Refusal::RoomNotFound)));
        assert_eq!(read(Some((&room(Group), at(3))), 11), Err(Unread::Refused(Refusal::RoomNotFound)));
    }

    proptest! {
        #[test]
        fn whatever_passes_as_an_emoji_fits_and_is_its_own_form(written in any::<String>()) {
            if let Ok(taken) = emoji("emoji", &written) {
                prop_assert!(taken.len() <= limits::EMOJI_BYTES);
                prop_assert_eq!(emoji("emoji", &taken), Ok(taken));
            }
        }
    }
}
