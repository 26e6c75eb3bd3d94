//! A log in memory that is folded as it grows.

use event_schema::message::{Deleted, Edited, Posted, ReactionAdded, ReactionRemoved};
use event_schema::rejection::Reason;
use event_schema::room::{
    Archived, Created, HistoryVisibility, InitialMember, JoinRule, MemberInvited, MemberJoined, MemberLeft,
    MemberRemoved, MemberRoleChanged, Role, RoomKind,
};
use event_schema::{
    ClientKind, CommandId, Envelope, Event, EventId, MessageId, Payload, RoomId, Text, Timestamp, UserId, WorkspaceId,
};
use uuid::Uuid;

use crate::{Changes, Item, Needs, Outcome, State, fold, needs};

pub const OWNER: UserId = UserId(Uuid::from_u128(0xA1));
pub const MEMBER: UserId = UserId(Uuid::from_u128(0xA2));
pub const OTHER: UserId = UserId(Uuid::from_u128(0xA3));
pub const STRANGER: UserId = UserId(Uuid::from_u128(0xA4));
pub const ROOM: RoomId = RoomId(Uuid::from_u128(0xB1));

/// A partition with its state; loads what is missing as "no row", which is true while nothing is forgotten.
#[derive(Default)]
pub struct Log {
    pub state: State,
    next: u128,
    clock: i64,
}

impl Log {
    /// A group of which OWNER is owner and MEMBER member.
    pub fn with_group() -> Self {
        let mut log = Self::default();
        log.applied(OWNER, group(JoinRule::Invite));
        log
    }

    /// An open channel of OWNER's.
    pub fn with_channel() -> Self {
        let mut log = Self::default();
        let Payload::RoomCreated(mut created) = group(JoinRule::Open) else { unreachable!("a room") };
        created.kind = RoomKind::Channel;
        created.members.truncate(1);
        log.applied(OWNER, created);
        log
    }

    pub fn event(&mut self, actor: UserId, payload: impl Into<Payload>) -> Event {
        self.next += 1;
        self.clock += 1_000_000;
        let payload = payload.into();
        let key = match payload.event_type().topic() {
            event_schema::Topic::Users => actor.into(),
            _ => ROOM.into(),
        };
        Event {
            key,
            envelope: Envelope {
                id: EventId(Uuid::from_u128(0xE000 + self.next)),
                source: "/test".into(),
                time: Timestamp::from_micros(self.clock).expect("in range"),
                subject: String::new(),
                rules: 1,
                actor,
                command: CommandId(Uuid::from_u128(self.next)),
                client: ClientKind::Api,
                workspace: WorkspaceId::DEFAULT,
                traceparent: None,
            },
            payload,
        }
    }

    pub fn fold(&mut self, event: &Event) -> Outcome {
        let mut wanted = Needs::default();
        needs(event, &mut wanted);
        load_absent(&mut self.state, wanted);
        fold(&mut self.state, event).expect("everything is loaded")
    }

    pub fn when(&mut self, actor: UserId, payload: impl Into<Payload>) -> Outcome {
        let event = self.event(actor, payload);
        self.fold(&event)
    }

    pub fn applied(&mut self, actor: UserId, payload: impl Into<Payload>) -> EventId {
        let event = self.event(actor, payload);
        let outcome = self.fold(&event);
        assert!(matches!(outcome, Outcome::Applied { .. }), "{outcome:?}");
        event.envelope.id
    }

    #[track_caller]
    pub fn rejected(&mut self, actor: UserId, payload: impl Into<Payload>, reason: Reason) {
        let before = self.state.clone().take_changes();
        assert_eq!(self.when(actor, payload), Outcome::Rejected(reason));
        let after = self.state.clone().take_changes();
        assert_eq!(without_digest(before), without_digest(after), "a rejection changes nothing but the digest");
    }

    pub fn post(&mut self, actor: UserId, text: &str) -> MessageId {
        self.applied(actor, posted(text)).into()
    }

    pub fn item(&self, id: MessageId) -> &Item {
        &self.state.messages.get(&(ROOM, id)).expect("loaded").expect("there").item
    }
}

fn without_digest(changes: Changes) -> String {
    let Changes { mut rooms, mut users, members, messages, changes, .. } = changes;
    for (_, room) in &mut rooms {
        room.digest = [0; 32];
    }
    for user in users.iter_mut().filter_map(|(_, user)| user.as_mut()) {
        user.digest = [0; 32];
    }
    format!("{rooms:?}{users:?}{members:?}{messages:?}{changes:?}")
}

pub fn load_absent(state: &mut State, wanted: Needs) {
    let missing = state.missing(wanted);
    missing.rooms.into_iter().for_each(|key| state.rooms.load(key, None));
    missing.members.into_iter().for_each(|key| state.members.load(key, None));
    missing.messages.into_iter().for_each(|key| state.messages.load(key, None));
    for (room, message, user, emoji) in missing.reactions {
        state.reactions.load((room, message, user, crate::EmojiHash::of(&emoji)), None);
    }
    missing.users.into_iter().for_each(|key| state.users.load(key, None));
    missing.friends.into_iter().for_each(|key| state.friends.load(key, None));
    missing.receipts.into_iter().for_each(|key| state.receipts.load(key, None));
    missing.rejected.into_iter().for_each(|key| state.seen.load(key, None));
}

pub fn group(join_rule: JoinRule) -> Payload {
    let member = |user_id, role| InitialMember { user_id, role };
    Created {
        kind: RoomKind::Group,
        name: Some(Text::Plain("room".into())),
        join_rule,
        history_visibility: HistoryVisibility::All,
        members: vec![member(OWNER, Role::Owner), member(MEMBER, Role::Member)],
    }
    .into()
}

pub fn posted(text: &str) -> Posted {
    Posted {
        content: Text::Markdown(text.into()),
        reply_to: None,
        mentions: Vec::new(),
        attachments: Vec::new(),
        client_ref: None,
        original_at: None,
    }
}

pub fn edited(message_id: MessageId, text: &str) -> Edited {
    Edited { message_id, content: Text::Markdown(text.into()), mentions: Vec::new() }
}

pub fn deleted(message_id: MessageId) -> Deleted {
    Deleted { message_id }
}

pub fn reacted(message_id: MessageId, emoji: &str) -> ReactionAdded {
    ReactionAdded { message_id, emoji: emoji.into() }
}

pub fn unreacted(message_id: MessageId, emoji: &str) -> ReactionRemoved {
    ReactionRemoved { message_id, emoji: emoji.into() }
}

pub fn joined(user_id: UserId) -> MemberJoined {
    MemberJoined { user_id }
}

pub fn left(user_id: UserId) -> MemberLeft {
    MemberLeft { user_id }
}

pub fn removed(user_id: UserId) -> MemberRemoved {
    MemberRemoved { user_id }
}

pub fn invited(user_id: UserId, role: Role) -> MemberInvited {
    MemberInvited { user_id, role }
}

pub fn role(user_id: UserId, role: Role) -> MemberRoleChanged {
    MemberRoleChanged { user_id, role }
}

pub fn archived() -> Archived {
    Archived {}
}
