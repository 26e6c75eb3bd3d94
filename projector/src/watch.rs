//! Compares checkpoints with the log's ends from time to time, for every partition of the generation, whoever folds it: how
//! far the log is ahead, since when, which partitions nobody holds, and whether brokers answer at all.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use event_schema::Topic;
use futures::future::{join_all, try_join_all};
use platform::kafka::KafkaError;
use read_model::{Partition, checkpoint, effect_marks};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::context::ProjectorContext;
use crate::status::Concern;

const CALM: Duration = Duration::from_secs(5);
const WORRIED: Duration = Duration::from_secs(1);
/// Leases change hands within this time, also of a process that was killed or is frozen.
const HAND_OVER: Duration = Duration::from_secs(15);

/// Measures until asked to end.
pub(crate) async fn run(shared: Arc<ProjectorContext>, soft: CancellationToken) {
    let mut watched: HashMap<Partition, Watched> = HashMap::new();
    loop {
        let pause = if shared.status.is_raised(Concern::Kafka) { WORRIED } else { CALM };
        if tokio::time::timeout(pause, soft.cancelled()).await.is_ok() {
            return;
        }
        match ends(&shared).await {
            Ok(ends) => {
                shared.status.clear(Concern::Kafka);
                if let Err(error) = compare(&shared, &ends, &mut watched).await {
                    tracing::debug!(%error, "checkpoints were not compared with the log");
                }
            }
            Err(error) => shared.status.raise(Concern::Kafka, format!("Kafka does not answer: {error}")),
        }
    }
}

/// What is remembered of a partition.
#[derive(Debug, Default)]
struct Watched {
    ends: Ends,
    /// Since when nobody has held it.
    unheld: Option<Instant>,
}

/// Where every partition ends, in the order of the leases' items.
async fn ends(shared: &ProjectorContext) -> Result<Vec<(Partition, i64)>, KafkaError> {
    let count = async |topic| Ok::<(Topic, i32), KafkaError>((topic, shared.kafka.partitions(topic).await?));
    let counts = try_join_all(Topic::PROJECTED.map(count)).await?;
    let partitions =
        counts.iter().flat_map(|(topic, count)| (0..*count).map(|number| Partition { topic: *topic, number }));
    let asked = partitions.map(|partition| async move {
        Ok((partition, shared.kafka.end_offset(partition.topic, partition.number).await?))
    });
    // All of them are waited for: an answer that is late is not asked for twice.
    join_all(asked).await.into_iter().collect()
}

async fn compare(
    shared: &ProjectorContext,
    ends: &[(Partition, i64)],
    watched: &mut HashMap<Partition, Watched>,
) -> sqlx::Result<()> {
    effect_marks::advance_all(&shared.pool, shared.generation, &shared.all_reached()).await?;
    let checkpoints = checkpoint::all(&mut *shared.pool.acquire().await?).await?;
    let free = free_items(shared).await?;
    let now = Instant::now();
    for (item, (partition, end)) in (0..).zip(ends) {
        let reached = checkpoints.get(partition).map_or(0, |mark| mark.next_offset);
        let watched = watched.entry(*partition).or_default();
        let since = watched.ends.lag(now, reached, *end);
        shared.set_end(*partition, *end);
        crate::metrics::lag(shared.generation, *partition, (end - reached).max(0), since);
        watched.unheld = free.contains(&item).then(|| watched.unheld.unwrap_or(now));
        let unheld = watched.unheld.is_some_and(|since| now - since >= HAND_OVER);
        crate::metrics::unheld(shared.generation, *partition, unheld);
        let concern = Concern::Unheld(*partition);
        if unheld {
            shared.status.raise(concern, format!("{partition} is held by no projector"));
        } else {
            shared.status.clear(concern);
        }
    }
    Ok(())
}

/// Leases that nobody holds.
async fn free_items(shared: &ProjectorContext) -> sqlx::Result<Vec<i32>> {
    let work = shared.leased_work();
    sqlx::query_scalar!("select item from control.leases where work = $1 and holder is null", work)
        .fetch_all(&shared.pool)
        .await
}

/// When the log was first known to reach so far. Records have times of their own, but imported ones are of long ago, and in a
/// quiet partition the last one folded says nothing: what counts is how long something has been waiting.
#[derive(Debug, Default)]
struct Ends(VecDeque<(Instant, i64)>);

impl Ends {
    /// How long the event at `reached` has been known to be there; zero if there is none.
    fn lag(&mut self, now: Instant, reached: i64, end: i64) -> Duration {
        if self.0.back().is_none_or(|(_, known)| *known < end) {
            self.0.push_back((now, end));
        }
        while self.0.front().is_some_and(|(_, known)| *known <= reached) {
            self.0.pop_front();
        }
        // A standstill of weeks is one entry a look otherwise: of two neighbours in the middle, either will do.
        if self.0.len() > MOST {
            self.0.remove(MOST / 2);
        }
        self.0.front().map_or(Duration::ZERO, |(since, _)| now - *since)
    }
}

const MOST: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lag_is_as_old_as_the_oldest_event_that_waits() {
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        let mut ends = Ends::default();
        assert_eq!(ends.lag(at(0), 10, 10), Duration::ZERO);
        assert_eq!(ends.lag(at(5), 10, 12), Duration::ZERO, "it has just come");
        assert_eq!(ends.lag(at(10), 10, 20), Duration::from_secs(5));
        assert_eq!(ends.lag(at(15), 12, 20), Duration::from_secs(5), "the next came later");
        assert_eq!(ends.lag(at(20), 20, 20), Duration::ZERO);
        assert_eq!(ends.lag(at(500), 20, 21), Duration::ZERO, "quiet is no lag");
        for look in 0..5_000 {
            ends.lag(at(505 + look), 20, 22 + i64::try_from(look).expect("few"));
        }
        assert_eq!((ends.lag(at(6_000), 20, 9_999), ends.0.len()), (Duration::from_secs(5_500), MOST));
    }
}
