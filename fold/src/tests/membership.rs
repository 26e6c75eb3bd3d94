//! Joining, inviting, leaving, removing, roles.

use event_schema::UserId;
use event_schema::rejection::Reason;
use event_schema::room::Role;
use uuid::Uuid;

use super::given::*;
use crate::{MemberState, Room};

fn room(log: &Log) -> &Room {
    log.state.rooms.get(&ROOM).expect("loaded").expect("there")
}

#[test]
fn an_open_channel_is_joined_and_left() {
    let mut log = Log::with_channel();
    log.post(OWNER, "early");
    log.applied(MEMBER, joined(MEMBER));
    assert_eq!(room(&log).member_count, 2);
    let member = log.state.members.get(&(ROOM, MEMBER)).expect("loaded").expect("there");
    assert_eq!((member.state, member.join_seq), (MemberState::Joined, 1));
    log.rejected(MEMBER, joined(MEMBER), Reason::AlreadyMember);
    log.applied(MEMBER, left(MEMBER));
    assert_eq!(room(&log).member_count, 1);
    log.rejected(MEMBER, left(MEMBER), Reason::NotAMember);
    log.rejected(MEMBER, posted("gone"), Reason::NotAMember);
    log.applied(MEMBER, joined(MEMBER));
}

#[test]
fn nobody_joins_or_leaves_for_another() {
    let mut log = Log::with_channel();
    log.rejected(OWNER, joined(MEMBER), Reason::NotAllowed);
    log.applied(MEMBER, joined(MEMBER));
    log.rejected(OWNER, left(MEMBER), Reason::NotAllowed);
}

#[test]
fn a_closed_room_wants_an_invitation() {
    let mut log = Log::with_group();
    log.rejected(OTHER, joined(OTHER), Reason::NotInvited);
    log.rejected(MEMBER, invited(OTHER, Role::Member), Reason::NotAllowed);
    log.applied(OWNER, invited(OTHER, Role::Moderator));
    log.rejected(OWNER, invited(OTHER, Role::Member), Reason::AlreadyInvited);
    log.rejected(OTHER, posted("not yet"), Reason::NotAMember);
    log.applied(OTHER, joined(OTHER));
    assert_eq!(log.state.members.get(&(ROOM, OTHER)).expect("loaded").expect("there").role, Role::Moderator);
    log.rejected(OTHER, invited(STRANGER, Role::Owner), Reason::NotAllowed);
    log.rejected(OTHER, invited(UserId::PLATFORM, Role::Member), Reason::NotAllowed);
}

#[test]
fn who_was_removed_comes_back_by_invitation_only() {
    let mut log = Log::with_channel();
    log.applied(MEMBER, joined(MEMBER));
    log.applied(OWNER, removed(MEMBER));
    assert_eq!(room(&log).member_count, 1);
    log.rejected(MEMBER, joined(MEMBER), Reason::NotInvited);
    log.applied(OWNER, invited(MEMBER, Role::Member));
    log.applied(MEMBER, joined(MEMBER));
}

#[test]
fn one_removes_only_those_below() {
    let mut log = Log::with_group();
    log.rejected(MEMBER, removed(OWNER), Reason::NotAllowed);
    log.applied(OWNER, role(MEMBER, Role::Moderator));
    log.rejected(MEMBER, removed(OWNER), Reason::NotAllowed);
    log.rejected(OWNER, removed(STRANGER), Reason::TargetNotAMember);
    log.applied(OWNER, removed(MEMBER));
}

#[test]
fn only_owners_give_roles() {
    let mut log = Log::with_group();
    log.rejected(MEMBER, role(MEMBER, Role::Owner), Reason::NotAllowed);
    log.rejected(OWNER, role(MEMBER, Role::Member), Reason::Unchanged);
    log.rejected(OWNER, role(STRANGER, Role::Owner), Reason::TargetNotAMember);
    log.applied(OWNER, role(MEMBER, Role::Owner));
    log.applied(MEMBER, role(OWNER, Role::Member));
}

#[test]
fn a_group_is_full_at_500() {
    let mut log = Log::with_group();
    for n in 0..498 {
        let user = UserId(Uuid::from_u128(0xC000 + n));
        log.applied(OWNER, invited(user, Role::Member));
        log.applied(user, joined(user));
    }
    log.applied(OWNER, invited(STRANGER, Role::Member));
    log.rejected(STRANGER, joined(STRANGER), Reason::MemberLimit);
}

#[test]
fn their_own_newest_message_outlasts_a_membership() {
    let mut log = Log::with_channel();
    log.applied(MEMBER, joined(MEMBER));
    log.post(MEMBER, "one");
    log.applied(MEMBER, left(MEMBER));
    log.post(OWNER, "two");
    log.applied(MEMBER, joined(MEMBER));
    let member = log.state.members.get(&(ROOM, MEMBER)).expect("loaded").expect("there");
    assert_eq!((member.join_seq, member.last_own_seq), (2, 1));
}
