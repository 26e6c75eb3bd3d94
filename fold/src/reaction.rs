//! Emoji on messages.

use event_schema::rejection::Reason;
use event_schema::rules::Action;
use event_schema::{Event, MessageId, RoomId, limits};

use super::item::ReactionCount;
use super::message::visible;
use super::room::{count, permit};
use super::state::{EmojiHash, Reaction, ReactionKey, State};
use super::{Judged, Stop};

/// What both directions check: the actor, the emoji, the message.
fn permit_reaction(
    state: &State,
    room_id: RoomId,
    event: &Event,
    message_id: MessageId,
    emoji: &str,
) -> Result<ReactionKey, Stop> {
    permit(state, room_id, event, Action::React, None)?;
    if emoji.is_empty() || emoji.len() > limits::EMOJI_BYTES {
        return Err(Reason::LimitExceeded.into());
    }
    let message = visible(state, room_id, message_id, event.envelope.actor)?.ok_or(Reason::MessageNotFound)?;
    if message.item.deleted {
        return Err(Reason::MessageDeleted.into());
    }
    Ok((room_id, message_id, event.envelope.actor, EmojiHash::of(emoji)))
}

pub(super) fn added(state: &mut State, room_id: RoomId, event: &Event, message_id: MessageId, emoji: &str) -> Judged {
    let key = permit_reaction(state, room_id, event, message_id, emoji)?;
    if state.reactions.get(&key)?.is_some() {
        return Err(Reason::ReactionUnchanged.into());
    }
    let message = state.messages.get(&(room_id, message_id))?.ok_or(Reason::MessageNotFound)?;
    let known = message.item.reactions.iter().position(|reaction| reaction.emoji == emoji);
    if known.is_none() && message.item.reactions.len() >= limits::EMOJI_PER_MESSAGE {
        return Err(Reason::EmojiLimit.into());
    }
    let applied = count(state, room_id, event, message_id.0)?;
    let message = state.messages.get_mut(&(room_id, message_id))?.ok_or(Reason::MessageNotFound)?;
    match known {
        Some(index) => message.item.reactions[index].count += 1,
        None => message.item.reactions.push(ReactionCount { emoji: emoji.to_owned(), count: 1 }),
    }
    message.item.touch(applied.rev);
    let reaction = Reaction { message_id, seq: message.seq, rev: applied.rev };
    state.emoji.insert(key.3, emoji.to_owned());
    state.reactions.put(key, reaction);
    Ok(applied)
}

pub(super) fn removed(state: &mut State, room_id: RoomId, event: &Event, message_id: MessageId, emoji: &str) -> Judged {
    let key = permit_reaction(state, room_id, event, message_id, emoji)?;
    if state.reactions.get(&key)?.is_none() {
        return Err(Reason::ReactionUnchanged.into());
    }
    let applied = count(state, room_id, event, message_id.0)?;
    let message = state.messages.get_mut(&(room_id, message_id))?.ok_or(Reason::MessageNotFound)?;
    if let Some(index) = message.item.reactions.iter().position(|reaction| reaction.emoji == emoji) {
        message.item.reactions[index].count -= 1;
        message.item.reactions.retain(|reaction| reaction.count > 0);
    }
    message.item.touch(applied.rev);
    state.removed_reactions.insert(key, message.seq);
    state.emoji.insert(key.3, emoji.to_owned());
    state.reactions.remove(key);
    Ok(applied)
}
