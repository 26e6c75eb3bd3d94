//! Identifiers: one newtype per kind of thing, and how a command's ids follow from its idempotency key.
//!
//! Random ids are UUIDv7 (RFC 9562 §5.7). Ids that a retried command must find again are UUIDv8 (RFC 9562 §5.8): the first
//! 128 bits of a BLAKE3 hash over length-prefixed fields, under a context string of its own, so that no choice of user,
//! route, target or key can be read as another.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

use crate::json;

/// Text that is not a UUID in its hyphenated form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID in its hyphenated form")]
pub struct InvalidId;

/// The one spelling of RFC 9562 (in either case); `Uuid` itself reads braces, URNs and bare digits too.
fn hyphenated(text: &str) -> Option<Uuid> {
    if text.len() == uuid::fmt::Hyphenated::LENGTH { Uuid::try_parse(text).ok() } else { None }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self { Self(id) }
        }
        impl From<$name> for Uuid {
            fn from(id: $name) -> Self { id.0 }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, "{}({})", stringify!($name), self.0) }
        }
        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, Self::Err> { hyphenated(text).map(Self).ok_or(InvalidId) }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                json::word(deserializer, "a UUID", hyphenated).map(Self)
            }
        }
    )*};
}

ids! {
    /// A person, a bot or an imported nickname. Key of `chat.users`.
    UserId;
    /// A room of any kind. Key of `chat.rooms`.
    RoomId;
    /// A message; equal to the [`EventId`] of the `posted` event that created it.
    MessageId;
    /// One event of the log (`ce_id`).
    EventId;
    /// One command; every event it caused carries it (`ce_command`).
    CommandId;
    /// A tenant. There is one today: [`WorkspaceId::DEFAULT`].
    WorkspaceId;
    /// One run of the sign-up saga.
    RegistrationId;
    /// One session: a family of tokens that began with one log-in.
    SessionId;
    /// One mail that was asked for; the mailer sends at most one mail per id.
    MailRequestId;
}

impl WorkspaceId {
    /// The only workspace of today.
    pub const DEFAULT: Self = Self(Uuid::from_u128(1));
}

impl UserId {
    /// The platform itself, as the actor of what no person did (effects, administration, compensation).
    pub const PLATFORM: Self = Self(Uuid::nil());
}

impl From<EventId> for MessageId {
    fn from(id: EventId) -> Self {
        Self(id.0)
    }
}

impl From<MessageId> for EventId {
    fn from(id: MessageId) -> Self {
        Self(id.0)
    }
}

/// What makes a retried command the same command: who, on which route, on what, with which `Idempotency-Key`.
#[derive(Clone, Copy, Debug)]
pub struct CommandScope<'a> {
    /// The caller.
    pub user: UserId,
    /// The route's template, for example `POST /v1/rooms/{room}/messages`.
    pub route: &'a str,
    /// What the path names, for example the room's id; empty where the route has no parameter.
    pub target: &'a str,
    /// The `Idempotency-Key` as sent.
    pub key: &'a str,
}

impl CommandScope<'_> {
    /// The id of the command itself.
    #[must_use]
    pub fn command_id(&self) -> CommandId {
        CommandId(self.derive("command", 0))
    }

    /// The id of the `index`-th event (or thing created) of the command.
    #[must_use]
    pub fn event_id(&self, index: u32) -> EventId {
        EventId(self.derive("event", index))
    }

    fn derive(&self, what: &str, index: u32) -> Uuid {
        derive(
            "chatlog v1 ids of a command",
            &[
                what.as_bytes(),
                self.user.0.as_bytes(),
                self.route.as_bytes(),
                self.target.as_bytes(),
                self.key.as_bytes(),
                &index.to_be_bytes(),
            ],
        )
    }
}

/// The one direct room of two people, whoever opens it.
#[must_use]
pub fn direct_room_id(one: UserId, other: UserId) -> RoomId {
    let (lower, higher) = if one <= other { (one, other) } else { (other, one) };
    RoomId(derive("chatlog v1 direct room", &[b"direct", lower.0.as_bytes(), higher.0.as_bytes()]))
}

/// The id of the `n`-th event that `source` (its `ce_source`) writes because of another event (rejections, saga answers), the
/// same at every replay. Several parts answer the same event, under the same key: their answers must not pass for each
/// other's repetition.
#[must_use]
pub fn effect_event_id(source: &str, cause: EventId, n: u32) -> EventId {
    EventId(derive("chatlog v1 effects", &[source.as_bytes(), cause.0.as_bytes(), &n.to_be_bytes()]))
}

/// An id for something read from outside, found again when the same source is read again.
///
/// `kind` names what is identified (`room`, `user`, `event`), `parts` say which one (for a log line: room, file, line).
#[must_use]
pub fn import_id(kind: &str, parts: &[&[u8]]) -> Uuid {
    let mut fields: Vec<&[u8]> = vec![kind.as_bytes()];
    fields.extend_from_slice(parts);
    derive("chatlog v1 imports", &fields)
}

fn derive(context: &str, fields: &[&[u8]]) -> Uuid {
    let mut hasher = blake3::Hasher::new_derive_key(context);
    for field in fields {
        hasher.update(&(field.len() as u64).to_be_bytes());
        hasher.update(field);
    }
    let mut bytes = [0; 16];
    hasher.finalize_xof().fill(&mut bytes);
    Uuid::new_v8(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: UserId = UserId(Uuid::from_u128(0xa));
    const BOB: UserId = UserId(Uuid::from_u128(0xb));

    fn scope<'a>(route: &'a str, key: &'a str) -> CommandScope<'a> {
        CommandScope { user: ALICE, route, target: "", key }
    }

    #[test]
    fn a_retry_finds_its_ids_again() {
        assert_eq!(scope("r", "k").event_id(3), scope("r", "k").event_id(3));
        assert_eq!(scope("r", "k").event_id(0).0.get_version_num(), 8);
    }

    #[test]
    fn neighbouring_fields_do_not_run_together() {
        assert_ne!(scope("ab", "c").event_id(0), scope("a", "bc").event_id(0));
        assert_ne!(scope("r", "k").event_id(0).0, scope("r", "k").command_id().0);
    }

    #[test]
    fn a_direct_room_is_one_for_both() {
        assert_eq!(direct_room_id(ALICE, BOB), direct_room_id(BOB, ALICE));
    }

    #[test]
    fn an_id_has_one_spelling() {
        let id = "b2d8741f-4ca9-87ef-8088-26558a3e4af7";
        assert_eq!(id.parse::<EventId>().map(|id| id.to_string()), Ok(id.to_owned()));
        assert_eq!(id.to_uppercase().parse::<EventId>().map(|id| id.to_string()), Ok(id.to_owned()));
        for other in [id.replace('-', ""), format!("{{{id}}}"), format!("urn:uuid:{id}"), format!("{id} ")] {
            assert_eq!(other.parse::<EventId>(), Err(InvalidId), "{other}");
        }
    }

    // Published: a change here would give every stored key another meaning.
    #[test]
    fn derived_ids_never_change() {
        assert_eq!(scope("r", "k").event_id(0).to_string(), "b2d8741f-4ca9-87ef-8088-26558a3e4af7");
        assert_eq!(direct_room_id(ALICE, BOB).to_string(), "8465638e-f5c5-8195-bceb-dc7e2f48bb56");
    }
}
