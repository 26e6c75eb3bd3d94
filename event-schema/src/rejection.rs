//! What the fold rejected, and why (`chat.rejections`, key: key of the rejected event).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::EventId;
use crate::words::words;

words! {
    /// Why the fold rejected an event. Words are stable: clients match on them.
    Reason {
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
}

impl From<Reason> for String {
    fn from(reason: Reason) -> Self {
        reason.as_str().to_owned()
    }
}

/// An event was rejected. The record's key is the rejected event's key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RejectionRecorded {
    /// The rejected event.
    pub event_id: EventId,
    /// Its type, for example `chat.message.posted.v1`.
    pub event_type: String,
    /// Why, as a stable word. The list is open: later rules have more reasons, and readers take what they do not know.
    #[schemars(extend("examples" = Reason::ALL))]
    pub reason: String,
}
