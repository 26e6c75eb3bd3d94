//! Profiles and friends.

use event_schema::rejection::Reason;
use event_schema::user::{
    AccountKind, Deactivated, FriendAdded, FriendRemoved, ProfileChanged, Registered, RegistrationRejected,
    RegistrationRequested, StatusChanged,
};
use event_schema::{RegistrationId, Text, UserId};
use uuid::Uuid;

use super::given::*;
use crate::{Outcome, User};

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
    assert_eq!(log.fold(&event), Outcome::Rejected(Reason::NotAllowed));
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

const REGISTRATION: RegistrationId = RegistrationId(Uuid::from_u128(0xC1));

fn requested(name: &str) -> RegistrationRequested {
    let name = Text::Plain(name.into());
    RegistrationRequested {
        registration_id: REGISTRATION,
        username: name.clone(),
        display_name: name,
        locale: "ko".into(),
    }
}

fn refused() -> RegistrationRejected {
    RegistrationRejected { registration_id: REGISTRATION, step: Some("mailer".into()), reason: "step_failed".into() }
}

#[test]
fn a_profile_that_was_asked_for_waits_until_its_owner_is_registered() {
    let mut log = Log::default();
    log.applied(OWNER, requested("owner"));
    assert!(user(&log, OWNER).pending);
    log.rejected(OWNER, requested("again"), Reason::UserExists);
    log.rejected(OWNER, StatusChanged { status: None }, Reason::UserNotFound);
    log.applied(OWNER, registered("owner"));
    let user = user(&log, OWNER).clone();
    assert_eq!((user.pending, user.locale.as_str(), user.rev), (false, "en", 2));
    log.rejected(OWNER, registered("again"), Reason::UserExists);
    log.rejected(OWNER, refused(), Reason::UserExists);
}

#[test]
fn of_a_sign_up_that_failed_no_profile_is_left() {
    let mut log = Log::default();
    log.applied(OWNER, requested("owner"));
    assert_eq!(log.when(OWNER, refused()), Outcome::Applied { rev: 2, seq: None });
    assert!(log.state.users.get(&OWNER).expect("loaded").is_none());
    assert_eq!(log.when(OWNER, refused()), Outcome::Applied { rev: 0, seq: None }, "there is nothing left to undo");
    let changes = log.state.take_changes();
    assert_eq!(changes.users, [(OWNER, None)]);
}

#[test]
fn a_name_too_long_makes_no_profile_even_where_one_is_only_asked_for() {
    let mut log = Log::default();
    log.rejected(OWNER, requested(&"x".repeat(81)), Reason::LimitExceeded);
}
