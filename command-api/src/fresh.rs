//! Freshness: before anybody is refused, the read model must include everything that the log had when they asked.
//!
//! So "create a room, post at once" never fails because the fold is a moment behind. Waiting costs memory and questions to
//! the brokers; at most four requests of a person wait at a time, and [`platform::Progress`] bounds the process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use event_schema::{RoomId, Topic, UserId};
use http::StatusCode;
use platform::kafka::KafkaError;
use platform::{Platform, Position, Problem};

/// How long the read model may be behind before the answer is "try again".
const PATIENCE: Duration = Duration::from_secs(1);
/// Requests of one person that may wait at a time.
const WAITERS: usize = 4;

/// Who waits.
#[derive(Clone, Default)]
pub struct Fresh(Arc<Mutex<HashMap<UserId, usize>>>);

impl Fresh {
    /// Waits until the read model includes all that the log has of a room now, and says how far that is.
    pub async fn room(&self, platform: &Platform, caller: UserId, room: RoomId) -> Result<Position, Problem> {
        self.keys(platform, caller, Topic::Rooms, [room.to_string()]).await
    }

    /// The same for several keys of a topic.
    pub async fn keys(
        &self,
        platform: &Platform,
        caller: UserId,
        topic: Topic,
        keys: impl IntoIterator<Item = String>,
    ) -> Result<Position, Problem> {
        let _place = self.enter(caller)?;
        let position = ends(platform, topic, keys).await?;
        platform.progress.wait(&position, PATIENCE).await?;
        Ok(position)
    }

    fn enter(&self, caller: UserId) -> Result<Place, Problem> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = waiting.entry(caller).or_default();
        if *count >= WAITERS {
            return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-requests", "Too many requests at once")
                .detail("Your earlier requests are still waiting for the read model.")
                .retry_after(1));
        }
        *count += 1;
        Ok(Place { waiting: self.clone(), caller })
    }
}

/// A waiter's place; given back when dropped.
struct Place {
    waiting: Fresh,
    caller: UserId,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut waiting = self.waiting.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = waiting.get_mut(&self.caller) {
            *count -= 1;
            if *count == 0 {
                waiting.remove(&self.caller);
            }
        }
    }
}

/// The ends of the partitions that these keys are in.
async fn ends(platform: &Platform, topic: Topic, keys: impl IntoIterator<Item = String>) -> Result<Position, Problem> {
    let mut position = Position { log: platform.log_id, offsets: std::collections::BTreeMap::new() };
    for key in keys {
        let partition = platform.kafka.partition_for(topic, &key).await.map_err(|error| away(&error))?;
        if let std::collections::btree_map::Entry::Vacant(place) = position.offsets.entry((topic, partition)) {
            place.insert(platform.kafka.end_offset(topic, partition).await.map_err(|error| away(&error))?);
        }
    }
    Ok(position)
}

fn away(error: &KafkaError) -> Problem {
    tracing::warn!(%error, "the end of a partition is not known");
    Problem::unavailable()
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn four_of_a_person_wait_and_leave_nothing_behind() {
        let fresh = Fresh::default();
        let caller = UserId(Uuid::from_u128(1));
        let places: Vec<_> = (0..WAITERS).map(|_| fresh.enter(caller).expect("a place")).collect();
        assert!(fresh.enter(caller).is_err());
        assert!(fresh.enter(UserId(Uuid::from_u128(2))).is_ok(), "others are not kept waiting");
        drop(places);
        assert!(fresh.enter(caller).is_ok());
        assert!(fresh.0.lock().expect("no panic").is_empty());
    }
}
