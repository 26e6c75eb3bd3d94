//! What the fold rejected, and why (`chat.rejections`, key: key of the rejected event).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::EventId;

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $word:literal,)*) => {
        /// Why the fold rejected an event. Words are stable: clients match on them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum Reason { $($(#[$doc])* #[serde(rename = $word)] $variant,)* }

        impl Reason {
            /// Every reason.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The stable word.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The reason of a word.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

reasons! {
    /// No such room at this place of the log.
    RoomNotFound = "room_not_found",
    /// The room is archived.
    RoomArchived = "room_archived",
    /// A room with this id exists already and is not the same direct room.
    RoomExists = "room_exists",
    /// The event does not say what a room of its kind needs (members, name).
    InvalidRoom = "invalid_room",
    /// The actor is not a member.
    NotAMember = "not_a_member",
    /// The actor's role does not allow it.
    NotAllowed = "not_allowed",
    /// The person is a member already.
    AlreadyMember = "already_member",
    /// The person is invited already.
    AlreadyInvited = "already_invited",
    /// The person is neither a member nor invited.
    TargetNotAMember = "target_not_a_member",
    /// The room is joined by invitation, or the person was removed.
    NotInvited = "not_invited",
    /// The room has as many members as its kind may have.
    MemberLimit = "member_limit",
    /// No such message in this room.
    MessageNotFound = "message_not_found",
    /// The message is deleted.
    MessageDeleted = "message_deleted",
    /// The reaction is there already, or is not there to be removed.
    ReactionUnchanged = "reaction_unchanged",
    /// The message has as many different emoji as it may have.
    EmojiLimit = "emoji_limit",
    /// Nothing would change (same name, same role).
    Unchanged = "unchanged",
    /// A limit of the rules on the event's own size.
    LimitExceeded = "limit_exceeded",
    /// No such user at this place of the log.
    UserNotFound = "user_not_found",
    /// The user exists already.
    UserExists = "user_exists",
    /// The user is deactivated.
    UserDeactivated = "user_deactivated",
    /// One cannot be one's own friend.
    OwnFriend = "own_friend",
}

/// An event was rejected. The record's key is the rejected event's key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Recorded {
    /// The rejected event.
    pub event_id: EventId,
    /// Its type, for example `chat.message.posted.v1`.
    pub event_type: String,
    /// Why.
    pub reason: Reason,
}
