//! Profiles and friends.

use event_schema::rejection::Reason;
use event_schema::user::{ProfileChanged, Registered, StatusChanged};
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

pub(super) fn registered(state: &mut State, user_id: UserId, event: &Event, payload: &Registered) -> Judged {
    if state.users.get(&user_id)?.is_some() {
        return Err(Reason::UserExists.into());
    }
    check_name(&payload.username)?;
    check_name(&payload.display_name)?;
    let user = User {
        workspace_id: event.envelope.workspace,
        kind: payload.kind,
        username: readable(&payload.username),
        display_name: readable(&payload.display_name),
        locale: payload.locale.clone(),
        status: None,
        deactivated: false,
        rev: 1,
        created_at: event.envelope.time,
        digest: [0; 32],
    };
    state.users.put(user_id, user);
    Ok(Applied { rev: 1, seq: None })
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
