//! What every command has beside its body: who repeats it under which key, how long they wait, through what they came.

use std::fmt;
use std::time::Duration;

use api_kit::Problem;
use axum::extract::FromRequestParts;
use event_schema::envelope::RULES;
use event_schema::ids::CommandScope;
use event_schema::topics::Key;
use event_schema::{ClientKind, CommandId, Envelope, Event, EventId, Payload, Timestamp, UserId, WorkspaceId, limits};
use http::HeaderMap;
use http::request::Parts;
use platform::Ids;
use uuid::Uuid;

use crate::prefer;
use crate::validate::Invalid;

/// The header that makes a repeated request the same command.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
const CLIENT: &str = "x-chatlog-client";
/// Where the events say that they come from.
pub(crate) const SOURCE: &str = "/chatlog/command-api";

/// The headers of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandHeaders {
    key: Option<String>,
    client: ClientKind,
    /// How long the client is willing to wait for the fold.
    pub wait: Option<Duration>,
}

impl CommandHeaders {
    fn from_headers(headers: &HeaderMap) -> Result<Self, Invalid> {
        let key = headers.get(IDEMPOTENCY_KEY).map(|value| {
            let key = value.to_str().map_err(|_| Invalid::new("Idempotency-Key", "is not visible ASCII"))?;
            match key.len() {
                0 => Err(Invalid::new("Idempotency-Key", "is empty")),
                length if length > limits::IDEMPOTENCY_KEY_CHARS => {
                    Err(Invalid::over("Idempotency-Key", limits::IDEMPOTENCY_KEY_CHARS, "characters"))
                }
                _ => Ok(key.to_owned()),
            }
        });
        // Only these three can be claimed; the importer and the platform do not come this way.
        let client = match headers.get(CLIENT).and_then(|word| word.to_str().ok()) {
            Some("web") => ClientKind::Web,
            Some("mobile") => ClientKind::Mobile,
            Some("bot") => ClientKind::Bot,
            _ => ClientKind::Api,
        };
        Ok(Self { key: key.transpose()?, client, wait: prefer::wait(headers) })
    }

    /// The command that a request is: the same for every repetition under the same key.
    #[must_use]
    pub fn command(&self, ids: &Ids, user: UserId, route: &'static str, target: impl fmt::Display) -> Command {
        let scope = self.key.clone().map(|key| Scope { user, route, target: target.to_string(), key });
        let id = scope.as_ref().map_or_else(|| CommandId(ids.v7()), |scope| scope.as_ref().command_id());
        self.of(id, scope, ids)
    }
}

impl CommandHeaders {
    /// A command that a repetition does not repeat, whatever its key: who asks has proved nothing, and a key alone must not
    /// make anybody's command somebody else's.
    #[must_use]
    pub fn command_once(&self, ids: &Ids) -> Command {
        self.of(CommandId(ids.v7()), None, ids)
    }

    fn of(&self, id: CommandId, scope: Option<Scope>, ids: &Ids) -> Command {
        let traceparent = platform::telemetry::current_traceparent();
        Command { id, scope, ids: ids.clone(), client: self.client.clone(), traceparent }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for CommandHeaders {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self::from_headers(&parts.headers)?)
    }
}

#[derive(Clone, Debug)]
struct Scope {
    user: UserId,
    route: &'static str,
    target: String,
    key: String,
}

impl Scope {
    fn as_ref(&self) -> CommandScope<'_> {
        CommandScope { user: self.user, route: self.route, target: &self.target, key: &self.key }
    }
}

/// One command: gives ids and envelopes to what it causes.
#[derive(Clone, Debug)]
pub struct Command {
    id: CommandId,
    scope: Option<Scope>,
    ids: Ids,
    client: ClientKind,
    /// Of the request: the same for a thousand events.
    traceparent: Option<String>,
}

impl Command {
    #[must_use]
    pub fn id(&self) -> CommandId {
        self.id
    }

    /// Whether it can be repeated: it came with a key.
    #[must_use]
    pub fn is_keyed(&self) -> bool {
        self.scope.is_some()
    }

    /// Tells one request from another under the same key.
    #[must_use]
    pub fn new_owner(&self) -> Uuid {
        self.ids.v7()
    }

    /// The id of the `index`-th event, or thing, that it creates. Without a key every call gives a new one.
    #[must_use]
    pub fn new_id(&self, index: u32) -> EventId {
        self.scope.as_ref().map_or_else(|| EventId(self.ids.v7()), |scope| scope.as_ref().event_id(index))
    }

    /// An event of this command.
    pub fn event(
        &self,
        key: impl Into<Key>,
        id: EventId,
        (actor, time): (UserId, Timestamp),
        payload: impl Into<Payload>,
    ) -> Event {
        let (key, payload) = (key.into(), payload.into());
        let envelope = Envelope {
            id,
            source: SOURCE.to_owned(),
            time,
            subject: payload.subject(&key, id),
            rules: RULES,
            actor,
            command: self.id,
            client: self.client.clone(),
            workspace: WorkspaceId::DEFAULT,
            traceparent: self.traceparent.clone(),
        };
        Event { key, envelope, payload }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const USER: UserId = UserId(Uuid::from_u128(7));

    fn asked(headers: &[(&'static str, &str)]) -> Result<CommandHeaders, Invalid> {
        let headers = headers.iter().map(|(name, value)| {
            (http::HeaderName::from_static(name), http::HeaderValue::from_bytes(value.as_bytes()).expect("a value"))
        });
        CommandHeaders::from_headers(&headers.collect())
    }

    fn command(key: &str, user: UserId, target: &str) -> Command {
        let headers = asked(&[(IDEMPOTENCY_KEY, key)]).expect("headers");
        headers.command(&Ids::new(), user, "POST /v1/things", target)
    }

    #[test]
    fn the_same_key_gives_the_same_ids() {
        let (one, other) = (command("k", USER, "t"), command("k", USER, "t"));
        assert_eq!((one.id(), one.new_id(3)), (other.id(), other.new_id(3)));
        assert_ne!(one.new_id(0), one.new_id(1));
    }

    #[test]
    fn a_key_is_its_callers_own_and_its_targets() {
        let one = command("k", USER, "t");
        assert_ne!(one.id(), command("k", UserId(Uuid::from_u128(8)), "t").id());
        assert_ne!(one.id(), command("k", USER, "u").id());
    }

    #[test]
    fn without_a_key_ids_are_new_and_ordered_by_time() {
        let command = asked(&[]).expect("headers").command(&Ids::new(), USER, "POST /v1/things", "t");
        assert_ne!(command.new_id(0), command.new_id(0));
        assert_eq!(command.new_id(0).0.get_version_num(), 7);
    }

    #[test]
    fn a_key_has_its_limits() {
        assert!(asked(&[(IDEMPOTENCY_KEY, &"k".repeat(255))]).is_ok());
        assert!(asked(&[(IDEMPOTENCY_KEY, &"k".repeat(256))]).is_err());
        assert!(asked(&[(IDEMPOTENCY_KEY, "")]).is_err());
        assert!(asked(&[(IDEMPOTENCY_KEY, "clé")]).is_err());
    }

    #[test]
    fn nobody_claims_to_be_the_platform() {
        let client = |word| asked(&[(CLIENT, word)]).expect("headers").client;
        assert_eq!(client("web"), ClientKind::Web);
        for word in ["import", "platform", "toaster"] {
            assert_eq!(client(word), ClientKind::Api);
        }
    }
}
