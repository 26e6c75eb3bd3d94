//! What the fold causes elsewhere: a rejection is told on `chat.rejections`, and the projector answers for the step
//! `profile` of a sign-up on `chat.registrations`. By way of the outbox, so that it is sent if and only if the batch that
//! found it is committed, and by one generation only.

use std::collections::HashSet;

use event_schema::registration::{StepCompensated, StepCompleted, StepFailed};
use event_schema::rejection::{Reason, RejectionRecorded};
use event_schema::{Event, Payload, RegistrationId};
use fold::Outcome;
use platform::outbox::{self, OutboxError};
use read_model::Partition;
use sqlx::PgConnection;

/// Who the effects say they are from.
pub(crate) const SOURCE: &str = "/chatlog/projector";

/// The projector's step of a sign-up.
const STEP: &str = "profile";
/// Which effect of an event is which; the number is part of its id, for ever.
const REJECTION: u32 = 0;
const ANSWER: u32 = 1;

/// What the fold causes, and by which event.
#[derive(Clone, Debug)]
pub(crate) struct Effect {
    /// Of the event that causes it.
    pub(crate) offset: i64,
    /// `topic/partition/offset/n`: written once, whatever happens.
    pub(crate) origin: String,
    pub(crate) event: Event,
}

/// Tells that an event was rejected.
pub(crate) fn rejection(partition: Partition, offset: i64, event: &Event, reason: Reason) -> Effect {
    let event_type = event.payload.event_type().name().to_owned();
    let event_id = event.envelope.id;
    let told = RejectionRecorded { event_id, event_type, reason: reason.as_str().to_owned() };
    effect(partition, (offset, REJECTION), event, told)
}

/// Answers a sign-up: the profile is made, cannot be made, or is gone again.
fn answer(partition: Partition, offset: i64, event: &Event, outcome: Outcome) -> Option<Effect> {
    let (registration_id, step) = (registration(&event.payload)?, STEP.to_owned());
    let asked = matches!(event.payload, Payload::RegistrationRequested(_));
    let answer: Payload = match outcome {
        Outcome::Applied { .. } if asked => StepCompleted { registration_id, step }.into(),
        Outcome::Rejected(reason) if asked => {
            StepFailed { registration_id, step, reason: reason.as_str().to_owned() }.into()
        }
        // With rev 0 there was no profile to undo.
        Outcome::Applied { rev, .. } if rev > 0 => StepCompensated { registration_id, step }.into(),
        _ => return None,
    };
    Some(effect(partition, (offset, ANSWER), event, answer))
}

fn registration(payload: &Payload) -> Option<RegistrationId> {
    match payload {
        Payload::RegistrationRequested(requested) => Some(requested.registration_id),
        Payload::RegistrationRejected(rejected) => Some(rejected.registration_id),
        _ => None,
    }
}

/// The `n`-th effect of an event.
fn effect(partition: Partition, (offset, n): (i64, u32), cause: &Event, payload: impl Into<Payload>) -> Effect {
    Effect { offset, origin: format!("{partition}/{offset}/{n}"), event: cause.effect(SOURCE, n, payload) }
}

/// The effects of events, which need not follow each other in the log.
pub(crate) fn of(partition: Partition, events: &[(i64, &Event)], outcomes: &[Outcome]) -> Vec<Effect> {
    let folded = events.iter().zip(outcomes);
    folded
        .flat_map(|((offset, event), outcome)| {
            let rejection = match outcome {
                Outcome::Rejected(reason) => Some(rejection(partition, *offset, event, *reason)),
                Outcome::Applied { .. } | Outcome::Duplicate(_) => None,
            };
            rejection.into_iter().chain(answer(partition, *offset, event, *outcome))
        })
        .collect()
}

/// Puts effects into the outbox, in the batch's own transaction: those that this generation has to tell. Gives
/// how many.
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
