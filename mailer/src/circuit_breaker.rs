//! What a process knows of its mail server. While the server is away, one sender tries at a time, with growing pauses, so
//! that an outage costs each mail few attempts and the server no storm when it comes back.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::MutexGuard;
use tokio::time::Instant;

use crate::backoff;

/// The first pause after a server could not be reached.
const FIRST: Duration = Duration::from_millis(250);
/// No pause is longer.
const CAP: Duration = Duration::from_secs(30);

#[derive(Default)]
pub(crate) struct CircuitBreaker {
    away: Mutex<Option<Away>>,
    probe: tokio::sync::Mutex<()>,
}

#[derive(Clone, Copy)]
struct Away {
    failures: u32,
    until: Instant,
}

impl CircuitBreaker {
    /// Returns at once while the server is well; else when it is the caller's turn to look. What it gives is to be held
    /// until the look is over.
    pub(crate) async fn admitted(&self) -> Option<MutexGuard<'_, ()>> {
        self.away()?;
        let turn = self.probe.lock().await;
        // Somebody may have found it well meanwhile.
        let away = self.away()?;
        tokio::time::sleep_until(away.until).await;
        Some(turn)
    }

    pub(crate) fn answered(&self) {
        let before = self.set(None);
        metrics::gauge!("mailer_server_up").set(1.0);
        if before.is_some() {
            tracing::info!("mail server available again; sending resumed");
        }
    }

    /// It could not be reached, or spoke nonsense.
    pub(crate) fn failed(&self, why: &str, random: u64) {
        let failures = self.away().map_or(1, |away| away.failures.saturating_add(1));
        let pause = backoff::wait(FIRST, CAP, failures, random);
        self.set(Some(Away { failures, until: Instant::now() + pause }));
        metrics::gauge!("mailer_server_up").set(0.0);
        tracing::warn!(why, failures, ?pause, "mail server unavailable; sending paused");
    }

    fn away(&self) -> Option<Away> {
        *self.away.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, away: Option<Away>) -> Option<Away> {
        std::mem::replace(&mut *self.away.lock().unwrap_or_else(PoisonError::into_inner), away)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_looks_at_a_time_with_growing_pauses() {
        let standing = CircuitBreaker::default();
        assert!(standing.admitted().await.is_none(), "nobody waits for a server that is well");
        let began = Instant::now();
        standing.failed("gone", 0);
        let turn = standing.admitted().await.expect("a turn");
        assert!(began.elapsed() >= FIRST / 2);
        let second = standing.admitted();
        tokio::pin!(second);
        assert!(tokio::time::timeout(FIRST, &mut second).await.is_err(), "another waits for its turn");
        standing.answered();
        drop(turn);
        assert!(second.await.is_none(), "and goes at once when the server is well");
    }
}
