//! Refusals and rejections as problems.

use api_kit::Problem;
use event_schema::rejection::Reason;
use http::StatusCode;

use crate::decide::Refusal;

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::RoomNotFound => Self::not_found().detail("There is no such room."),
            Refusal::MessageNotFound => Self::not_found().detail("There is no such message in this room."),
            Refusal::TargetNotAMember => Self::not_found().detail("The person is neither a member nor invited."),
            Refusal::Forbidden => Self::forbidden().detail("Your role in this room does not allow it."),
            Refusal::Rejected(reason) => rejected(reason.as_str()),
        }
    }
}

/// 422: the fold rejected it, or would.
#[must_use]
pub fn rejected(reason: &str) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "rejected", "Command rejected")
        .detail(describe(reason))
        .reason(reason)
}

/// What a reason means to a person.
fn describe(reason: &str) -> &'static str {
    match Reason::from_word(reason) {
        Some(Reason::RoomNotFound) => "There was no such room when the command's turn came.",
        Some(Reason::RoomArchived) => "The room is archived.",
        Some(Reason::RoomExists) => "A room with this id exists already.",
        Some(Reason::InvalidRoom) => "The room lacks what its kind needs.",
        Some(Reason::NotAMember) => "You were not a member when the command's turn came.",
        Some(Reason::NotAllowed) => "Your role did not allow it when the command's turn came.",
        Some(Reason::AlreadyMember) => "The person is a member already.",
        Some(Reason::AlreadyInvited) => "The person is invited already, with another role.",
        Some(Reason::TargetNotAMember) => "The person is neither a member nor invited.",
        Some(Reason::NotInvited) => "The room is joined by invitation.",
        Some(Reason::MemberLimit) => "The room has as many members as it may have.",
        Some(Reason::MessageNotFound) => "There is no such message in this room.",
        Some(Reason::MessageDeleted) => "The message is deleted.",
        Some(Reason::Unchanged) => "Nothing would have changed.",
        Some(Reason::ReactionUnchanged) => "The reaction is there already, or was not there to be taken back.",
        Some(Reason::EmojiLimit) => "The message has as many different emoji as it may have.",
        Some(Reason::LimitExceeded) => "It is larger than the rules allow.",
        Some(Reason::UserNotFound) => "There was no such person when the command's turn came.",
        Some(Reason::UserDeactivated) => "The account is closed.",
        Some(Reason::OwnFriend) => "Nobody is their own friend.",
        _ => "The fold rejected it.",
    }
}
