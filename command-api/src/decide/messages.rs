//! Posting.

use event_schema::message::Posted;
use event_schema::rejection::Reason;
use event_schema::rules::Action;
use event_schema::{MessageId, Text, limits};

use super::{Refusal, RoomView};
use crate::validate::{self, Invalid};

/// A message as it was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewMessage {
    /// What is said: Markdown.
    pub text: String,
    /// The message that this one answers.
    pub reply_to: Option<MessageId>,
    /// The client's own reference.
    pub client_ref: Option<String>,
}

impl NewMessage {
    /// The event's payload, or the field that cannot be.
    pub fn into_payload(self) -> Result<Posted, Invalid> {
        validate::message_text("text", &self.text)?;
        if let Some(reference) = &self.client_ref {
            validate::client_ref("client_ref", reference)?;
        }
        Ok(Posted {
            // Named when it is posted: see [`crate::mentions`].
            mentions: Vec::new(),
            content: Text::Markdown(self.text),
            reply_to: self.reply_to,
            attachments: Vec::new(),
            client_ref: self.client_ref,
            original_at: None,
        })
    }
}

/// A batch is taken whole or not at all.
pub fn batch(messages: Vec<NewMessage>) -> Result<Vec<Posted>, Invalid> {
    if messages.is_empty() {
        return Err(Invalid::new("messages", "is empty"));
    }
    if messages.len() > limits::BATCH_MESSAGES {
        return Err(Invalid::over("messages", limits::BATCH_MESSAGES, "messages"));
    }
    let each = messages.into_iter().enumerate();
    each.map(|(n, message)| message.into_payload().map_err(|refused| refused.within(format_args!("messages[{n}]"))))
        .collect()
}

/// Whether the caller may post. `replies_found`: every message that is answered is in this room.
pub fn post(room: Option<&RoomView>, replies_found: bool) -> Result<(), Refusal> {
    let room = room.ok_or(Refusal::RoomNotFound)?;
    room.permit(Action::Post)?;
    if replies_found { Ok(()) } else { Err(Refusal::Rejected(Reason::MessageNotFound)) }
}

#[cfg(test)]
mod tests {
    use super::super::given::room;
    use super::*;
    use event_schema::room::{Role, RoomKind};

    fn message(text: &str) -> NewMessage {
        NewMessage { text: text.into(), ..NewMessage::default() }
    }

    #[test]
    fn members_post() {
        for kind in RoomKind::ALL {
            assert_eq!(post(Some(&room(*kind).caller("joined", Role::Member)), true), Ok(()));
        }
    }

    #[test]
    fn others_do_not_and_learn_nothing_of_closed_rooms() {
        assert_eq!(post(None, true), Err(Refusal::RoomNotFound));
        let closed = room(RoomKind::Group);
        assert_eq!(post(Some(&closed), true), Err(Refusal::RoomNotFound));
        for state in ["left", "removed"] {
            assert_eq!(post(Some(&closed.clone().caller(state, Role::Member)), true), Err(Refusal::RoomNotFound));
        }
        assert_eq!(post(Some(&closed.clone().caller("invited", Role::Owner)), true), Err(Refusal::Forbidden));
        assert_eq!(post(Some(&closed.open()), true), Err(Refusal::Forbidden));
    }

    #[test]
    fn an_archived_room_is_read_only() {
        let archived = room(RoomKind::Channel).archived().caller("joined", Role::Owner);
        assert_eq!(post(Some(&archived), true), Err(Refusal::Rejected(Reason::RoomArchived)));
    }

    #[test]
    fn what_is_answered_must_exist_but_only_members_learn_so() {
        let room = room(RoomKind::Group);
        assert_eq!(post(Some(&room), false), Err(Refusal::RoomNotFound));
        let member = room.caller("joined", Role::Member);
        assert_eq!(post(Some(&member), false), Err(Refusal::Rejected(Reason::MessageNotFound)));
    }

    #[test]
    fn a_batch_is_refused_whole_and_names_the_field() {
        let refused = batch(vec![message("a"), message("b"), message("c"), message("")]).expect_err("an empty text");
        assert_eq!(refused.field, "messages[3].text");
        assert!(batch(vec![]).is_err());
        assert_eq!(batch(vec![message("a"); 500]).map(|batch| batch.len()), Ok(500));
        assert_eq!(batch(vec![message("a"); 501]).expect_err("one too many").limit, Some(500));
    }

    #[test]
    fn text_is_markdown() {
        let posted = message("*hello*").into_payload().expect("a payload");
        assert_eq!(posted.content, Text::Markdown("*hello*".into()));
    }
}
