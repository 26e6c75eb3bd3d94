//! Who may do what: one table per rules version, read by the command API (a fast first answer) and by the fold (the answer).
//!
//! A published version never changes its behaviour, faults included; a new rule is a new version, and the version that
//! judges an event travels in its envelope.

use crate::limits;
use crate::room::{JoinRule, Role, RoomKind};

/// What somebody is to a room at one place of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// Never was a member, or left.
    Outsider,
    /// Was put out; comes back by invitation only.
    Removed,
    /// May join.
    Invited,
    /// Member with the role `member`.
    Member,
    /// Member with the role `moderator`.
    Moderator,
    /// Member with the role `owner`.
    Owner,
    /// The platform itself (administration, compensation); no person.
    Platform,
}

impl Standing {
    /// Every standing.
    pub const ALL: [Self; 7] =
        [Self::Outsider, Self::Removed, Self::Invited, Self::Member, Self::Moderator, Self::Owner, Self::Platform];

    /// Whether this is a member of the room.
    #[must_use]
    pub fn is_member(self) -> bool {
        matches!(self, Self::Member | Self::Moderator | Self::Owner)
    }
}

impl From<Role> for Standing {
    fn from(role: Role) -> Self {
        match role {
            Role::Member => Self::Member,
            Role::Moderator => Self::Moderator,
            Role::Owner => Self::Owner,
        }
    }
}

/// What can be done to a room that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Give it another name.
    Rename,
    /// Close it.
    Archive,
    /// Become a member oneself.
    Join,
    /// Let somebody in.
    Invite,
    /// End one's own membership or invitation.
    Leave,
    /// End somebody else's.
    Remove,
    /// Give somebody another role.
    ChangeRole,
    /// Give up a parked event.
    DropEvent,
    /// Post a message.
    Post,
    /// Change one's own message.
    EditOwn,
    /// Change somebody else's message.
    EditOthers,
    /// Delete one's own message.
    DeleteOwn,
    /// Delete somebody else's message.
    DeleteOthers,
    /// Put an emoji on a message, or take one's own back.
    React,
    /// Say how far one has read.
    Read,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 15] = [
        Self::Rename,
        Self::Archive,
        Self::Join,
        Self::Invite,
        Self::Leave,
        Self::Remove,
        Self::ChangeRole,
        Self::DropEvent,
        Self::Post,
        Self::EditOwn,
        Self::EditOthers,
        Self::DeleteOwn,
        Self::DeleteOthers,
        Self::React,
        Self::Read,
    ];

    /// Whether it is still possible in an archived room.
    #[must_use]
    pub fn allowed_when_archived(self) -> bool {
        matches!(self, Self::Leave | Self::Remove | Self::DeleteOthers | Self::DropEvent | Self::Read)
    }
}

/// The answer of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It counts.
    Allowed,
    /// It counts if the room's join rule is `open`.
    IfOpen,
    /// It counts if the other person stands lower than the actor.
    IfLower,
    /// It does not count.
    Forbidden,
}

