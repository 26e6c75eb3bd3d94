//! Rooms: how they begin, are renamed and end; and what every event of a room has in common.

use event_schema::ids::direct_room_id;
use event_schema::rejection::Reason;
use event_schema::room::{Created, EventDropped, InitialMember, Renamed, Role, RoomKind};
use event_schema::rules::{self, Action, Standing};
use event_schema::{Event, Payload, RoomId, Text, UserId, limits};
use uuid::Uuid;

use super::state::{Change, Member, MemberState, Room, Seen, State};
use super::{Applied, Judged, Needs, Stop, is_direct};

/// The rows that an event of a room reads, apart from the room and its actor's membership.
pub(super) fn needs(room: RoomId, event: &Event, payload: &Payload, needs: &mut Needs) {
    match payload {
        Payload::RoomCreated(created) => {
            needs.members.extend(created.members.iter().map(|member| (room, member.user_id)));
        }
        Payload::MemberJoined(member) => drop(needs.members.insert((room, member.user_id))),
        Payload::MemberInvited(member) => drop(needs.members.insert((room, member.user_id))),
        Payload::MemberLeft(member) => drop(needs.members.insert((room, member.user_id))),
        Payload::MemberRemoved(member) => drop(needs.members.insert((room, member.user_id))),
        Payload::MemberRoleChanged(member) => drop(needs.members.insert((room, member.user_id))),
        Payload::MessagePosted(posted) => {
            needs.messages.insert((room, event.envelope.id.into()));
            needs.messages.extend(posted.reply_to.map(|target| (room, target)));
        }
        Payload::MessageEdited(edited) => drop(needs.messages.insert((room, edited.message_id))),
        Payload::MessageDeleted(deleted) => drop(needs.messages.insert((room, deleted.message_id))),
        Payload::ReactionAdded(reaction) => {
            needs.messages.insert((room, reaction.message_id));
            needs.reactions.insert((room, reaction.message_id, event.envelope.actor, reaction.emoji.clone()));
        }
        Payload::ReactionRemoved(reaction) => {
            needs.messages.insert((room, reaction.message_id));
            needs.reactions.insert((room, reaction.message_id, event.envelope.actor, reaction.emoji.clone()));
        }
        _ => {}
    }
}

/// Checks the rules for an act in an existing room and gives the actor's standing.
pub(super) fn permit(
    state: &State,
    room_id: RoomId,
    event: &Event,
    action: Action,
    other: Option<Standing>,
) -> Result<Standing, Stop> {
    let room = state.rooms.get(&room_id)?.ok_or(Reason::RoomNotFound)?;
    let standing = state.standing(room_id, event.envelope.actor)?;
    if !rules::allows(event.envelope.rules, room.kind, room.join_rule, standing, action, other) {
        let stranger = !standing.is_member() && standing != Standing::Platform;
        return Err(match (stranger, action) {
            (true, Action::Join) => Reason::NotInvited,
            (true, _) => Reason::NotAMember,
            (false, _) => Reason::NotAllowed,
        }
        .into());
    }
    if room.archived && !action.allowed_when_archived() {
        return Err(Reason::RoomArchived.into());
    }
    Ok(standing)
}

/// Counts an event of the room and notes the change. Posts go another way: they need no row.
pub(super) fn count(state: &mut State, room_id: RoomId, event: &Event, subject_id: Uuid) -> Judged {
    let room = state.rooms.get_mut(&room_id)?.ok_or(Reason::RoomNotFound)?;
    room.rev += 1;
    let (rev, last_seq) = (room.rev, room.last_seq);
    state.changes.push(Change { room_id, rev, event_type: event.payload.event_type(), subject_id, last_seq });
    Ok(Applied { rev, seq: None })
}

/// Names are 1 to 80 characters; those that no reader can show (erased, of a later format) pass.
pub(super) fn check_name(name: &Text) -> Result<(), Reason> {
    match name.as_str() {
        Some(text) if text.is_empty() || text.chars().count() > limits::NAME_CHARS => Err(Reason::LimitExceeded),
        _ => Ok(()),
    }
}

