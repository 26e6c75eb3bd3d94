//! Waiting for a condition that nobody announces, never for a time.

use std::time::Duration;

use tokio::time::Instant;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// Asks again and again until there is an answer; panics with what was waited for when the deadline has passed. Deadlines
/// are generous: they end a test that hangs, they measure nothing.
pub async fn until<T>(what: &str, within: Duration, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + within;
    loop {
        if let Some(found) = condition().await {
            return found;
        }
        assert!(Instant::now() < deadline, "after {within:?} still not: {what}");
        tokio::time::sleep(PAUSE).await;
    }
}
