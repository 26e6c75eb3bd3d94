//! Decisions: request + what the read model says of the room + who asks → an event, or why not. Pure.
//!
//! They read the same table as the fold and are only a fast first answer: the fold decides at the event's place in the
//! log. A refusal (and "nothing to do") must come from a state that includes everything acked; see [`crate::read_consistency`].

pub mod changes;
pub mod members;
pub mod messages;
pub mod rooms;

use event_schema::Payload;
use event_schema::envelope::RULES;
use event_schema::rejection::Reason;
use event_schema::room::MemberState;
use event_schema::room::{JoinRule, Role, RoomKind};
use event_schema::rules::{self, Action, Standing};

/// What to do about a command that is not refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    Emit(Payload),
    /// It is so already.
    Unchanged,
}

/// Why a command is refused at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No such room, or none that the caller may know of.
    RoomNotFound,
    /// No such message in the room.
    MessageNotFound,
    /// The person acted upon is neither a member nor invited.
    TargetNotAMember,
    /// The caller's role does not allow it.
    Forbidden,
    /// The fold would reject it for this reason.
    Rejected(Reason),
}

/// What the read model says of a room and of the people a command is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomView {
    /// Direct, group or channel.
    pub kind: RoomKind,
    /// How one becomes a member.
    pub join_rule: JoinRule,
    pub archived: bool,
    pub name: Option<String>,
    pub member_count: usize,
    /// The caller's relation to it.
    pub caller: Option<Membership>,
    /// The relation of the person acted upon.
    pub other: Option<Membership>,
}

/// Somebody's relation to a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    /// As a standing of the rules.
    pub standing: Standing,
    /// The role; of an invited person the one to come.
    pub role: Role,
}

impl Membership {
    /// From the words of the read model; `None` where a later version wrote another word.
    #[must_use]
    pub fn from_words(state: &str, role: &str) -> Option<Self> {
        let role = Role::from_word(role)?;
        let standing = match MemberState::from_word(state)? {
            MemberState::Joined => role.into(),
            MemberState::Invited => Standing::Invited,
            MemberState::Left => Standing::Outsider,
            MemberState::Removed => Standing::Removed,
        };
        Some(Self { standing, role })
    }
}

fn standing(membership: Option<Membership>) -> Standing {
    membership.map_or(Standing::Outsider, |membership| membership.standing)
}

impl RoomView {
    /// Asks the rules whether the caller may do something, and gives their standing.
    fn permit(&self, action: Action) -> Result<Standing, Refusal> {
        let (caller, other) = (standing(self.caller), standing(self.other));
        if !rules::allows(RULES, self.kind, self.join_rule, caller, action, Some(other)) {
            return Err(self.refuse(caller));
        }
        if self.archived && !action.allowed_when_archived() {
            return Err(Refusal::Rejected(Reason::RoomArchived));
        }
        Ok(caller)
    }

    /// Nobody learns from a refusal that a closed room exists; members, invited people and the visitors of open rooms
    /// know it anyway.
    fn refuse(&self, caller: Standing) -> Refusal {
        let stranger = matches!(caller, Standing::Outsider | Standing::Removed);
        if stranger && self.join_rule != JoinRule::Open { Refusal::RoomNotFound } else { Refusal::Forbidden }
    }
}

#[cfg(test)]
pub(crate) mod given {
    //! Rooms to decide about.

    use super::*;

    pub(crate) fn room(kind: RoomKind) -> RoomView {
        RoomView {
            kind,
            join_rule: JoinRule::Invite,
            archived: false,
            name: Some("room".into()),
            member_count: 2,
            caller: None,
            other: None,
        }
    }

    impl RoomView {
        pub(crate) fn open(self) -> Self {
            Self { join_rule: JoinRule::Open, ..self }
        }

        pub(crate) fn archived(self) -> Self {
            Self { archived: true, ..self }
        }

        pub(crate) fn members(self, member_count: usize) -> Self {
            Self { member_count, ..self }
        }

        pub(crate) fn caller(self, state: &str, role: Role) -> Self {
            Self { caller: Membership::from_words(state, role.as_str()), ..self }
        }

        pub(crate) fn other(self, state: &str, role: Role) -> Self {
            Self { other: Membership::from_words(state, role.as_str()), ..self }
        }
    }
}
