//! Profiles and friends.

use event_schema::rejection::Reason;
use event_schema::user::{
    AccountKind, Deactivated, FriendAdded, FriendRemoved, ProfileChanged, Registered, StatusChanged,
};
use event_schema::{Text, UserId};

use super::given::*;
use crate::fold::User;

fn registered(name: &str) -> Registered {
    let name = Text::Plain(name.into());
    Registered { kind: AccountKind::Human, username: name.clone(), display_name: name, locale: "en".into() }
}

fn user(log: &Log, id: UserId) -> &User {
    log.state.users.get(&id).expect("loaded").expect("there")
}

#[test]
fn a_profile_begins_once_and_changes_in_part() {
    let mut log = Log::default();
    log.applied(OWNER, registered("owner"));
    log.rejected(OWNER, registered("again"), Reason::UserExists);
    log.applied(OWNER, ProfileChanged { display_name: Some(Text::Plain("shown".into())), locale: None });
    let user = user(&log, OWNER);
    assert_eq!((user.display_name.as_deref(), user.locale.as_str(), user.rev), (Some("shown"), "en", 2));
}

#[test]
fn nobody_changes_another() {
    let mut log = Log::default();
    log.applied(OWNER, registered("owner"));
    let mut event = log.event(MEMBER, StatusChanged { status: None });
    event.key = OWNER.into();
    assert_eq!(log.fold(&event), crate::fold::Outcome::Rejected(Reason::NotAllowed));
}

#[test]
fn an_erased_name_is_no_name() {
    let mut log = Log::default();
    log.applied(OWNER, registered("owner"));
    log.applied(OWNER, ProfileChanged { display_name: Some(Text::Erased), locale: None });
    assert_eq!(user(&log, OWNER).display_name, None);
}

#[test]
fn a_closed_account_stays_as_it_was() {
    let mut log = Log::default();
    log.applied(OWNER, registered("owner"));
    log.applied(OWNER, Deactivated { reason: "self".into() });
    log.rejected(OWNER, StatusChanged { status: None }, Reason::UserDeactivated);
    log.rejected(OWNER, Deactivated { reason: "self".into() }, Reason::UserDeactivated);
}

#[test]
fn friends_are_added_and_removed_once() {
    let mut log = Log::default();
    log.rejected(OWNER, FriendAdded { friend_id: MEMBER }, Reason::UserNotFound);
    log.applied(OWNER, registered("owner"));
    log.rejected(OWNER, FriendAdded { friend_id: OWNER }, Reason::OwnFriend);
    log.applied(OWNER, FriendAdded { friend_id: MEMBER });
    log.rejected(OWNER, FriendAdded { friend_id: MEMBER }, Reason::Unchanged);
    log.applied(OWNER, FriendRemoved { friend_id: MEMBER });
    log.rejected(OWNER, FriendRemoved { friend_id: MEMBER }, Reason::Unchanged);
}
