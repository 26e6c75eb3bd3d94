//! Who is in a room: joining, inviting, roles, leaving, removing.

use event_schema::rejection::Reason;
use event_schema::room::{MemberInvited, MemberJoined, MemberLeft, MemberRemoved, MemberRoleChanged, Role};
use event_schema::rules::{self, Action, Standing};
use event_schema::{Payload, UserId};

use super::{Decision, Membership, Refusal, RoomView, standing};

/// `PUT …/members/{user}`: oneself joins, others are invited; a role for somebody who is a member already changes it.
pub fn put(room: Option<&RoomView>, caller: UserId, user: UserId, role: Option<Role>) -> Result<Decision, Refusal> {
    let room = room.ok_or(Refusal::RoomNotFound)?;
    let target = if caller == user { room.caller } else { room.other };
    match (target, role) {
        (Some(member), Some(role)) if member.standing.is_member() => change_role(room, user, member, role),
        _ if caller == user => join(room, user, role),
        _ => invite(room, user, role),
    }
}

/// `DELETE …/members/{user}`: oneself leaves (or declines), others are removed.
pub fn delete(room: Option<&RoomView>, caller: UserId, user: UserId) -> Result<Decision, Refusal> {
    let room = room.ok_or(Refusal::RoomNotFound)?;
    if caller == user {
        room.permit(Action::Leave)?;
        return emit(MemberLeft { user_id: user });
    }
    room.permit(Action::Remove)?;
    let other = standing(room.other);
    if !other.is_member() && other != Standing::Invited {
        return Err(Refusal::TargetNotAMember);
    }
    emit(MemberRemoved { user_id: user })
}

fn join(room: &RoomView, user: UserId, role: Option<Role>) -> Result<Decision, Refusal> {
    if standing(room.caller).is_member() {
        return Ok(Decision::Unchanged);
    }
    let standing = room.permit(Action::Join)?;
    // One joins with the role one was invited to, never with a role of one's own choice.
    let given = match room.caller {
        Some(Membership { role, .. }) if standing == Standing::Invited => role,
        _ => Role::Member,
    };
    if role.is_some_and(|role| role != given) {
        return Err(Refusal::Forbidden);
    }
    if room.member_count >= rules::member_limit(room.kind) {
        return Err(Refusal::Rejected(Reason::MemberLimit));
    }
    emit(MemberJoined { user_id: user })
}

fn invite(room: &RoomView, user: UserId, role: Option<Role>) -> Result<Decision, Refusal> {
    let caller = room.permit(Action::Invite)?;
    match room.other {
        Some(other) if other.standing.is_member() => return Ok(Decision::Unchanged),
        Some(other) if other.standing == Standing::Invited => {
            let same = role.is_none_or(|role| role == other.role);
            return if same { Ok(Decision::Unchanged) } else { Err(Refusal::Rejected(Reason::AlreadyInvited)) };
        }
        _ => {}
    }
    let role = role.unwrap_or(Role::Member);
    // Nobody gives a role above their own.
    if Standing::from(role) > caller {
        return Err(Refusal::Forbidden);
    }
    emit(MemberInvited { user_id: user, role })
}

fn change_role(room: &RoomView, user: UserId, member: Membership, role: Role) -> Result<Decision, Refusal> {
    room.permit(Action::ChangeRole)?;
    if member.role == role {
        return Ok(Decision::Unchanged);
    }
    emit(MemberRoleChanged { user_id: user, role })
}

#[expect(clippy::unnecessary_wraps, reason = "every decision ends with it")]
fn emit(payload: impl Into<Payload>) -> Result<Decision, Refusal> {
    Ok(Decision::Emit(payload.into()))
}

#[cfg(test)]
mod tests {
    use super::super::given::room;
    use super::*;
    use event_schema::room::RoomKind::{Channel, Direct, Group};
    use uuid::Uuid;

    const CALLER: UserId = UserId(Uuid::from_u128(1));
    const OTHER: UserId = UserId(Uuid::from_u128(2));

    #[track_caller]
    fn emits(decision: Result<Decision, Refusal>, payload: impl Into<Payload>) {
        assert_eq!(decision.expect("not refused"), Decision::Emit(payload.into()));
    }

    #[test]
    fn whoever_wants_joins_an_open_room() {
        emits(put(Some(&room(Channel).open()), CALLER, CALLER, None), MemberJoined { user_id: CALLER });
    }

    #[test]
    fn a_closed_room_is_joined_by_invitation() {
        assert_eq!(put(Some(&room(Group)), CALLER, CALLER, None), Err(Refusal::RoomNotFound));
        let invited = room(Group).caller("invited", Role::Moderator);
        emits(put(Some(&invited), CALLER, CALLER, None), MemberJoined { user_id: CALLER });
        emits(put(Some(&invited), CALLER, CALLER, Some(Role::Moderator)), MemberJoined { user_id: CALLER });
    }

    #[test]
    fn who_was_removed_does_not_come_back_alone() {
        let removed = room(Channel).open().caller("removed", Role::Member);
        assert_eq!(put(Some(&removed), CALLER, CALLER, None), Err(Refusal::Forbidden));
    }

