//! Arbitrary events of every type, within what a writer accepts.

use event_schema::event::EventType;
use event_schema::room::{HistoryVisibility, InitialMember, JoinRule, Role, RoomKind};
use event_schema::topics::{Key, KeyKind};
use event_schema::user::AccountKind;
use event_schema::{
    ClientKind, CommandId, Envelope, Event, EventId, MailRequestId, MessageId, Payload, RegistrationId, SessionId,
    Text, Timestamp, UserId, WorkspaceId, admin, limits, mail, message, receipt, registration, rejection, room,
    security, setting, user,
};
use proptest::collection::{btree_map, vec};
use proptest::option::of as maybe;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value};
use uuid::Uuid;

pub fn event() -> impl Strategy<Value = Event> {
    select(EventType::ALL).prop_flat_map(event_of)
}

pub fn event_of(event_type: EventType) -> impl Strategy<Value = Event> {
    (payload(event_type), envelope(), id()).prop_map(move |(payload, envelope, key)| {
        let key = match (&payload, event_type.topic().key_kind()) {
            (Payload::SettingChanged(setting), _) => Key::Name(setting.name.clone()),
            (Payload::AdminActionTaken(_), _) => Key::from(envelope.actor),
            (_, KeyKind::User | KeyKind::Room | KeyKind::Aggregate | KeyKind::Setting) => Key::Id(key),
        };
        Event { key, envelope, payload }
    })
}

fn id() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

fn user_id() -> impl Strategy<Value = UserId> {
    id().prop_map(UserId)
}

/// Any text but NUL; with quotes, backslashes, controls, emoji.
fn string() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), r#"["\\\\/\n\r\t\u{1}-\u{1f}\u{7f}a-z0-9\\u0000가-힣😀-😎]{0,40}"#]
        .prop_map(|text| text.replace('\0', ""))
}

/// A line of text, as headers carry it.
fn attribute() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zA-Z0-9/._:-]{1,60}", "\\PC{1,60}"]
}

