//! Messages: posted, edited, deleted.

use event_schema::message::{Attachment, Edited, Posted};
use event_schema::rejection::Reason;
use event_schema::room::HistoryVisibility;
use event_schema::rules::Action;
use event_schema::{Event, MessageId, RoomId, Text, UserId, limits};

use super::item::Item;
use super::room::{count, permit};
use super::state::{Edit, Message, State};
use super::{Applied, Judged, Stop};

fn check_content(content: &Text, mentions: &[UserId]) -> Result<(), Reason> {
    let fits = content.as_str().is_none_or(|text| text.len() <= limits::TEXT_BYTES);
    if fits && mentions.len() <= limits::MENTIONS { Ok(()) } else { Err(Reason::LimitExceeded) }
}

fn check_posted(payload: &Posted) -> Result<(), Reason> {
    check_content(&payload.content, &payload.mentions)?;
    let short = |text: &Option<String>, most| text.as_ref().is_none_or(|text| text.chars().count() <= most);
    let fits = payload.attachments.len() <= limits::ATTACHMENTS
        && short(&payload.client_ref, limits::CLIENT_REF_CHARS)
        && short(&payload.original_at, limits::ORIGINAL_AT_CHARS)
        && payload.attachments.iter().all(attachment_fits);
    if fits { Ok(()) } else { Err(Reason::LimitExceeded) }
}

/// As long as its parts may be; those that no reader can show (erased, of a later format) pass.
fn attachment_fits(attachment: &Attachment) -> bool {
    let short = |text: &str, most| text.chars().count() <= most;
    attachment.url.as_str().is_none_or(|url| short(url, limits::URL_CHARS))
        && attachment.name.as_str().is_none_or(|name| short(name, limits::NAME_CHARS))
        && short(&attachment.media_type, limits::MEDIA_TYPE_CHARS)
}

pub(super) fn posted(state: &mut State, room_id: RoomId, event: &Event, payload: &Posted) -> Judged {
    permit(state, room_id, event, Action::Post, None)?;
    check_posted(payload)?;
    let reply_to = match payload.reply_to {
        Some(target) => {
            Some(visible(state, room_id, target, event.envelope.actor)?.ok_or(Reason::MessageNotFound)?.seq)
        }
        None => None,
    };
    let (author_id, message_id) = (event.envelope.actor, event.envelope.id.into());
    let author = state.members.get_mut(&(room_id, author_id))?.ok_or(Reason::NotAMember)?;
    let room = state.rooms.get_mut(&room_id)?.ok_or(Reason::RoomNotFound)?;
    room.rev += 1;
    room.last_seq += 1;
    author.last_own_seq = room.last_seq;
    // Clocks of several command APIs differ a little: a room's time never goes back.
    let created_at = room.last_message_at.map_or(event.envelope.time, |last| last.max(event.envelope.time));
    room.last_message_at = Some(created_at);
    let (rev, seq) = (room.rev, room.last_seq);
    let item = Item {
        message_id,
        room_id,
        seq,
        rev,
        author_id,
        content: Some(payload.content.clone()),
        created_at,
        original_at: payload.original_at.clone(),
        edited_at: None,
        edits: 0,
        deleted: false,
        reply_to: payload.reply_to,
        mentions: payload.mentions.clone(),
        attachments: payload.attachments.clone(),
        client_ref: payload.client_ref.clone(),
        reactions: Vec::new(),
        first_rev: None,
    };
    state.messages.put((room_id, message_id), Message { seq, reply_to, item });
    Ok(Applied { rev, seq: Some(seq) })
}

/// A message that somebody may see: for all others it does not exist. The platform, which is no member, sees everything.
pub(super) fn visible(
    state: &State,
    room_id: RoomId,
    message_id: MessageId,
    who: UserId,
) -> Result<Option<&Message>, Stop> {
    let Some(message) = state.messages.get(&(room_id, message_id))? else { return Ok(None) };
    let room = state.rooms.get(&room_id)?.ok_or(Reason::RoomNotFound)?;
    if who == UserId::PLATFORM || room.history_visibility == HistoryVisibility::All {
        return Ok(Some(message));
    }
    let since = state.members.get(&(room_id, who))?.map(|member| member.join_seq);
    Ok(Some(message).filter(|message| since.is_some_and(|since| message.seq > since)))
}

/// The message, if it is there to be changed, after the rules have been asked with the right action.
fn permit_change(
    state: &State,
    room_id: RoomId,
    event: &Event,
    message_id: MessageId,
    (own, others): (Action, Action),
) -> Result<(), Stop> {
    state.rooms.get(&room_id)?.ok_or(Reason::RoomNotFound)?;
    // Whether a message exists is told to those only who may act on it at all.
    let target = visible(state, room_id, message_id, event.envelope.actor)?;
    let is_own = target.is_some_and(|message| message.item.author_id == event.envelope.actor);
    let action = if is_own || target.is_none() { own } else { others };
    if target.is_some() || !state.standing(room_id, event.envelope.actor)?.is_member() {
        permit(state, room_id, event, action, None)?;
    }
    match target {
        None => Err(Reason::MessageNotFound.into()),
        Some(message) if message.item.deleted => Err(Reason::MessageDeleted.into()),
        Some(_) => Ok(()),
    }
}

pub(super) fn edited(state: &mut State, room_id: RoomId, event: &Event, payload: &Edited) -> Judged {
    permit_change(state, room_id, event, payload.message_id, (Action::EditOwn, Action::EditOthers))?;
    check_content(&payload.content, &payload.mentions)?;
    let key = (room_id, payload.message_id);
    let current = &state.messages.get(&key)?.ok_or(Reason::MessageNotFound)?.item;
    if current.content.as_ref() == Some(&payload.content) {
        return Err(Reason::Unchanged.into());
    }
    let applied = count(state, room_id, event, payload.message_id.0)?;
    let message = state.messages.get_mut(&key)?.ok_or(Reason::MessageNotFound)?;
    let item = &mut message.item;
    let since = item.edited_at.unwrap_or(item.created_at);
    if let Some(content) = item.content.replace(payload.content.clone()) {
        state.edits.push(Edit { room_id, seq: message.seq, version: item.edits + 1, content, at: since });
    }
    item.mentions.clone_from(&payload.mentions);
    item.edits += 1;
    item.edited_at = Some(since.max(event.envelope.time));
    item.touch(applied.rev);
    Ok(applied)
}

pub(super) fn deleted(state: &mut State, room_id: RoomId, event: &Event, message_id: MessageId) -> Judged {
    permit_change(state, room_id, event, message_id, (Action::DeleteOwn, Action::DeleteOthers))?;
    let applied = count(state, room_id, event, message_id.0)?;
    let message = state.messages.get_mut(&(room_id, message_id))?.ok_or(Reason::MessageNotFound)?;
    let item = &mut message.item;
    // The place stays, what was said goes: text, earlier texts, reactions.
    item.content = None;
    item.deleted = true;
    item.mentions.clear();
    item.attachments.clear();
    item.reactions.clear();
    item.touch(applied.rev);
    state.wiped.push((room_id, message.seq));
    Ok(applied)
}