    #[test]
    fn nobody_joins_with_a_role_of_their_choice() {
        let open = room(Channel).open();
        assert_eq!(put(Some(&open), CALLER, CALLER, Some(Role::Owner)), Err(Refusal::Forbidden));
        let invited = room(Group).caller("invited", Role::Member);
        assert_eq!(put(Some(&invited), CALLER, CALLER, Some(Role::Owner)), Err(Refusal::Forbidden));
    }

    #[test]
    fn a_full_room_takes_nobody() {
        let full = room(Group).open().members(500);
        assert_eq!(put(Some(&full), CALLER, CALLER, None), Err(Refusal::Rejected(Reason::MemberLimit)));
    }

    #[test]
    fn joining_twice_changes_nothing() {
        let member = room(Group).caller("joined", Role::Member);
        assert_eq!(put(Some(&member), CALLER, CALLER, None), Ok(Decision::Unchanged));
    }

    #[test]
    fn moderators_invite_up_to_their_own_role() {
        let moderator = room(Group).caller("joined", Role::Moderator);
        emits(put(Some(&moderator), CALLER, OTHER, None), MemberInvited { user_id: OTHER, role: Role::Member });
        assert_eq!(put(Some(&moderator), CALLER, OTHER, Some(Role::Owner)), Err(Refusal::Forbidden));
        let member = room(Group).caller("joined", Role::Member);
        assert_eq!(put(Some(&member), CALLER, OTHER, None), Err(Refusal::Forbidden));
    }

    #[test]
    fn an_invitation_brings_back_who_was_removed() {
        let owner = room(Group).caller("joined", Role::Owner).other("removed", Role::Member);
        emits(put(Some(&owner), CALLER, OTHER, None), MemberInvited { user_id: OTHER, role: Role::Member });
    }

    #[test]
    fn inviting_twice_changes_nothing_but_not_another_role() {
        let owner = room(Group).caller("joined", Role::Owner).other("invited", Role::Member);
        assert_eq!(put(Some(&owner), CALLER, OTHER, None), Ok(Decision::Unchanged));
        let other_role = put(Some(&owner), CALLER, OTHER, Some(Role::Owner));
        assert_eq!(other_role, Err(Refusal::Rejected(Reason::AlreadyInvited)));
    }

    #[test]
    fn owners_give_roles_to_members() {
        let owner = room(Group).caller("joined", Role::Owner).other("joined", Role::Member);
        emits(
            put(Some(&owner), CALLER, OTHER, Some(Role::Moderator)),
            MemberRoleChanged { user_id: OTHER, role: Role::Moderator },
        );
        assert_eq!(put(Some(&owner), CALLER, OTHER, Some(Role::Member)), Ok(Decision::Unchanged));
        let moderator = room(Group).caller("joined", Role::Moderator).other("joined", Role::Member);
        assert_eq!(put(Some(&moderator), CALLER, OTHER, Some(Role::Moderator)), Err(Refusal::Forbidden));
    }

    #[test]
    fn members_leave_and_the_invited_decline_even_when_archived() {
        for (state, role) in [("joined", Role::Owner), ("joined", Role::Member), ("invited", Role::Member)] {
            let room = room(Group).archived().caller(state, role);
            emits(delete(Some(&room), CALLER, CALLER), MemberLeft { user_id: CALLER });
        }
        assert_eq!(delete(Some(&room(Group)), CALLER, CALLER), Err(Refusal::RoomNotFound));
    }

    #[test]
    fn direct_rooms_keep_their_two() {
        let direct = room(Direct).caller("joined", Role::Member).other("joined", Role::Member);
        assert_eq!(delete(Some(&direct), CALLER, CALLER), Err(Refusal::Forbidden));
        assert_eq!(delete(Some(&direct), CALLER, OTHER), Err(Refusal::Forbidden));
        assert_eq!(put(Some(&direct), CALLER, OTHER, None), Err(Refusal::Forbidden));
    }

    #[test]
    fn one_removes_who_stands_lower() {
        let moderator = room(Group).caller("joined", Role::Moderator);
        let removed = MemberRemoved { user_id: OTHER };
        emits(delete(Some(&moderator.clone().other("joined", Role::Member)), CALLER, OTHER), removed.clone());
        emits(delete(Some(&moderator.clone().other("invited", Role::Owner)), CALLER, OTHER), removed);
        let equal = moderator.clone().other("joined", Role::Moderator);
        assert_eq!(delete(Some(&equal), CALLER, OTHER), Err(Refusal::Forbidden));
        assert_eq!(delete(Some(&moderator), CALLER, OTHER), Err(Refusal::TargetNotAMember));
    }

    #[test]
    fn a_room_that_is_not_there_is_not_found() {
        assert_eq!(put(None, CALLER, OTHER, None), Err(Refusal::RoomNotFound));
        assert_eq!(delete(None, CALLER, OTHER), Err(Refusal::RoomNotFound));
    }
}
