//! Parked keys, for administrators: what waits, and what they ask of its owner.
//!
//! The projector that owns a key's partition does what is asked, within a second; here it is only written down, in one
//! transaction with the event of the act (`chat.admin`).

pub mod store;

use api_kit::Problem;
use event_schema::{Event, EventId, Topic, UserId};
use http::StatusCode;
use platform::audit::admin_action;
use platform::outbox::{self, OutboxError};
use platform::{Clock, Ids};
use serde_json::{Map, Value, json};
use sqlx::PgPool;
use uuid::Uuid;

/// Why nothing was asked.
#[derive(Debug, thiserror::Error)]
pub enum ParkedError {
    /// Nothing of this key waits.
    #[error("nothing of key {0} is parked")]
    NotParked(Uuid),
    /// The log has no word for it: `chat.room.event_dropped` is of rooms.
    #[error("an event of {0} cannot be given up, only one of chat.rooms; mend the cause and retry")]
    NotOfRooms(String),
    /// Only what stands first can be given up.
    #[error("{asked} is not the first parked event of its key, {first} is")]
    NotFirst { asked: EventId, first: EventId },
    /// It is on its way out.
    #[error("the first parked event is just being tried; ask again if it stays")]
    BeingTried,
    /// The log would leave out what these tables hold.
    #[error("generation {0} has folded the event: make that one active, or drop it, before giving the event up")]
    FoldedElsewhere(i32),
    #[error("Postgres: {0}")]
    Postgres(#[from] sqlx::Error),
    /// The event of the act.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
}

impl From<ParkedError> for Problem {
    fn from(error: ParkedError) -> Self {
        let detail = error.to_string();
        match error {
            ParkedError::NotParked(_) => Self::not_found().detail(detail),
            ParkedError::Postgres(error) => error.into(),
            ParkedError::Outbox(error) => error.into(),
            _ => Self::new(StatusCode::CONFLICT, "cannot-be-dropped", "Event cannot be dropped").detail(detail),
        }
    }
}

/// A refusal that nobody can give: what would decide it waits for an administrator.
#[must_use]
pub fn is_parked() -> Problem {
    Problem::parked()
}

/// Writes down what administrators ask.
pub struct Parking {
    db: PgPool,
    ids: Ids,
    clock: Clock,
    actor: UserId,
}

impl Parking {
    /// In the name of an administrator; the platform's own, where it is asked on its machine.
    #[must_use]
    pub fn new(db: &PgPool, (ids, clock): (&Ids, &Clock), actor: UserId) -> Self {
        Self { db: db.clone(), ids: ids.clone(), clock: clock.clone(), actor }
    }

    /// Asks for everything parked of a key to be tried again, in every generation.
    pub async fn retry(&self, key: Uuid) -> Result<(), ParkedError> {
        let mut tx = self.db.begin().await?;
        let mut found = 0;
        for generation in store::generations(&mut tx).await? {
            found += store::ask_retry(&mut tx, &generation, key).await?;
        }
        if found == 0 {
            return Err(ParkedError::NotParked(key));
        }
        outbox::insert(&mut tx, &[self.event("parked_retried", key, Map::new())]).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Asks for the first parked event of a room to be given up; which one that was.
    pub async fn drop(&self, key: Uuid, event: Option<EventId>) -> Result<EventId, ParkedError> {
        let mut tx = self.db.begin().await?;
        let generations = store::generations(&mut tx).await?;
        let active = generations.iter().find(|it| it.active).ok_or(ParkedError::NotParked(key))?;
        let firsts = store::firsts(&mut tx, active, key).await?;
        let Some(first) = firsts.iter().find(|it| it.topic == Topic::Rooms.name()) else {
            let elsewhere = firsts.into_iter().next().map(|it| ParkedError::NotOfRooms(it.topic));
            return Err(elsewhere.unwrap_or(ParkedError::NotParked(key)));
        };
        let id = EventId(first.event_id);
        if let Some(asked) = event.filter(|asked| *asked != id) {
            return Err(ParkedError::NotFirst { asked, first: id });
        }
        if first.reason.is_none() {
            return Err(ParkedError::BeingTried);
        }
        for other in generations.iter().filter(|it| !it.active) {
            if store::has_folded(&mut tx, other, key, first).await? {
                return Err(ParkedError::FoldedElsewhere(other.number));
            }
        }
        store::ask_drop(&mut tx, active.number, key, first).await?;
        let details = json!({"event_id": id, "offset": first.at_offset, "partition": first.partition});
        let details = details.as_object().cloned().unwrap_or_default();
        outbox::insert(&mut tx, &[self.event("parked_event_dropped", key, details)]).await?;
        tx.commit().await?;
        Ok(id)
    }

    fn event(&self, action: &str, key: Uuid, details: Map<String, Value>) -> Event {
        admin_action((&self.ids, &self.clock), self.actor, action, key.to_string(), details)
    }
}
