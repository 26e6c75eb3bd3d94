//! Every event type, in one table: its name, its version, its topic, its payload.

use schemars::{JsonSchema, Schema};
use serde::Deserialize;
use serde_json::Value;

use crate::envelope::{ClientKind, Envelope, RULES, attribute_problem};
use crate::ids::effect_event_id;
use crate::json::Object;
use crate::topics::{Key, Topic};
use crate::{
    CommandId, EventId, Timestamp, UserId, WorkspaceId, admin, mail, message, receipt, registration, rejection, room,
    security, setting, user,
};

/// A fact in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The aggregate it belongs to.
    pub key: Key,
    /// Who, when, why.
    pub envelope: Envelope,
    /// What.
    pub payload: Payload,
}

macro_rules! events {
    ($($(#[$doc:meta])* $variant:ident($payload:ty) = $name:literal v $version:literal in $topic:ident;)*) => {
        /// What happened.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Payload { $($(#[$doc])* $variant($payload),)* }

        /// The type of an event.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EventType { $($(#[$doc])* $variant,)* }

        impl EventType {
            /// Every type, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name without its version, for example `chat.message.posted`.
            #[must_use]
            pub fn base_name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The version that is written today.
            #[must_use]
            pub fn version(self) -> u32 {
                match self { $(Self::$variant => $version,)* }
            }

            /// `ce_type`, for example `chat.message.posted.v1`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => concat!($name, ".v", $version),)* }
            }

            /// The topic it is written to.
            #[must_use]
            pub fn topic(self) -> Topic {
                match self { $(Self::$variant => Topic::$topic,)* }
            }

            /// The type with this name without version.
            #[must_use]
            pub fn from_base_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }

            /// The JSON Schema of its value (draft 2020-12).
            #[must_use]
            pub fn value_schema(self) -> Schema {
                fn of<T: JsonSchema>() -> Schema { schemars::SchemaGenerator::default().into_root_schema_for::<T>() }
                match self { $(Self::$variant => of::<$payload>(),)* }
            }

            pub(crate) fn parse(self, value: &[u8]) -> Result<Payload, serde_json::Error> {
                Ok(match self { $(Self::$variant => Payload::$variant(serde_json::from_slice::<Object<_>>(value)?.0),)* })
            }

            pub(crate) fn parse_value(self, value: Value) -> Result<Payload, serde_json::Error> {
                Ok(match self { $(Self::$variant => Payload::$variant(Object::deserialize(value)?.0),)* })
            }
        }

        impl Payload {
            /// Its type.
            #[must_use]
            pub fn event_type(&self) -> EventType {
                match self { $(Self::$variant(_) => EventType::$variant,)* }
            }

            pub(crate) fn to_vec(&self) -> Result<Vec<u8>, serde_json::Error> {
                match self { $(Self::$variant(payload) => serde_json::to_vec(payload),)* }
            }
        }

        $(impl From<$payload> for Payload {
            fn from(payload: $payload) -> Self { Self::$variant(payload) }
        })*
    };
}

impl Event {
    /// What a part of the platform says by itself, in the default workspace.
    pub fn by_platform(
        source: &str,
        (id, command): (EventId, CommandId),
        time: Timestamp,
        key: Key,
        payload: impl Into<Payload>,
    ) -> Self {
        let payload = payload.into();
        let envelope = Envelope {
            id,
            source: source.to_owned(),
            time,
            subject: payload.subject(&key, id),
            rules: RULES,
            actor: UserId::PLATFORM,
            command,
            client: ClientKind::Platform,
            workspace: WorkspaceId::DEFAULT,
            traceparent: None,
        };
        Self { key, envelope, payload }
    }

    /// The `n`-th thing that `source` says because of this event. Everything in it follows from this event: said again,
    /// after a crash or in a replay, it is the same.
    #[must_use]
    pub fn effect(&self, source: &str, n: u32, payload: impl Into<Payload>) -> Self {
        let (of, payload, key) = (&self.envelope, payload.into(), self.key.clone());
        let id = effect_event_id(source, of.id, n);
        let envelope = Envelope {
            id,
            source: source.to_owned(),
            subject: payload.subject(&key, id),
            actor: UserId::PLATFORM,
            client: ClientKind::Platform,
            ..of.clone()
        };
        Self { key, envelope, payload }
    }
}

