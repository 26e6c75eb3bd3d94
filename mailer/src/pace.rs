//! At most so many mails a second, whoever of this process sends them.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// Lets senders go one after another.
pub(crate) struct Pace(Mutex<tokio::time::Interval>);

impl Pace {
    /// So many a second.
    pub(crate) fn new(rate: u32) -> Self {
        let mut ticks = interval(Duration::from_secs(1) / rate.max(1));
        // After a rest nobody catches up.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self(Mutex::new(ticks))
    }

    /// Returns when it is the caller's turn.
    pub(crate) async fn turn(&self) -> Instant {
        self.0.lock().await.tick().await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    // Bounds from below only: they hold however slow the machine is.
    #[tokio::test]
    async fn many_senders_keep_one_pace() {
        let pace = Arc::new(Pace::new(100));
        let turns = (0..21).map(|_| {
            let pace = Arc::clone(&pace);
            tokio::spawn(async move { pace.turn().await })
        });
        let turns: Result<Vec<Instant>, _> = futures::future::join_all(turns).await.into_iter().collect();
        let mut turns = turns.expect("everybody has a turn");
        turns.sort();
        // The first goes at once, the others a hundredth of a second each, give or take the clock's own step.
        assert!(turns[20] - turns[0] >= Duration::from_millis(190), "{:?}", turns[20] - turns[0]);
    }
}
