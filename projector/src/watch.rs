//! Looks at Kafka from time to time: how far the log is ahead, since when, and whether brokers answer at all.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use read_model::Partition;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::context::ProjectorContext;
use crate::status::Concern;

const CALM: Duration = Duration::from_secs(5);
const WORRIED: Duration = Duration::from_secs(1);

/// Looks until asked to end.
pub(crate) async fn run(shared: Arc<ProjectorContext>, soft: CancellationToken) {
    let mut ends: HashMap<Partition, Ends> = HashMap::new();
    loop {
        let pause = if shared.status.is_raised(Concern::Kafka) { WORRIED } else { CALM };
        if tokio::time::timeout(pause, soft.cancelled()).await.is_ok() {
            return;
        }
        if let Err(error) = measure(&shared, &mut ends).await {
            shared.status.raise(Concern::Kafka, format!("Kafka does not answer: {error}"));
        } else {
            shared.status.clear(Concern::Kafka);
        }
    }
}

async fn measure(
    shared: &ProjectorContext,
    ends: &mut HashMap<Partition, Ends>,
) -> Result<(), platform::kafka::KafkaError> {
    let reached = shared.all_reached();
    if reached.is_empty() && shared.status.is_raised(Concern::Kafka) {
        shared.kafka.watermarks(event_schema::Topic::PROJECTED[0], 0).await?;
    }
    ends.retain(|partition, _| reached.iter().any(|(held, _)| held == partition));
    let asked = reached.into_iter().map(|(partition, reached)| async move {
        let end = shared.kafka.end_offset(partition.topic, partition.number).await?;
        Ok((partition, reached, end))
    });
    let answers: Vec<Result<_, platform::kafka::KafkaError>> = join_all(asked).await;
    let now = Instant::now();
    for answer in answers {
        let (partition, reached, end) = answer?;
        let since = ends.entry(partition).or_default().lag(now, reached, end);
        crate::metrics::lag(shared.generation, partition, (end - reached).max(0), since);
    }
    Ok(())
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
