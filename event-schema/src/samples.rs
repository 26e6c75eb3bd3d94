//! One example of every event, and of every form that readers must know: for the documentation and for tests.
//!
//! The golden files were made from these. A sample that has one never changes; a new form is a new sample.

use serde_json::{Map, json};
use uuid::Uuid;

use crate::envelope::{ClientKind, Envelope, RULES};
use crate::event::{Event, EventType, Payload};
use crate::room::{HistoryVisibility, InitialMember, JoinRule, Role, RoomKind};
use crate::topics::{Key, KeyKind};
use crate::user::AccountKind;
use crate::{
    CommandId, EventId, MailRequestId, MessageId, RegistrationId, RoomId, SessionId, Text, Timestamp, UserId,
    WorkspaceId,
};
use crate::{admin, mail, message, receipt, registration, rejection, room, security, setting, user};

/// An example of an event.
#[derive(Clone, Debug)]
pub struct Sample {
    /// `full` (every field), `minimal` (required fields only), or what is special about it.
    pub name: &'static str,
    /// The event.
    pub event: Event,
}

const OWNER: UserId = UserId(id(0x101));
const MODERATOR: UserId = UserId(id(0x102));
const READER: UserId = UserId(id(0x103));
const ROOM: RoomId = RoomId(id(0x201));
const MESSAGE: MessageId = MessageId(id(0x301));
const EARLIER_MESSAGE: MessageId = MessageId(id(0x302));
const EVENT: EventId = EventId(MESSAGE.0);
const COMMAND: CommandId = CommandId(id(0x401));
const REGISTRATION: RegistrationId = RegistrationId(id(0x501));
const SESSION: SessionId = SessionId(id(0x801));
const MAIL: MailRequestId = MailRequestId(id(0x601));

/// A UUIDv7 of 1 January 2026 that ends in a number.
const fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x019b_7711_1a00_7000_8000_0000_0000_0000 | number)
}

/// Every sample, in the order of [`EventType::ALL`], `full` first.
#[must_use]
pub fn all() -> Vec<Sample> {
    let payloads = users().into_iter().chain(rooms()).chain(messages()).chain(others());
    payloads.map(|(name, payload)| Sample { name, event: event(payload, name) }).collect()
}

/// The sample of a type that shows every field.
#[must_use]
pub fn full(event_type: EventType) -> Option<Event> {
    let is_full = |sample: &Sample| sample.name == "full" && sample.event.payload.event_type() == event_type;
    all().into_iter().find(is_full).map(|sample| sample.event)
}

fn event(payload: Payload, name: &str) -> Event {
    let full = name == "full";
    let client = if full { ClientKind::Web } else { ClientKind::Api };
    let (key, actor) = key_and_actor(&payload);
    let envelope = Envelope {
        id: EVENT,
        source: source(&payload).to_owned(),
        time: Timestamp::from_micros(1_767_225_600_123_456).unwrap_or_default(),
        subject: payload.subject(&key, EVENT),
        rules: RULES,
        actor,
        command: COMMAND,
        client: if actor == UserId::PLATFORM { ClientKind::Platform } else { client },
        workspace: WorkspaceId::DEFAULT,
        traceparent: full.then(|| "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
    };
    Event { key, envelope, payload }
}

fn source(payload: &Payload) -> &'static str {
    match payload {
        Payload::Rejected(_) | Payload::StepCompleted(_) | Payload::StepCompensated(_) => "/chatlog/projector",
        Payload::StepFailed(_) => "/bank/customer-participant",
        Payload::MailSent(_) | Payload::MailFailed(_) => "/chatlog/mailer",
        _ => "/chatlog/command-api",
    }
}

