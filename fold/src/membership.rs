//! Who is in a room: joining, inviting, leaving, removing, roles.

use event_schema::rejection::Reason;
use event_schema::room::{MemberInvited, MemberRoleChanged, Role};
use event_schema::rules::{self, Action, Standing};
use event_schema::{Event, RoomId, UserId};

use super::room::{count, permit};
use super::state::{Member, MemberState, State};
use super::{Judged, Stop};

/// Joining and leaving are one's own acts.
fn own_act(event: &Event, user: UserId) -> Result<(), Stop> {
    if event.envelope.actor == user { Ok(()) } else { Err(Reason::NotAllowed.into()) }
}

/// Puts somebody into a state, keeping what an earlier membership left (their own newest seq).
fn set(state: &mut State, room: RoomId, user: UserId, event: &Event, to: MemberState, role: Role) -> Result<(), Stop> {
    let last_seq = state.rooms.get(&room)?.map_or(0, |room| room.last_seq);
    let before = state.members.get(&(room, user))?;
    let join_seq = match (to, before) {
        (MemberState::Joined, _) => last_seq,
        (_, Some(member)) => member.join_seq,
        (_, None) => 0,
    };
    let last_own_seq = before.map_or(0, |member| member.last_own_seq);
    let member = Member { state: to, role, join_seq, last_own_seq, since: event.envelope.time };
    state.members.put((room, user), member);
    Ok(())
}

fn change_count(state: &mut State, room: RoomId, by: i32) -> Result<(), Stop> {
    state.rooms.get_mut(&room)?.ok_or(Reason::RoomNotFound)?.member_count += by;
    Ok(())
}

pub(super) fn joined(state: &mut State, room_id: RoomId, event: &Event, user: UserId) -> Judged {
    own_act(event, user)?;
    if state.standing(room_id, user)?.is_member() {
        return Err(Reason::AlreadyMember.into());
    }
    permit(state, room_id, event, Action::Join, None)?;
    let room = state.rooms.get(&room_id)?.ok_or(Reason::RoomNotFound)?;
    if usize::try_from(room.member_count).unwrap_or(0) >= rules::member_limit(room.kind) {
        return Err(Reason::MemberLimit.into());
    }
    let role = match state.members.get(&(room_id, user))? {
        Some(Member { state: MemberState::Invited, role, .. }) => *role,
        _ => Role::Member,
    };
    set(state, room_id, user, event, MemberState::Joined, role)?;
    change_count(state, room_id, 1)?;
    count(state, room_id, event, user.0)
}

pub(super) fn invited(state: &mut State, room_id: RoomId, event: &Event, payload: &MemberInvited) -> Judged {
    let actor = permit(state, room_id, event, Action::Invite, None)?;
    match state.standing(room_id, payload.user_id)? {
        // The platform cannot be a member of anything.
        Standing::Platform => return Err(Reason::NotAllowed.into()),
        Standing::Invited => return Err(Reason::AlreadyInvited.into()),
        other if other.is_member() => return Err(Reason::AlreadyMember.into()),
        _ => {}
    }
    // Nobody gives a role above their own.
    if Standing::from(payload.role) > actor {
        return Err(Reason::NotAllowed.into());
    }
    set(state, room_id, payload.user_id, event, MemberState::Invited, payload.role)?;
    count(state, room_id, event, payload.user_id.0)
}

pub(super) fn left(state: &mut State, room_id: RoomId, event: &Event, user: UserId) -> Judged {
    own_act(event, user)?;
    let standing = permit(state, room_id, event, Action::Leave, None)?;
    set(state, room_id, user, event, MemberState::Left, Role::Member)?;
    if standing.is_member() {
        change_count(state, room_id, -1)?;
    }
    count(state, room_id, event, user.0)
}

pub(super) fn removed(state: &mut State, room_id: RoomId, event: &Event, user: UserId) -> Judged {
    let other = state.standing(room_id, user)?;
    permit(state, room_id, event, Action::Remove, Some(other))?;
    if !other.is_member() && other != Standing::Invited {
        return Err(Reason::TargetNotAMember.into());
    }
    set(state, room_id, user, event, MemberState::Removed, Role::Member)?;
    if other.is_member() {
        change_count(state, room_id, -1)?;
    }
    count(state, room_id, event, user.0)
}

pub(super) fn role_changed(state: &mut State, room_id: RoomId, event: &Event, payload: &MemberRoleChanged) -> Judged {
    let other = state.standing(room_id, payload.user_id)?;
    permit(state, room_id, event, Action::ChangeRole, Some(other))?;
    if !other.is_member() {
        return Err(Reason::TargetNotAMember.into());
    }
    let key = (room_id, payload.user_id);
    let member = state.members.get_mut(&key)?.ok_or(Reason::TargetNotAMember)?;
    if member.role == payload.role {
        return Err(Reason::Unchanged.into());
    }
    member.role = payload.role;
    count(state, room_id, event, payload.user_id.0)
}
