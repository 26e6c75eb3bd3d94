//! Whether the clock can be believed: events carry its time, so a command API whose clock is more than a second off
//! Postgres's is not ready.

use std::time::Duration;

use api_kit::ApiContext;
use platform::{HealthCheck, postgres};
use tokio_util::sync::CancellationToken;

/// How far off is too far, in microseconds.
const TOLERANCE_MICROS: u64 = 1_000_000;
/// How often it is looked at.
const LOOK: Duration = Duration::from_secs(5);

/// Compares the clocks until the process ends.
pub async fn watch(context: ApiContext, check: HealthCheck, shutdown: CancellationToken) {
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(LOOK) => check_skew(&context, &check).await,
        }
    }
}

/// Compares the clocks. Postgres being away is another check's matter.
pub async fn check_skew(context: &ApiContext, check: &HealthCheck) {
    match postgres::clock_skew_micros(&context.db, &context.clock).await.map(verdict) {
        Ok(Ok(())) => check.ready(),
        Ok(Err(why)) => check.not_ready(why),
        Err(error) => tracing::debug!(%error, "the clocks were not compared"),
    }
}

fn verdict(skew_micros: i64) -> Result<(), String> {
    if skew_micros.unsigned_abs() <= TOLERANCE_MICROS {
        return Ok(());
    }
    let side = if skew_micros > 0 { "ahead of" } else { "behind" };
    Err(format!("the clock is {} ms {side} Postgres's", skew_micros.unsigned_abs() / 1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_is_the_most() {
        assert_eq!(verdict(1_000_000), Ok(()));
        assert_eq!(verdict(-999_999), Ok(()));
        assert_eq!(verdict(1_500_000), Err("the clock is 1500 ms ahead of Postgres's".into()));
        assert_eq!(verdict(-2_000_000), Err("the clock is 2000 ms behind Postgres's".into()));
    }
}
