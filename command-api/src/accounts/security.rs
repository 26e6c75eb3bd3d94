//! What the log is told of the security of accounts (`chat.security.recorded`): through the outbox, with the row that it
//! is about where there is one. Never an address, a device, a name or a secret.

use api_kit::ApiContext;
use event_schema::security::{Action, SecurityRecorded};
use event_schema::{ClientKind, CommandId, Event, EventId, SessionId, UserId};
use platform::outbox::{self, OutboxError};
use platform::{Clock, Ids};
use uuid::Uuid;

use crate::command::SOURCE;

/// Something that happened to an account.
#[derive(Clone, Copy, Debug)]
pub struct Happened {
    pub user: UserId,
    /// Who did it: the person, or the platform.
    pub by: UserId,
    pub action: Action,
    /// The session concerned, where it is a single one.
    pub session: Option<Uuid>,
}

impl Happened {
    #[must_use]
    pub fn event(&self, clock: &Clock, ids: &Ids) -> Event {
        let payload =
            SecurityRecorded { action: self.action.as_str().to_owned(), session_id: self.session.map(SessionId) };
        let (id, command) = (EventId(ids.v7()), CommandId(ids.v7()));
        let mut event = Event::by_platform(SOURCE, (id, command), clock.now(), self.user.into(), payload);
        if self.by != UserId::PLATFORM {
            (event.envelope.actor, event.envelope.client) = (self.by, ClientKind::Api);
        }
        event.envelope.traceparent = platform::telemetry::current_traceparent();
        event
    }

    /// Tells the log where no row changes with it: what cannot be told is told to the operator alone.
    pub async fn record(&self, context: &ApiContext) {
        metrics::counter!("command_api_security_total", "action" => self.action.as_str()).increment(1);
        let event = self.event(&context.clock, &context.ids);
        let told: Result<(), OutboxError> = async {
            let mut connection = context.db.acquire().await?;
            outbox::insert(&mut connection, &[event]).await?;
            Ok(())
        }
        .await;
        match told {
            Ok(()) => context.outbox.wake(),
            Err(error) => {
                tracing::warn!(%error, user = %self.user, action = %self.action, "failed to write a security event to the outbox");
            }
        }
    }
}