impl Payload {
    /// `ce_subject`: the id of what the event is about.
    #[must_use]
    pub fn subject(&self, key: &Key, id: EventId) -> String {
        match self {
            Self::MessagePosted(_) => id.to_string(),
            Self::MessageEdited(message::Edited { message_id, .. })
            | Self::MessageDeleted(message::Deleted { message_id })
            | Self::ReactionAdded(message::ReactionAdded { message_id, .. })
            | Self::ReactionRemoved(message::ReactionRemoved { message_id, .. }) => message_id.to_string(),
            Self::MemberJoined(room::MemberJoined { user_id })
            | Self::MemberInvited(room::MemberInvited { user_id, .. })
            | Self::MemberLeft(room::MemberLeft { user_id })
            | Self::MemberRemoved(room::MemberRemoved { user_id })
            | Self::MemberRoleChanged(room::MemberRoleChanged { user_id, .. }) => user_id.to_string(),
            Self::FriendAdded(user::FriendAdded { friend_id })
            | Self::FriendRemoved(user::FriendRemoved { friend_id }) => friend_id.to_string(),
            Self::EventDropped(room::EventDropped { event_id })
            | Self::Rejected(rejection::RejectionRecorded { event_id, .. }) => event_id.to_string(),
            Self::StepCompleted(registration::StepCompleted { registration_id, .. })
            | Self::StepFailed(registration::StepFailed { registration_id, .. })
            | Self::StepCompensated(registration::StepCompensated { registration_id, .. }) => {
                registration_id.to_string()
            }
            Self::MailRequested(mail::Requested { request_id, .. })
            | Self::MailSent(mail::Sent { request_id })
            | Self::MailFailed(mail::Failed { request_id, .. }) => request_id.to_string(),
            Self::AdminActionTaken(admin::ActionTaken { target: Some(target), .. })
                if attribute_problem(target).is_none() =>
            {
                target.clone()
            }
            // Users, rooms, receipts and settings: the key itself.
            _ => key.to_string(),
        }
    }
}

events! {
    /// Sign-up began.
    RegistrationRequested(user::RegistrationRequested) = "chat.user.registration_requested" v 1 in Users;
    /// The account exists.
    Registered(user::Registered) = "chat.user.registered" v 1 in Users;
    /// Sign-up failed.
    RegistrationRejected(user::RegistrationRejected) = "chat.user.registration_rejected" v 1 in Users;
    /// Name or locale changed.
    ProfileChanged(user::ProfileChanged) = "chat.user.profile_changed" v 1 in Users;
    /// The status line changed.
    StatusChanged(user::StatusChanged) = "chat.user.status_changed" v 1 in Users;
    /// A friend was added.
    FriendAdded(user::FriendAdded) = "chat.user.friend_added" v 1 in Users;
    /// A friend was removed.
    FriendRemoved(user::FriendRemoved) = "chat.user.friend_removed" v 1 in Users;
    /// The account is closed.
    Deactivated(user::Deactivated) = "chat.user.deactivated" v 1 in Users;
    /// A room began.
    RoomCreated(room::Created) = "chat.room.created" v 1 in Rooms;
    /// The room has another name.
    RoomRenamed(room::Renamed) = "chat.room.renamed" v 1 in Rooms;
    /// The room is closed.
    RoomArchived(room::Archived) = "chat.room.archived" v 1 in Rooms;
    /// Somebody joined.
    MemberJoined(room::MemberJoined) = "chat.room.member_joined" v 1 in Rooms;
    /// Somebody may join.
    MemberInvited(room::MemberInvited) = "chat.room.member_invited" v 1 in Rooms;
    /// Somebody left.
    MemberLeft(room::MemberLeft) = "chat.room.member_left" v 1 in Rooms;
    /// Somebody was put out.
    MemberRemoved(room::MemberRemoved) = "chat.room.member_removed" v 1 in Rooms;
    /// Somebody has another role.
    MemberRoleChanged(room::MemberRoleChanged) = "chat.room.member_role_changed" v 1 in Rooms;
    /// A parked event was given up.
    EventDropped(room::EventDropped) = "chat.room.event_dropped" v 1 in Rooms;
    /// A message was posted.
    MessagePosted(message::Posted) = "chat.message.posted" v 1 in Rooms;
    /// A message has other content.
    MessageEdited(message::Edited) = "chat.message.edited" v 1 in Rooms;
    /// A message is gone.
    MessageDeleted(message::Deleted) = "chat.message.deleted" v 1 in Rooms;
    /// An emoji was put on a message.
    ReactionAdded(message::ReactionAdded) = "chat.message.reaction_added" v 1 in Rooms;
    /// An emoji was taken back.
    ReactionRemoved(message::ReactionRemoved) = "chat.message.reaction_removed" v 1 in Rooms;
    /// A member has read up to a seq.
    ReadUpTo(receipt::ReadUpTo) = "chat.receipt.read_up_to" v 1 in Receipts;
    /// A participant has done its part of a sign-up.
    StepCompleted(registration::StepCompleted) = "chat.registration.step_completed" v 1 in Registrations;
    /// A participant could not do its part of a sign-up.
    StepFailed(registration::StepFailed) = "chat.registration.step_failed" v 1 in Registrations;
    /// A participant has undone its part of a sign-up.
    StepCompensated(registration::StepCompensated) = "chat.registration.step_compensated" v 1 in Registrations;
    /// A mail should go out.
    MailRequested(mail::Requested) = "chat.mail.requested" v 1 in Mail;
    /// A mail server has taken a mail.
    MailSent(mail::Sent) = "chat.mail.sent" v 1 in Mail;
    /// A mail cannot be sent.
    MailFailed(mail::Failed) = "chat.mail.failed" v 1 in Mail;
    /// The fold rejected an event.
    Rejected(rejection::RejectionRecorded) = "chat.rejection.recorded" v 1 in Rejections;
    /// An administrator did something.
    AdminActionTaken(admin::ActionTaken) = "chat.admin.action_taken" v 1 in Admin;
    /// Something concerns the security of an account.
    SecurityRecorded(security::SecurityRecorded) = "chat.security.recorded" v 1 in Admin;
    /// A setting has another value.
    SettingChanged(setting::Changed) = "chat.config.changed" v 1 in Config;
}
