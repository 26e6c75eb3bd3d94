//! Waiting for a condition that nobody announces, never for a time.

use std::fmt::Display;
use std::time::Duration;

use tokio::time::Instant;

/// Between two looks: short, so that tests lose little by it; not nothing, so that what is waited for can go on meanwhile.
const PAUSE: Duration = Duration::from_millis(10);
/// Longer than anything takes that works, on a busy machine too: it ends a test that hangs, and measures nothing.
const PATIENCE: Duration = Duration::from_mins(1);

/// Looks again and again until there is what is waited for. `what` is shown only when it does not come, so it may tell what
/// was seen last (see [`std::fmt::from_fn`]).
///
/// # Panics
///
/// After a minute.
pub async fn wait_for<T>(what: impl Display, condition: impl AsyncFnMut() -> Option<T>) -> T {
    wait_for_within(what, PATIENCE, condition).await
}

/// [`wait_for`] with another deadline. Deadlines are generous: they end a test that hangs, they measure nothing.
pub async fn wait_for_within<T>(
    what: impl Display,
    within: Duration,
    mut condition: impl AsyncFnMut() -> Option<T>,
) -> T {
    let deadline = Instant::now() + within;
    let found = async {
        loop {
            if let Some(found) = condition().await {
                return found;
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    // A condition that hangs is given up, too.
    tokio::time::timeout_at(deadline, found).await.unwrap_or_else(|_| panic!("after {within:?} still not: {what}"))
}
