//! What the fold causes elsewhere: a rejection is told on `chat.rejections`, by way of the outbox, so that it is sent if
//! and only if the batch that found it is committed, and by one generation only.

use std::collections::HashSet;

use event_schema::ids::effect_event_id;
use event_schema::rejection::{Reason, Recorded};
use event_schema::topics::Key;
use event_schema::{ClientKind, Envelope, Event, UserId};
use platform::outbox::{self, OutboxError};
use sqlx::PgConnection;

use crate::batch::Partition;
use crate::fold::Outcome;

/// Who the effects say they are from.
pub(crate) const SOURCE: &str = "/chatlog/projector";

/// What the fold causes, and by which event.
#[derive(Clone, Debug)]
pub(crate) struct Effect {
    /// Of the event that causes it.
    pub(crate) offset: i64,
    /// `topic/partition/offset/n`: written once, whatever happens.
    pub(crate) origin: String,
    pub(crate) event: Event,
}

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
    let event = Event { key, envelope, payload: payload.into() };
    Effect { offset, origin: format!("{partition}/{offset}/{n}"), event }
}

/// The effects of events, which need not follow each other in the log.
pub(crate) fn of(partition: Partition, events: &[(i64, &Event)], outcomes: &[Outcome]) -> Vec<Effect> {
    let folded = events.iter().zip(outcomes);
    folded
        .filter_map(|((offset, event), outcome)| match outcome {
            Outcome::Rejected(reason) => Some(rejection(partition, *offset, event, *reason)),
            Outcome::Applied { .. } | Outcome::Duplicate(_) => None,
        })
        .collect()
}

/// Puts effects into the outbox, in the batch's own transaction: those that this generation has to tell. Gives how many.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    generation: i32,
    partition: Partition,
    effects: Vec<Effect>,
) -> sqlx::Result<usize> {
    if effects.is_empty() {
        return Ok(0);
    }
    let offsets: Vec<i64> = effects.iter().map(|effect| effect.offset).collect();
    let ours = owned(connection, generation, partition, &offsets).await?;
    let ours = effects.into_iter().filter(|effect| ours.contains(&effect.offset));
    let ours: Vec<(String, Event)> = ours.map(|effect| (effect.origin, effect.event)).collect();
    outbox::insert_effects(connection, &ours).await.map_err(|error| match error {
        OutboxError::Database(error) => error,
        OutboxError::Event(error) => sqlx::Error::Encode(error.into()),
    })?;
    Ok(ours.len())
}

/// Which of these offsets are this generation's to tell. The batch holds the lock of its checkpoint, which whoever makes
/// another generation active takes first: the answer stays true until the commit.
async fn owned(
    connection: &mut PgConnection,
    generation: i32,
    partition: Partition,
    offsets: &[i64],
) -> sqlx::Result<HashSet<i64>> {
    // Function Scan on unnest; for each offset an Index Scan Backward on effect_owners_by_place, Limit 1.
    let owned = sqlx::query_scalar!(
        r#"select wanted.at as "at!" from unnest($1::bigint[]) as wanted (at)
           where $2 = coalesce(
               (select owner.generation from control.effect_owners owner
                where owner.topic = $3 and owner.partition = $4 and owner.from_offset <= wanted.at
                order by owner.from_offset desc, owner.id desc limit 1),
               (select generation from control.generations where state = 'active'))"#,
        offsets,
        generation,
        partition.topic.name(),
        partition.number
    );
    Ok(owned.fetch_all(connection).await?.into_iter().collect())
}