fn envelope() -> impl Strategy<Value = Envelope> {
    let micros = -62_135_596_800_000_000_i64..=253_402_300_799_999_999;
    let time = micros.prop_map(|micros| Timestamp::from_micros(micros).expect("in range"));
    let client = prop_oneof!["[a-z_]{1,20}", Just("web".to_owned())].prop_map(|word| ClientKind::from_word(&word));
    let traceparent = maybe("00-[1-9a-f]{32}-[1-9a-f]{16}-[0-9a-f]{2}");
    (id(), attribute(), time, attribute(), user_id(), id(), client, id(), traceparent).prop_map(
        |(id, source, time, subject, actor, command, client, workspace, traceparent)| Envelope {
            id: EventId(id),
            source,
            time,
            subject,
            rules: 1,
            actor,
            command: CommandId(command),
            client,
            workspace: WorkspaceId(workspace),
            traceparent,
        },
    )
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        // Any bits; those that are no JSON number become null.
        any::<u64>().prop_map(|bits| Value::from(f64::from_bits(bits))),
        string().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            btree_map(string(), inner, 0..5).prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn object() -> impl Strategy<Value = Map<String, Value>> {
    btree_map(string(), json(), 0..4).prop_map(|fields| fields.into_iter().collect())
}

fn text() -> impl Strategy<Value = Text> {
    let unknown = (string(), object()).prop_map(|(format, mut fields)| {
        let format = if ["plain", "markdown", "erased"].contains(&&*format) { "later".to_owned() } else { format };
        fields.insert("format".to_owned(), format.into());
        Text::Unknown(fields)
    });
    prop_oneof![
        4 => string().prop_map(Text::Plain),
        4 => string().prop_map(Text::Markdown),
        1 => Just(Text::Erased),
        1 => unknown,
    ]
}

fn integer() -> impl Strategy<Value = u64> {
    prop_oneof![0..100_u64, 0..=limits::INTEGER, Just(limits::INTEGER)]
}

fn role() -> impl Strategy<Value = Role> {
    select(Role::ALL)
}

/// One strategy per type; a new type does not compile without one.
fn payload(event_type: EventType) -> BoxedStrategy<Payload> {
    match event_type.base_name().split('.').nth(1) {
        Some("user") => user_payload(event_type),
        Some("room") => room_payload(event_type),
        _ => None,
    }
    .unwrap_or_else(|| other_payload(event_type))
}

fn user_payload(event_type: EventType) -> Option<BoxedStrategy<Payload>> {
    let registration = || id().prop_map(RegistrationId);
    Some(match event_type {
        EventType::RegistrationRequested => (registration(), text(), text(), string())
            .prop_map(|(registration_id, username, display_name, locale)| {
                user::RegistrationRequested { registration_id, username, display_name, locale }.into()
            })
            .boxed(),
        EventType::Registered => (select(AccountKind::ALL), text(), text(), string())
            .prop_map(|(kind, username, display_name, locale)| {
                user::Registered { kind, username, display_name, locale }.into()
            })
            .boxed(),
        EventType::RegistrationRejected => (registration(), maybe(string()), string())
            .prop_map(|(registration_id, step, reason)| {
                user::RegistrationRejected { registration_id, step, reason }.into()
            })
            .boxed(),
        EventType::ProfileChanged => (maybe(text()), maybe(string()))
            .prop_map(|(display_name, locale)| user::ProfileChanged { display_name, locale }.into())
            .boxed(),
        EventType::StatusChanged => maybe(text()).prop_map(|status| user::StatusChanged { status }.into()).boxed(),
        EventType::FriendAdded => user_id().prop_map(|friend_id| user::FriendAdded { friend_id }.into()).boxed(),
        EventType::FriendRemoved => user_id().prop_map(|friend_id| user::FriendRemoved { friend_id }.into()).boxed(),
        EventType::Deactivated => string().prop_map(|reason| user::Deactivated { reason }.into()).boxed(),
        _ => return None,
    })
}

fn room_payload(event_type: EventType) -> Option<BoxedStrategy<Payload>> {
    Some(match event_type {
        EventType::RoomCreated => {
            let member = (user_id(), role()).prop_map(|(user_id, role)| InitialMember { user_id, role });
            let (kinds, rules, visibilities) = (RoomKind::ALL, JoinRule::ALL, HistoryVisibility::ALL);
            (select(kinds), maybe(text()), select(rules), select(visibilities), vec(member, 0..5))
                .prop_map(|(kind, name, join_rule, history_visibility, members)| {
                    room::Created { kind, name, join_rule, history_visibility, members }.into()
                })
                .boxed()
        }
        EventType::RoomRenamed => text().prop_map(|name| room::Renamed { name }.into()).boxed(),
        EventType::RoomArchived => Just(room::Archived {}.into()).boxed(),
        EventType::MemberJoined => user_id().prop_map(|user_id| room::MemberJoined { user_id }.into()).boxed(),
        EventType::MemberInvited => {
            (user_id(), role()).prop_map(|(user_id, role)| room::MemberInvited { user_id, role }.into()).boxed()
        }
        EventType::MemberLeft => user_id().prop_map(|user_id| room::MemberLeft { user_id }.into()).boxed(),
        EventType::MemberRemoved => user_id().prop_map(|user_id| room::MemberRemoved { user_id }.into()).boxed(),
        EventType::MemberRoleChanged => {
            (user_id(), role()).prop_map(|(user_id, role)| room::MemberRoleChanged { user_id, role }.into()).boxed()
        }
        EventType::EventDropped => {
            id().prop_map(|event_id| room::EventDropped { event_id: EventId(event_id) }.into()).boxed()
        }
        _ => return None,
    })
}

fn posted() -> impl Strategy<Value = message::Posted> {
    let attachment = (text(), text(), string(), integer())
        .prop_map(|(url, name, media_type, bytes)| message::Attachment { url, name, media_type, bytes });
    let reply_to = maybe(id().prop_map(MessageId));
    let others = (maybe(string()), maybe(string()));
    (text(), reply_to, vec(user_id(), 0..4), vec(attachment, 0..3), others).prop_map(
        |(content, reply_to, mentions, attachments, (client_ref, original_at))| message::Posted {
            content,
            reply_to,
            mentions,
            attachments,
            client_ref,
            original_at,
        },
    )
}

fn other_payload(event_type: EventType) -> BoxedStrategy<Payload> {
    let message = || id().prop_map(MessageId);
    let registration = || id().prop_map(RegistrationId);
    let mail = || id().prop_map(MailRequestId);
    match event_type {
        EventType::MessagePosted => posted().prop_map(Payload::from).boxed(),
        EventType::MessageEdited => (message(), text(), vec(user_id(), 0..4))
            .prop_map(|(message_id, content, mentions)| message::Edited { message_id, content, mentions }.into())
            .boxed(),
        EventType::MessageDeleted => message().prop_map(|message_id| message::Deleted { message_id }.into()).boxed(),
        EventType::ReactionAdded => (message(), string())
            .prop_map(|(message_id, emoji)| message::ReactionAdded { message_id, emoji }.into())
            .boxed(),
        EventType::ReactionRemoved => (message(), string())
            .prop_map(|(message_id, emoji)| message::ReactionRemoved { message_id, emoji }.into())
            .boxed(),
        EventType::ReadUpTo => integer().prop_map(|up_to_seq| receipt::ReadUpTo { up_to_seq }.into()).boxed(),
        EventType::StepCompleted => (registration(), string())
            .prop_map(|(registration_id, step)| registration::StepCompleted { registration_id, step }.into())
            .boxed(),
        EventType::StepFailed => (registration(), string(), string())
            .prop_map(|(registration_id, step, reason)| {
                registration::StepFailed { registration_id, step, reason }.into()
            })
            .boxed(),
        EventType::StepCompensated => (registration(), string())
            .prop_map(|(registration_id, step)| registration::StepCompensated { registration_id, step }.into())
            .boxed(),
        EventType::MailRequested => (mail(), string(), string())
            .prop_map(|(request_id, template, locale)| mail::Requested { request_id, template, locale }.into())
            .boxed(),
        EventType::MailSent => mail().prop_map(|request_id| mail::Sent { request_id }.into()).boxed(),
        EventType::MailFailed => {
            (mail(), string()).prop_map(|(request_id, reason)| mail::Failed { request_id, reason }.into()).boxed()
        }
        EventType::Rejected => (id(), string(), string())
            .prop_map(|(event_id, event_type, reason)| {
                rejection::RejectionRecorded { event_id: EventId(event_id), event_type, reason }.into()
            })
            .boxed(),
        EventType::AdminActionTaken => (string(), maybe(string()), object())
            .prop_map(|(action, target, details)| admin::ActionTaken { action, target, details }.into())
            .boxed(),
        EventType::SecurityRecorded => (string(), maybe(id().prop_map(SessionId)))
            .prop_map(|(action, session_id)| security::SecurityRecorded { action, session_id }.into())
            .boxed(),
        EventType::SettingChanged => (attribute(), json(), integer())
            .prop_map(|(name, value, version)| setting::Changed { name, value, version }.into())
            .boxed(),
        other => unreachable!("{} belongs to another list", other.name()),
    }
}