pub(super) fn created(state: &mut State, room_id: RoomId, event: &Event, payload: &Created) -> Judged {
    if let Some(room) = state.rooms.get(&room_id)? {
        let both_direct = is_direct(room.kind) && is_direct(payload.kind);
        return Err(if both_direct { Stop::Duplicate(Seen::Applied { rev: 1 }) } else { Reason::RoomExists.into() });
    }
    check_created(room_id, event.envelope.actor, payload)?;
    for member in &payload.members {
        state.members.get(&(room_id, member.user_id))?;
    }
    let created_at = event.envelope.time;
    for InitialMember { user_id, role } in &payload.members {
        let member =
            Member { state: MemberState::Joined, role: *role, join_seq: 0, last_own_seq: 0, since: created_at };
        state.members.put((room_id, *user_id), member);
    }
    let room = Room {
        workspace_id: event.envelope.workspace,
        kind: payload.kind,
        name: payload.name.as_ref().and_then(Text::as_str).map(str::to_owned),
        join_rule: payload.join_rule,
        history_visibility: payload.history_visibility,
        archived: false,
        creator_id: event.envelope.actor,
        created_at,
        last_message_at: None,
        last_seq: 0,
        rev: 0,
        member_count: i32::try_from(payload.members.len()).map_err(|_| Reason::MemberLimit)?,
        digest: [0; 32],
    };
    state.rooms.put(room_id, room);
    count(state, room_id, event, room_id.0)
}

/// What a new room must say, by its kind.
fn check_created(room_id: RoomId, actor: UserId, payload: &Created) -> Result<(), Reason> {
    let mut ids: Vec<UserId> = payload.members.iter().map(|member| member.user_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let creator = payload.members.iter().find(|member| member.user_id == actor).ok_or(Reason::InvalidRoom)?;
    if ids.len() != payload.members.len() {
        return Err(Reason::InvalidRoom);
    }
    if ids.len() > rules::member_limit(payload.kind).min(limits::INITIAL_MEMBERS) {
        return Err(Reason::MemberLimit);
    }
    if let Some(name) = &payload.name {
        check_name(name)?;
    }
    let as_its_kind_wants = match payload.kind {
        RoomKind::Direct => {
            ids.len() == limits::DIRECT_MEMBERS
                && room_id == direct_room_id(ids[0], ids[1])
                && payload.name.is_none()
                && payload.members.iter().all(|member| member.role == Role::Member)
        }
        RoomKind::Group => creator.role == Role::Owner,
        RoomKind::Channel => creator.role == Role::Owner && payload.name.is_some(),
    };
    if as_its_kind_wants { Ok(()) } else { Err(Reason::InvalidRoom) }
}

pub(super) fn renamed(state: &mut State, room_id: RoomId, event: &Event, payload: &Renamed) -> Judged {
    permit(state, room_id, event, Action::Rename, None)?;
    check_name(&payload.name)?;
    let name = payload.name.as_str().map(str::to_owned);
    let room = state.rooms.get_mut(&room_id)?.ok_or(Reason::RoomNotFound)?;
    if room.name == name {
        return Err(Reason::Unchanged.into());
    }
    room.name = name;
    count(state, room_id, event, room_id.0)
}

pub(super) fn archived(state: &mut State, room_id: RoomId, event: &Event) -> Judged {
    permit(state, room_id, event, Action::Archive, None)?;
    let room = state.rooms.get_mut(&room_id)?.ok_or(Reason::RoomNotFound)?;
    room.archived = true;
    count(state, room_id, event, room_id.0)
}

pub(super) fn event_dropped(state: &mut State, room_id: RoomId, event: &Event, payload: &EventDropped) -> Judged {
    permit(state, room_id, event, Action::DropEvent, None)?;
    count(state, room_id, event, payload.event_id.0)
}