/// One action and its cells, one per standing.
type Row = (Action, &'static [u8; 7]);

/// Rules v1: rows are actions, columns are standings, one block per kind of room.
///
/// Columns: outsider, removed, invited, member, moderator, owner, platform.
/// `x` allowed, `o` if open, `<` if the other stands lower, `.` forbidden.
const V1: [(RoomKind, [Row; 15]); 3] = [
    (
        RoomKind::Direct,
        [
            (Action::Rename, b"......."),
            (Action::Archive, b"......x"),
            (Action::Join, b"......."),
            (Action::Invite, b"......."),
            (Action::Leave, b"......."),
            (Action::Remove, b"......."),
            (Action::ChangeRole, b"......."),
            (Action::DropEvent, b"......x"),
            (Action::Post, b"...xxx."),
            (Action::EditOwn, b"...xxx."),
            (Action::EditOthers, b"......."),
            (Action::DeleteOwn, b"...xxx."),
            (Action::DeleteOthers, b"......x"),
            (Action::React, b"...xxx."),
            (Action::Read, b"...xxx."),
        ],
    ),
    (
        RoomKind::Group,
        [
            (Action::Rename, b"....xxx"),
            (Action::Archive, b".....xx"),
            (Action::Join, b"o.x...."),
            (Action::Invite, b"....xxx"),
            (Action::Leave, b"..xxxx."),
            (Action::Remove, b"....<<x"),
            (Action::ChangeRole, b".....xx"),
            (Action::DropEvent, b"......x"),
            (Action::Post, b"...xxx."),
            (Action::EditOwn, b"...xxx."),
            (Action::EditOthers, b"......."),
            (Action::DeleteOwn, b"...xxx."),
            (Action::DeleteOthers, b"....xxx"),
            (Action::React, b"...xxx."),
            (Action::Read, b"...xxx."),
        ],
    ),
    (
        RoomKind::Channel,
        [
            (Action::Rename, b"....xxx"),
            (Action::Archive, b".....xx"),
            (Action::Join, b"o.x...."),
            (Action::Invite, b"....xxx"),
            (Action::Leave, b"..xxxx."),
            (Action::Remove, b"....<<x"),
            (Action::ChangeRole, b".....xx"),
            (Action::DropEvent, b"......x"),
            (Action::Post, b"...xxx."),
            (Action::EditOwn, b"...xxx."),
            (Action::EditOthers, b"......."),
            (Action::DeleteOwn, b"...xxx."),
            (Action::DeleteOthers, b"....xxx"),
            (Action::React, b"...xxx."),
            (Action::Read, b"...xxx."),
        ],
    ),
];

/// What the table of a rules version says; `None` for a version that this build does not know.
#[must_use]
pub fn verdict(rules: u32, kind: RoomKind, standing: Standing, action: Action) -> Option<Verdict> {
    if rules != 1 {
        return None;
    }
    let rows = &V1[kind as usize].1;
    let cell = rows[action as usize].1[standing as usize];
    Some(match cell {
        b'x' => Verdict::Allowed,
        b'o' => Verdict::IfOpen,
        b'<' => Verdict::IfLower,
        _ => Verdict::Forbidden,
    })
}

/// The verdict with its conditions applied. `other` is the standing of the person acted upon, where there is one.
///
/// An unknown rules version allows nothing; the fold never asks for one, because the decoder refuses it.
#[must_use]
pub fn allows(
    rules: u32,
    kind: RoomKind,
    join_rule: JoinRule,
    actor: Standing,
    action: Action,
    other: Option<Standing>,
) -> bool {
    match verdict(rules, kind, actor, action) {
        Some(Verdict::Allowed) => true,
        Some(Verdict::IfOpen) => join_rule == JoinRule::Open,
        Some(Verdict::IfLower) => other.is_some_and(|other| other < actor),
        Some(Verdict::Forbidden) | None => false,
    }
}

/// How many members a room of a kind may have.
#[must_use]
pub fn member_limit(kind: RoomKind) -> usize {
    match kind {
        RoomKind::Direct => limits::DIRECT_MEMBERS,
        RoomKind::Group => limits::GROUP_MEMBERS,
        RoomKind::Channel => limits::CHANNEL_MEMBERS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_where_they_are_looked_up() {
        for (index, (kind, rows)) in V1.iter().enumerate() {
            assert_eq!(*kind as usize, index);
            for (action, (named, _)) in Action::ALL.iter().zip(rows) {
                assert_eq!(action, named);
            }
        }
        for (index, standing) in Standing::ALL.iter().enumerate() {
            assert_eq!(*standing as usize, index);
        }
    }

    #[test]
    fn only_members_write_and_read() {
        for kind in RoomKind::ALL {
            for action in [Action::Post, Action::React, Action::Read, Action::EditOwn] {
                for standing in Standing::ALL {
                    let allowed = allows(1, *kind, JoinRule::Open, standing, action, None);
                    assert_eq!(allowed, standing.is_member(), "{kind:?} {action:?} {standing:?}");
                }
            }
        }
    }

    #[test]
    fn nobody_edits_what_another_wrote() {
        for kind in RoomKind::ALL {
            for standing in Standing::ALL {
                assert!(!allows(1, *kind, JoinRule::Open, standing, Action::EditOthers, None));
            }
        }
    }

    #[test]
    fn one_removes_only_those_below() {
        let removes = |actor, other| allows(1, RoomKind::Group, JoinRule::Open, actor, Action::Remove, Some(other));
        assert!(removes(Standing::Owner, Standing::Moderator));
        assert!(removes(Standing::Moderator, Standing::Member));
        assert!(!removes(Standing::Moderator, Standing::Moderator));
        assert!(!removes(Standing::Member, Standing::Member));
    }

    // Published: the whole table, so that a change of any cell is seen.
    #[test]
    fn version_1_never_changes() {
        let mut hasher = blake3::Hasher::new();
        for (kind, rows) in &V1 {
            hasher.update(kind.as_str().as_bytes());
            for (action, cells) in rows {
                hasher.update(format!("{action:?}").as_bytes());
                hasher.update(*cells);
            }
        }
        assert_eq!(hasher.finalize().to_hex()[..16], *"fba98c6bd8fe6915");
    }
}