fn key_and_actor(payload: &Payload) -> (Key, UserId) {
    let actor = match payload {
        Payload::EventDropped(_)
        | Payload::StepCompleted(_)
        | Payload::StepFailed(_)
        | Payload::StepCompensated(_)
        | Payload::MailSent(_)
        | Payload::MailFailed(_)
        | Payload::Rejected(_)
        | Payload::SettingChanged(_) => UserId::PLATFORM,
        Payload::RoomCreated(_) | Payload::AdminActionTaken(_) => OWNER,
        Payload::MemberInvited(_) | Payload::MemberRemoved(_) | Payload::MemberRoleChanged(_) => MODERATOR,
        _ => READER,
    };
    let key = match (payload, payload.event_type().topic().key_kind()) {
        (Payload::SettingChanged(setting), _) => Key::Name(setting.name.clone()),
        (Payload::AdminActionTaken(_), _) => OWNER.into(),
        (_, KeyKind::User) => READER.into(),
        (_, KeyKind::Room | KeyKind::Aggregate | KeyKind::Setting) => ROOM.into(),
    };
    (key, actor)
}

fn plain(text: &str) -> Text {
    Text::Plain(text.to_owned())
}

fn markdown(text: &str) -> Text {
    Text::Markdown(text.to_owned())
}

