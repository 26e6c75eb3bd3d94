//! Profiles and friends.

use event_schema::rejection::Reason;
use event_schema::user::{AccountKind, ProfileChanged, Registered, RegistrationRequested, StatusChanged};
use event_schema::{Event, Text, UserId, limits};

use super::room::check_name;
use super::state::{Friend, State, User};
use super::{Applied, Judged, Stop};

/// Only the person, or the platform on their behalf, changes a profile.
fn permit(state: &State, user_id: UserId, event: &Event) -> Result<(), Stop> {
    if event.envelope.actor != user_id && event.envelope.actor != UserId::PLATFORM {
        return Err(Reason::NotAllowed.into());
    }
    match state.users.get(&user_id)? {
        None => Err(Reason::UserNotFound.into()),
        // Whether there will be an account is not decided yet.
        Some(user) if user.pending => Err(Reason::UserNotFound.into()),
        Some(user) if user.deactivated => Err(Reason::UserDeactivated.into()),
        Some(_) => Ok(()),
    }
}

fn change(state: &mut State, user_id: UserId, edit: impl FnOnce(&mut User)) -> Judged {
    let user = state.users.get_mut(&user_id)?.ok_or(Reason::UserNotFound)?;
    edit(user);
    user.rev += 1;
    Ok(Applied { rev: user.rev, seq: None })
}

fn readable(text: &Text) -> Option<String> {
    text.as_str().map(str::to_owned)
}

/// What an event says of a newcomer.
struct Newcomer<'a> {
    kind: AccountKind,
    username: &'a Text,
    display_name: &'a Text,
    locale: &'a str,
}

impl Newcomer<'_> {
    fn profile(&self, event: &Event, pending: bool) -> Result<User, Reason> {
        check_name(self.username)?;
        check_name(self.display_name)?;
        Ok(User {
            workspace_id: event.envelope.workspace,
            kind: self.kind,
            username: readable(self.username),
            display_name: readable(self.display_name),
            locale: self.locale.to_owned(),
            status: None,
            deactivated: false,
            pending,
            rev: 1,
            created_at: event.envelope.time,
            digest: [0; 32],
        })
    }
}

/// The step `profile` of the sign-up: the profile is made, and nobody sees it yet.
pub(super) fn registration_requested(
    state: &mut State,
    user_id: UserId,
    event: &Event,
    payload: &RegistrationRequested,
) -> Judged {
    if state.users.get(&user_id)?.is_some() {
        return Err(Reason::UserExists.into());
    }
    // Only people sign up; what else there is comes into the log as registered.
    let kind = AccountKind::Human;
    let RegistrationRequested { username, display_name, locale, .. } = payload;
    let user = Newcomer { kind, username, display_name, locale }.profile(event, true)?;
    state.users.put(user_id, user);
    Ok(Applied { rev: 1, seq: None })
}

/// The account may be used from now on: a profile that was asked for is shown, one that was not is made.
pub(super) fn registered(state: &mut State, user_id: UserId, event: &Event, payload: &Registered) -> Judged {
    let Registered { kind, username, display_name, locale } = payload;
    let newcomer = Newcomer { kind: *kind, username, display_name, locale };
    let asked_for = match state.users.get(&user_id)? {
        Some(user) if !user.pending => return Err(Reason::UserExists.into()),
        asked_for => asked_for.cloned(),
    };
    let mut user = newcomer.profile(event, false)?;
    if let Some(before) = asked_for {
        user = User { rev: before.rev + 1, created_at: before.created_at, digest: before.digest, ..user };
    }
    let rev = user.rev;
    state.users.put(user_id, user);
    Ok(Applied { rev, seq: None })
}

/// The sign-up failed: the profile goes, as if it had never been. Rev 0 says that there was none to go.
pub(super) fn registration_rejected(state: &mut State, user_id: UserId) -> Judged {
    let rev = match state.users.get(&user_id)? {
        None => return Ok(Applied { rev: 0, seq: None }),
        Some(user) if user.pending => user.rev + 1,
        Some(_) => return Err(Reason::UserExists.into()),
    };
    state.users.remove(user_id);
    Ok(Applied { rev, seq: None })
}

pub(super) fn profile_changed(state: &mut State, user_id: UserId, event: &Event, payload: &ProfileChanged) -> Judged {
    permit(state, user_id, event)?;
    if let Some(name) = &payload.display_name {
        check_name(name)?;
    }
    change(state, user_id, |user| {
        if let Some(name) = &payload.display_name {
            user.display_name = readable(name);
        }
        if let Some(locale) = &payload.locale {
            user.locale.clone_from(locale);
        }
    })
}

pub(super) fn status_changed(state: &mut State, user_id: UserId, event: &Event, payload: &StatusChanged) -> Judged {
    permit(state, user_id, event)?;
    let status = payload.status.as_ref().and_then(readable);
    if status.as_ref().is_some_and(|status| status.chars().count() > limits::STATUS_CHARS) {
        return Err(Reason::LimitExceeded.into());
    }
    change(state, user_id, |user| user.status = status)
}

pub(super) fn friend_added(state: &mut State, user_id: UserId, event: &Event, friend: UserId) -> Judged {
    permit(state, user_id, event)?;
    if friend == user_id {
        return Err(Reason::OwnFriend.into());
    }
    if state.friends.get(&(user_id, friend))?.is_some() {
        return Err(Reason::Unchanged.into());
    }
    state.friends.put((user_id, friend), Friend { added_at: event.envelope.time });
    change(state, user_id, |_| {})
}

pub(super) fn friend_removed(state: &mut State, user_id: UserId, event: &Event, friend: UserId) -> Judged {
    permit(state, user_id, event)?;
    if state.friends.get(&(user_id, friend))?.is_none() {
        return Err(Reason::Unchanged.into());
    }
    state.friends.remove((user_id, friend));
    change(state, user_id, |_| {})
}

pub(super) fn deactivated(state: &mut State, user_id: UserId, event: &Event) -> Judged {
    permit(state, user_id, event)?;
    change(state, user_id, |user| user.deactivated = true)
}
