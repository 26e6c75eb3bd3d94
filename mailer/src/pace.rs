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

    #[tokio::test(start_paused = true)]
    async fn many_senders_keep_one_pace() {
        let pace = Arc::new(Pace::new(4));
        let began = Instant::now();
        let turns = (0..13).map(|_| {
            let pace = Arc::clone(&pace);
            tokio::spawn(async move { pace.turn().await })
        });
        let mut turns: Vec<Instant> = futures::future::join_all(turns).await.into_iter().map(Result::unwrap).collect();
        turns.sort();
        // The first goes at once, the others a quarter of a second each.
        assert_eq!(turns[12] - began, Duration::from_secs(3));
        tokio::time::sleep(Duration::from_mins(1)).await;
        let rested = pace.turn().await;
        assert!(pace.turn().await - rested >= Duration::from_millis(250), "a rest is not saved up");
    }
}