type Named = (&'static str, Payload);

fn users() -> Vec<Named> {
    let (username, display_name, locale) = (plain("reader"), plain("읽는 사람"), "ko-KR".to_owned());
    let profile = user::ProfileChanged { display_name: Some(plain("Reader")), locale: Some("en".to_owned()) };
    let rejected = |step: Option<&str>, reason: &str| user::RegistrationRejected {
        registration_id: REGISTRATION,
        step: step.map(str::to_owned),
        reason: reason.to_owned(),
    };
    vec![
        (
            "full",
            user::RegistrationRequested {
                registration_id: REGISTRATION,
                username: username.clone(),
                display_name: display_name.clone(),
                locale: locale.clone(),
            }
            .into(),
        ),
        ("full", user::Registered { kind: AccountKind::Human, username, display_name, locale }.into()),
        (
            "erased",
            user::Registered {
                kind: AccountKind::Imported,
                username: Text::Erased,
                display_name: Text::Erased,
                locale: "en".to_owned(),
            }
            .into(),
        ),
        ("full", rejected(Some("profile"), "step_failed").into()),
        ("minimal", rejected(None, "deadline").into()),
        ("full", profile.into()),
        ("minimal", user::ProfileChanged::default().into()),
        ("full", user::StatusChanged { status: Some(plain("Reading the log ☕")) }.into()),
        ("minimal", user::StatusChanged { status: None }.into()),
        ("full", user::FriendAdded { friend_id: OWNER }.into()),
        ("full", user::FriendRemoved { friend_id: OWNER }.into()),
        ("full", user::Deactivated { reason: "self".to_owned() }.into()),
    ]
}

fn rooms() -> Vec<Named> {
    let member = |user_id, role| InitialMember { user_id, role };
    vec![
        (
            "full",
            room::Created {
                kind: RoomKind::Channel,
                name: Some(plain("Announcements")),
                join_rule: JoinRule::Open,
                history_visibility: HistoryVisibility::All,
                members: vec![
                    member(OWNER, Role::Owner),
                    member(MODERATOR, Role::Moderator),
                    member(READER, Role::Member),
                ],
            }
            .into(),
        ),
        (
            "minimal",
            room::Created {
                kind: RoomKind::Direct,
                name: None,
                join_rule: JoinRule::Invite,
                history_visibility: HistoryVisibility::SinceJoin,
                members: vec![member(OWNER, Role::Member), member(READER, Role::Member)],
            }
            .into(),
        ),
        ("full", room::Renamed { name: plain("News") }.into()),
        ("full", room::Archived {}.into()),
        ("full", room::MemberJoined { user_id: READER }.into()),
        ("full", room::MemberInvited { user_id: READER, role: Role::Moderator }.into()),
        ("full", room::MemberLeft { user_id: READER }.into()),
        ("full", room::MemberRemoved { user_id: READER }.into()),
        ("full", room::MemberRoleChanged { user_id: READER, role: Role::Owner }.into()),
        ("full", room::EventDropped { event_id: EventId(EARLIER_MESSAGE.0) }.into()),
    ]
}

fn posted(content: Text) -> message::Posted {
    message::Posted {
        content,
        reply_to: None,
        mentions: vec![],
        attachments: vec![],
        client_ref: None,
        original_at: None,
    }
}

fn messages() -> Vec<Named> {
    let attachment = message::Attachment {
        url: plain("https://files.example/plan.pdf"),
        name: plain("plan.pdf"),
        media_type: "application/pdf".to_owned(),
        bytes: 48_213,
    };
    let full = message::Posted {
        reply_to: Some(EARLIER_MESSAGE),
        mentions: vec![OWNER, MODERATOR],
        attachments: vec![attachment],
        client_ref: Some("draft-7".to_owned()),
        original_at: Some("2004-11-15T03:00".to_owned()),
        ..posted(markdown("Here is the **plan**, 다들 확인해 주세요 👍\n\\u0000 is only text."))
    };
    let sealed = [("format", json!("sealed")), ("key", json!("k1")), ("text", json!("b64:AAAA"))];
    let sealed = Text::Unknown(sealed.into_iter().map(|(name, value)| (name.to_owned(), value)).collect());
    let (emoji, content) = ("👍🏽".to_owned(), markdown("Here is the *new* plan"));
    vec![
        ("full", full.into()),
        ("minimal", posted(plain("hello")).into()),
        ("erased", posted(Text::Erased).into()),
        ("later_format", posted(sealed).into()),
        ("full", message::Edited { message_id: MESSAGE, content: content.clone(), mentions: vec![OWNER] }.into()),
        ("minimal", message::Edited { message_id: MESSAGE, content, mentions: vec![] }.into()),
        ("full", message::Deleted { message_id: MESSAGE }.into()),
        ("full", message::ReactionAdded { message_id: MESSAGE, emoji: emoji.clone() }.into()),
        ("full", message::ReactionRemoved { message_id: MESSAGE, emoji }.into()),
        ("full", receipt::ReadUpTo { up_to_seq: 221_549 }.into()),
    ]
}

fn others() -> Vec<Named> {
    let step = |name: &str| name.to_owned();
    let (locale, template) = ("ko-KR".to_owned(), "verify".to_owned());
    let details = Map::from_iter([("user_id".to_owned(), json!(READER)), ("role".to_owned(), json!("admin"))]);
    let event_type = EventType::MessagePosted.name().to_owned();
    vec![
        ("full", registration::StepCompleted { registration_id: REGISTRATION, step: step("profile") }.into()),
        (
            "full",
            registration::StepFailed {
                registration_id: REGISTRATION,
                step: step("customer"),
                reason: "account_refused".to_owned(),
            }
            .into(),
        ),
        ("full", registration::StepCompensated { registration_id: REGISTRATION, step: step("profile") }.into()),
        ("full", mail::Requested { request_id: MAIL, template, locale }.into()),
        ("full", mail::Sent { request_id: MAIL }.into()),
        ("full", mail::Failed { request_id: MAIL, reason: "mailbox_unknown".to_owned() }.into()),
        (
            "full",
            rejection::RejectionRecorded { event_id: EVENT, event_type, reason: rejection::Reason::NotAMember.into() }
                .into(),
        ),
        (
            "full",
            admin::ActionTaken { action: "role_granted".to_owned(), target: Some(READER.to_string()), details }.into(),
        ),
        (
            "minimal",
            admin::ActionTaken { action: "generation_activated".to_owned(), target: None, details: Map::new() }.into(),
        ),
        (
            "full",
            security::SecurityRecorded {
                action: security::Action::RefreshTokenReused.as_str().to_owned(),
                session_id: Some(SESSION),
            }
            .into(),
        ),
        (
            "minimal",
            security::SecurityRecorded {
                action: security::Action::PasswordChanged.as_str().to_owned(),
                session_id: None,
            }
            .into(),
        ),
        (
            "full",
            setting::Changed { name: "limits.messages_per_second".to_owned(), value: json!(12.5), version: 3 }.into(),
        ),
        ("log_id", setting::Changed { name: setting::LOG_ID.to_owned(), value: json!(id(0x701)), version: 1 }.into()),
    ]
}
