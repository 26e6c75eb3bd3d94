//! Read consistency: before anybody is refused, the read model must include everything that the log had when they asked.
//!
//! So "create a room, post at once" never fails because the fold is a moment behind. Waiting costs memory and questions to
//! the brokers; at most four requests of a person wait at a time, and so many in the process.

use std::time::Duration;

use api_kit::ApiContext;
use api_kit::{Admission, Problem};
use event_schema::{RoomId, Topic, UserId};
use platform::kafka::KafkaError;
use read_model::{Position, Progress, parked};
use uuid::Uuid;

/// Requests of one person that may wait at a time.
const WAITERS: usize = 4;

#[derive(Clone)]
pub struct ReadConsistency {
    waiters: Admission,
    patience: Duration,
}

impl ReadConsistency {
    /// With nobody waiting yet. The read model may be behind for so long before the answer is "try again".
    #[must_use]
    pub fn new(patience: Duration) -> Self {
        Self { waiters: Admission::new(WAITERS, Progress::WAITERS), patience }
    }

    /// Waits until the read model includes all that the log has of a room now, and says how far that is.
    pub async fn room(&self, context: &ApiContext, caller: UserId, room: RoomId) -> Result<Position, Problem> {
        self.keys(context, caller, Topic::Rooms, [room.to_string()]).await
    }

    /// The same for several keys of a topic.
    pub async fn keys(
        &self,
        context: &ApiContext,
        caller: UserId,
        topic: Topic,
        keys: impl IntoIterator<Item = String>,
    ) -> Result<Position, Problem> {
        let _place = self.waiters.enter(caller)?;
        let keys: Vec<String> = keys.into_iter().collect();
        let position = ends(context, topic, keys.iter().cloned()).await?;
        context.read_model.progress.wait(&position, self.patience).await?;
        // Of a parked key the tables do not show everything, however far they are.
        let keys: Vec<Uuid> = keys.iter().filter_map(|key| key.parse().ok()).collect();
        if parked::is_any_key_parked(&context.read_model.pool(), topic.name(), &keys).await? {
            return Err(Problem::parked());
        }
        Ok(position)
    }

    /// The same for everything that a topic has, whatever its keys.
    pub async fn topic(&self, context: &ApiContext, caller: UserId, topic: Topic) -> Result<(), Problem> {
        let _place = self.waiters.enter(caller)?;
        let partitions = context.kafka.partitions(topic).await.map_err(|error| away(&error))?;
        let ends = (0..partitions).map(|partition| async move {
            let end = context.kafka.end_offset(topic, partition).await.map_err(|error| away(&error))?;
            Ok::<_, Problem>(((topic, partition), end))
        });
        let offsets = futures::future::try_join_all(ends).await?.into_iter().collect();
        context.read_model.progress.wait(&Position { log: context.log_id, offsets }, self.patience).await?;
        Ok(())
    }
}

/// The ends of the partitions that these keys are in.
async fn ends(context: &ApiContext, topic: Topic, keys: impl IntoIterator<Item = String>) -> Result<Position, Problem> {
    let mut position = Position { log: context.log_id, offsets: std::collections::BTreeMap::new() };
    for key in keys {
        let partition = context.kafka.partition_for(topic, &key).await.map_err(|error| away(&error))?;
        if let std::collections::btree_map::Entry::Vacant(place) = position.offsets.entry((topic, partition)) {
            place.insert(context.kafka.end_offset(topic, partition).await.map_err(|error| away(&error))?);
        }
    }
    Ok(position)
}

fn away(error: &KafkaError) -> Problem {
    tracing::warn!(%error, "failed to read the end of a partition");
    Problem::unavailable()
}
