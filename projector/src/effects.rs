//! What the fold causes elsewhere: a rejection is told on `chat.rejections`, by way of the outbox, so that it is sent if
//! and only if the batch that found it is committed.

use event_schema::ids::effect_event_id;
use event_schema::rejection::{Reason, Recorded};
use event_schema::topics::Key;
use event_schema::{ClientKind, Envelope, Event, UserId};
use platform::outbox::{self, OutboxError};
use sqlx::PgConnection;

use crate::batch::{Batch, Partition};
use crate::fold::Outcome;

/// Who the effects say they are from.
const SOURCE: &str = "/chatlog/projector";

/// Where an effect comes from (`topic/partition/offset/n`: written once, whatever happens), and the effect.
pub(crate) type Effect = (String, Event);

/// Tells that an event was rejected. Everything in it follows from the event, so that a replay would say the same.
pub(crate) fn rejection(partition: Partition, offset: i64, event: &Event, reason: Reason) -> Effect {
    let rejected = &event.envelope;
    let n = 0;
    let envelope = Envelope {
        id: effect_event_id(rejected.id, n),
        source: SOURCE.to_owned(),
        time: rejected.time,
        subject: rejected.id.to_string(),
        rules: rejected.rules,
        actor: UserId::PLATFORM,
        command: rejected.command,
        client: ClientKind::Platform,
        workspace: rejected.workspace,
        traceparent: rejected.traceparent.clone(),
    };
    let event_type = event.payload.event_type().name().to_owned();
    let payload = Recorded { event_id: rejected.id, event_type, reason: reason.as_str().to_owned() };
    let key: Key = event.key.clone();
    (format!("{partition}/{offset}/{n}"), Event { key, envelope, payload: payload.into() })
}

/// The effects of a batch.
pub(crate) fn of(partition: Partition, batch: &Batch, outcomes: &[Outcome]) -> Vec<Effect> {
    let folded = batch.placed().zip(outcomes);
    folded
        .filter_map(|((offset, event), outcome)| match outcome {
            Outcome::Rejected(reason) => Some(rejection(partition, offset, event, *reason)),
            Outcome::Applied { .. } | Outcome::Duplicate(_) => None,
        })
        .collect()
}

/// Puts effects into the outbox, in the batch's own transaction.
pub(crate) async fn insert(connection: &mut PgConnection, effects: &[Effect]) -> sqlx::Result<()> {
    outbox::insert_effects(connection, effects).await.map_err(|error| match error {
        OutboxError::Database(error) => error,
        OutboxError::Event(error) => sqlx::Error::Encode(error.into()),
    })
}
