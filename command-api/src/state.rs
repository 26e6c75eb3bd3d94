//! What handlers share.

use std::fmt;
use std::time::Duration;

use api_kit::ApiContext;
use api_kit::Problem;
use axum::extract::FromRef;
use event_schema::{Event, UserId};
use platform::kafka::{RecordMetadata, SendError};
use platform::outbox::Queued;
use read_model::Position;
use serde::Serialize;

use crate::accounts::password::Passwords;
use crate::accounts::sessions::Sessions;
use crate::accounts::throttle::Throttle;
use crate::answer::CommandAnswer;
use crate::command::{Command, CommandHeaders};
use crate::idempotency::{self, Idempotency};
use crate::read_consistency::ReadConsistency;
use crate::registration::Registrations;
use crate::settings::Settings;

/// The command API, connected. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// Clients, clock, ids, keys.
    pub context: ApiContext,
    pub passwords: Passwords,
    pub sessions: Sessions,
    pub throttle: Throttle,
    pub idempotency: Idempotency,
    /// Who waits before being refused.
    pub read_consistency: ReadConsistency,
    /// How long an answer waits for the outbox's relay before it goes without a position.
    pub published_within: Duration,
    /// Whether nobody logs in before their address is proved.
    pub require_verified: bool,
    /// Sign-ups that are not decided yet, and who follows them.
    pub registrations: Registrations,
}

impl FromRef<App> for ApiContext {
    fn from_ref(app: &App) -> Self {
        app.context.clone()
    }
}

impl App {
    /// Over these clients; what follows sign-ups runs until the process ends.
    #[must_use]
    pub fn new(context: &ApiContext, settings: &Settings) -> Self {
        let (redis, clock, ids) = (&context.redis, &context.clock, &context.ids);
        Self {
            context: context.clone(),
            passwords: Passwords::new(settings.hashes_at_once()),
            sessions: Sessions::new(redis.clone(), context.access.clone(), clock.clone(), ids.clone()),
            throttle: Throttle::new(redis.clone(), context.api_settings.rates.rate_failed_log_ins.0),
            idempotency: Idempotency::new(redis.clone(), clock.clone()),
            read_consistency: ReadConsistency::new(settings.wait()),
            published_within: settings.wait(),
            require_verified: settings.require_verified,
            registrations: Registrations::start(context, settings.registration_steps.clone(), settings.deadline()),
        }
    }

    /// The second it is.
    #[must_use]
    pub fn seconds(&self) -> i64 {
        self.context.clock.now().as_micros().div_euclid(1_000_000)
    }

    /// Runs a command, or gives the answer that it got before: `route` and `target` tell it from others under the same key,
    /// `body` one request from another. `work` gets the command, which gives ids to what it causes, and the body.
    pub async fn run_command<B: Serialize>(
        &self,
        (headers, caller): (&CommandHeaders, UserId),
        (route, target): (&'static str, impl fmt::Display),
        body: B,
        work: impl AsyncFnOnce(&Command, B) -> Result<CommandAnswer, Problem>,
    ) -> Result<CommandAnswer, Problem> {
        let command = headers.command(&self.context.ids, caller, route, target);
        let fingerprint = idempotency::fingerprint(&command, &body);
        self.idempotency.answer(&command, fingerprint, work(&command, body)).await
    }

    /// Writes events of one key and waits until the log has them all. They stand in the log in this order.
    pub async fn send(&self, events: &[Event]) -> Result<Position, Problem> {
        // Nothing is awaited between these calls, so that nobody else's events come between.
        let mut sent = Vec::with_capacity(events.len());
        let mut refused = None;
        for event in events {
            match self.context.kafka.enqueue(event) {
                Ok(delivery) => sent.push(delivery),
                Err(error) => {
                    refused = Some(error);
                    break;
                }
            }
        }
        let mut delivered = futures::future::join_all(sent).await;
        delivered.extend(refused.map(Err));
        let last = all_or_unknown(delivered)?.ok_or_else(|| Problem::internal("a command without an event"))?;
        Ok(self.position(last))
    }

    /// Waits until rows of the outbox are in the log: the position that includes them, or `None` when that was not seen in time
    /// (they will be, later).
    pub async fn published(&self, rows: &[Queued]) -> Option<Position> {
        let records = self.context.outbox.published(rows, self.published_within).await?;
        Position::after(self.context.log_id, &records)
    }

    /// The position right after a record.
    #[must_use]
    pub fn position(&self, placed: RecordMetadata) -> Position {
        Position::of(self.context.log_id, placed.topic, placed.partition, placed.offset + 1)
    }

    /// Waits for the fold, if the client wants to. Says whether the read model includes the position now: if not, the
    /// client gets the same answer as if it had not waited.
    pub async fn folded(&self, position: &Position, wait: Option<Duration>) -> bool {
        match wait {
            Some(wait) => self.context.read_model.progress.wait(position, wait).await.is_ok(),
            None => false,
        }
    }
}

/// The last record of those that were sent together. Where a part of them is, or may be, in the log, nobody may believe that the
/// command was not done: it is to be repeated under its key.
fn all_or_unknown(delivered: Vec<Result<RecordMetadata, SendError>>) -> Result<Option<RecordMetadata>, SendError> {
    let is_or_may_be_there = |sent: &Result<_, SendError>| matches!(sent, Ok(_) | Err(SendError::Unknown(_)));
    let any_there = delivered.iter().any(is_or_may_be_there);
    let mut last: Option<RecordMetadata> = None;
    for sent in delivered {
        match sent {
            Ok(record) => last = last.filter(|last| last.offset > record.offset).or(Some(record)),
            Err(error) if any_there => return Err(SendError::Unknown(error.to_string())),
            Err(error) => return Err(error),
        }
    }
    Ok(last)
}

#[cfg(test)]
mod tests {
    use event_schema::Topic;

    use super::*;

    #[test]
    fn a_batch_that_was_sent_in_part_is_of_unknown_outcome() {
        let record = |offset| Ok(RecordMetadata { topic: Topic::Rooms, partition: 0, offset });
        let full = || Err(SendError::Unavailable("the producer's queue is full".to_owned()));
        let late = || Err(SendError::Unknown("timed out".to_owned()));
        let end = all_or_unknown(vec![record(3), record(5), record(4)]).expect("all of it").expect("a record");
        assert_eq!(end.offset, 5);
        assert!(matches!(all_or_unknown(vec![full(), full()]), Err(SendError::Unavailable(_))), "nothing is there");
        for part in [vec![record(3), full()], vec![full(), late()], vec![late(), record(4)]] {
            assert!(matches!(all_or_unknown(part), Err(SendError::Unknown(_))));
        }
        assert!(all_or_unknown(Vec::new()).expect("no error").is_none());
    }
}
