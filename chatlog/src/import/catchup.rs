//! Waits until the read models have folded the log to its end.

use std::time::Duration;

use anyhow::{bail, ensure};
use event_schema::Topic;
use platform::Platform;
use read_model::{Position, Progress, WaitError};
use tokio::time::Instant;

use super::meter::Meter;
use crate::output;

/// How often a wait shows how far it is.
const LOOK: Duration = Duration::from_millis(250);
/// The read models are given up when they do not move for so long; said after a tenth of it.
const STANDSTILL: Duration = Duration::from_secs(30);

pub type TopicPartition = (Topic, i32);

/// Waits until the read models include what these partitions hold now, as long as they move.
pub async fn catch_up(
    platform: &Platform,
    progress: &Progress,
    what: &'static str,
    places: &[TopicPartition],
) -> anyhow::Result<()> {
    let mut ends = Vec::with_capacity(places.len());
    for (topic, partition) in places {
        ends.push(((*topic, *partition), platform.kafka.end_offset(*topic, *partition).await?));
    }
    let reached = || ends.iter().map(|((t, p), end)| progress.reached(*t, *p).unwrap_or(0).min(*end)).sum();
    let begin: i64 = reached();
    let total = ends.iter().map(|(_, end)| end).sum::<i64>() - begin;
    let mut meter = Meter::start(what, u64::try_from(total).unwrap_or_default());
    let mut watch = Standstill::new(begin);
    for ((topic, partition), end) in ends.iter().filter(|(_, end)| *end > 0) {
        let position = Position::of(platform.log_id, *topic, *partition, *end);
        loop {
            match progress.wait(&position, LOOK).await {
                Ok(()) => break,
                Err(WaitError::Behind | WaitError::Unavailable) => {}
                Err(error) => bail!(error),
            }
            ensure!(!platform.lifecycle.soft().is_cancelled(), "interrupted; run it again to go on");
            let now = reached();
            meter.set(u64::try_from(now - begin).unwrap_or_default());
            watch.check(now)?;
        }
    }
    meter.finish();
    Ok(())
}

struct Standstill {
    reached: i64,
    since: Instant,
    told: bool,
}

impl Standstill {
    fn new(reached: i64) -> Self {
        Self { reached, since: Instant::now(), told: false }
    }

    fn check(&mut self, reached: i64) -> anyhow::Result<()> {
        if reached != self.reached {
            *self = Self::new(reached);
        }
        ensure!(
            self.since.elapsed() <= STANDSTILL,
            "the read models do not move: is `chatlog serve` running, with the role projector? What was sent is in the \
             log; run this again to finish and check"
        );
        if self.since.elapsed() > STANDSTILL / 10 && !self.told {
            self.told = true;
            output::note("waiting for the read models, which do not move; is `chatlog serve` running?");
        }
        Ok(())
    }
}
