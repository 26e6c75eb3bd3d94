//! How rooms begin, change and end.

use event_schema::ids::direct_room_id;
use event_schema::rejection::Reason;
use event_schema::room::{Created, HistoryVisibility, InitialMember, JoinRule, Renamed, Role, RoomKind};
use event_schema::{Payload, Text, UserId};

use super::given::*;
use crate::{Outcome, Seen};

fn direct(one: UserId, other: UserId) -> Created {
    Created {
        kind: RoomKind::Direct,
        name: None,
        join_rule: JoinRule::Invite,
        history_visibility: HistoryVisibility::All,
        members: [one, other].map(|user_id| InitialMember { user_id, role: Role::Member }).to_vec(),
    }
}

fn renamed(name: &str) -> Renamed {
    Renamed { name: Text::Plain(name.into()) }
}

#[test]
fn a_room_begins_whole() {
    let log = Log::with_group();
    let room = log.state.rooms.get(&ROOM).expect("loaded").expect("there");
    assert_eq!((room.rev, room.last_seq, room.member_count), (1, 0, 2));
}

#[test]
fn a_second_room_of_the_same_id_is_rejected() {
    let mut log = Log::with_group();
    log.rejected(OWNER, group(JoinRule::Open), Reason::RoomExists);
}

#[test]
fn opening_a_direct_room_again_is_a_duplicate() {
    let mut log = Log::default();
    let id = direct_room_id(OWNER, MEMBER);
    let mut first = log.event(OWNER, direct(OWNER, MEMBER));
    let mut second = log.event(MEMBER, direct(MEMBER, OWNER));
    first.key = id.into();
    second.key = id.into();
    assert_eq!(log.fold(&first), Outcome::Applied { rev: 1, seq: None });
    assert_eq!(log.fold(&second), Outcome::Duplicate(Seen::Applied { rev: 1 }));
}

#[test]
fn a_direct_room_has_the_id_of_its_pair() {
    let mut log = Log::default();
    // The key is ROOM, which is not derived from the two.
    log.rejected(OWNER, direct(OWNER, MEMBER), Reason::InvalidRoom);
}

#[test]
fn the_creator_is_among_the_members_and_nobody_twice() {
    let mut log = Log::default();
    log.rejected(STRANGER, group(JoinRule::Open), Reason::InvalidRoom);
    let Payload::RoomCreated(mut created) = group(JoinRule::Open) else { unreachable!("a room") };
    created.members.push(created.members[1].clone());
    log.rejected(OWNER, created, Reason::InvalidRoom);
}

#[test]
fn only_those_above_rename() {
    let mut log = Log::with_group();
    log.applied(OWNER, renamed("other"));
    log.rejected(MEMBER, renamed("third"), Reason::NotAllowed);
    log.rejected(STRANGER, renamed("third"), Reason::NotAMember);
    log.rejected(OWNER, renamed("other"), Reason::Unchanged);
    log.rejected(OWNER, renamed(""), Reason::LimitExceeded);
    log.rejected(OWNER, renamed(&"x".repeat(81)), Reason::LimitExceeded);
}

#[test]
fn an_archived_room_is_left_but_not_written() {
    let mut log = Log::with_group();
    let message = log.post(MEMBER, "before");
    log.applied(OWNER, archived());
    log.rejected(MEMBER, posted("after"), Reason::RoomArchived);
    log.rejected(MEMBER, edited(message, "after"), Reason::RoomArchived);
    log.rejected(OWNER, archived(), Reason::RoomArchived);
    log.applied(OWNER, deleted(message));
    log.applied(MEMBER, left(MEMBER));
}

#[test]
fn nothing_happens_in_a_room_that_is_not() {
    let mut log = Log::default();
    log.rejected(OWNER, posted("x"), Reason::RoomNotFound);
    log.rejected(OWNER, joined(OWNER), Reason::RoomNotFound);
}

#[test]
fn only_the_platform_drops_events() {
    let mut log = Log::with_group();
    let dropped = || event_schema::room::EventDropped { event_id: event_schema::EventId(uuid::Uuid::from_u128(9)) };
    log.rejected(OWNER, dropped(), Reason::NotAllowed);
    log.applied(UserId::PLATFORM, dropped());
}

#[test]
fn the_digest_tells_orders_and_outcomes_apart() {
    let digest = |log: &Log| log.state.rooms.get(&ROOM).expect("loaded").expect("there").digest;
    let mut one = Log::with_group();
    let (a, b) = (one.event(OWNER, posted("a")), one.event(OWNER, posted("b")));
    let mut other = Log::with_group();
    one.fold(&a);
    one.fold(&b);
    other.fold(&b);
    other.fold(&a);
    assert_ne!(digest(&one), digest(&other));
    let before = digest(&one);
    one.fold(&a);
    assert_eq!(digest(&one), before, "a duplicate leaves no trace");
    one.when(STRANGER, posted("c"));
    assert_ne!(digest(&one), before, "a rejection does");
}
