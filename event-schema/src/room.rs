//! What happens to a room and its membership (`chat.rooms`, key: room id).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::words::words;
use crate::{EventId, Text, UserId, limits, text};

words! {
    /// What a room is.
    RoomKind {
        /// Two people, for ever; one room a pair.
        Direct = "direct",
        /// A closed circle.
        Group = "group",
        /// A place for many.
        Channel = "channel",
    }
}

words! {
    /// How one becomes a member.
    JoinRule {
        /// Whoever wants.
        Open = "open",
        /// By invitation.
        Invite = "invite",
    }
}

words! {
    /// What a member sees of the time before joining.
    HistoryVisibility {
        /// Everything.
        All = "all",
        /// Nothing.
        SinceJoin = "since_join",
    }
}

words! {
    /// A member's role, from least to most.
    Role {
        /// Reads and writes.
        Member = "member",
        /// Also invites, removes, renames, deletes others' messages.
        Moderator = "moderator",
        /// Also gives roles and archives.
        Owner = "owner",
    }
}

/// A member named when the room is created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InitialMember {
    /// Who.
    pub user_id: UserId,
    /// As what.
    pub role: Role,
}

/// The room exists, with its first members: one event, so that nobody sees it half made. The creator is the event's actor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Created {
    /// Direct, group or channel.
    pub kind: RoomKind,
    /// Its name; direct rooms have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(transform = text::name)]
    pub name: Option<Text>,
    /// How one becomes a member.
    pub join_rule: JoinRule,
    /// What a member sees of the time before joining.
    pub history_visibility: HistoryVisibility,
    /// The first members, the creator among them.
    #[serde(deserialize_with = "crate::json::objects")]
    #[schemars(length(max = limits::INITIAL_MEMBERS))]
    pub members: Vec<InitialMember>,
}

/// The room has another name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Renamed {
    /// The new name.
    #[schemars(transform = text::name)]
    pub name: Text,
}

/// The room is closed: it can be read, not written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Archived {}

/// Somebody became a member by their own act. The actor is that person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MemberJoined {
    /// Who.
    pub user_id: UserId,
}

/// Somebody may join.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MemberInvited {
    /// Who.
    pub user_id: UserId,
    /// As what.
    pub role: Role,
}

/// Somebody left by their own act, or an invited person declined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MemberLeft {
    /// Who.
    pub user_id: UserId,
}

/// Somebody was put out; only an invitation brings them back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MemberRemoved {
    /// Who.
    pub user_id: UserId,
}

/// Somebody has another role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MemberRoleChanged {
    /// Who.
    pub user_id: UserId,
    /// The new role.
    pub role: Role,
}

/// An administrator gave up a parked event of this room: the fold skips it, now and at every replay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventDropped {
    /// The event given up.
    pub event_id: EventId,
}

/// What somebody is to a room, as the fold says and the tables have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberState {
    /// A member.
    Joined,
    /// May join.
    Invited,
    /// Left by their own act.
    Left,
    /// Was put out.
    Removed,
}

impl MemberState {
    /// The word in the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Joined => "joined",
            Self::Invited => "invited",
            Self::Left => "left",
            Self::Removed => "removed",
        }
    }

    /// The state of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Joined, Self::Invited, Self::Left, Self::Removed].into_iter().find(|state| state.as_str() == word)
    }
}
