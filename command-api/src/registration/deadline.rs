//! Sign-ups whose participants did not all answer in time are rejected, by whichever replica sees it first.

use std::time::Duration;

use event_schema::RegistrationId;
use platform::Platform;
use platform::outbox::OutboxError;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::followers::Followers;
use super::saga::{DEADLINE, Follows, Registration};
use super::settle::settle;
use super::store;

/// How often is looked.
const LOOK: Duration = Duration::from_secs(1);
/// How many are rejected in one transaction.
const BATCH: i64 = 100;

/// Lets deadlines pass until the process ends.
pub async fn run(platform: Platform, followers: Followers, soft: CancellationToken) {
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = soft.cancelled() => return,
            _ = look.tick() => {}
        }
        loop {
            match pass(&platform, &followers).await {
                // There may be more.
                Ok(rejected) if rejected == BATCH && !soft.is_cancelled() => {}
                Ok(_) => break,
                Err(error) => {
                    tracing::warn!(%error, "no look at the deadlines of sign-ups");
                    break;
                }
            }
        }
    }
}

/// Rejects what is overdue; how many.
async fn pass(platform: &Platform, followers: &Followers) -> Result<i64, OutboxError> {
    let now = platform.clock.now();
    let mut tx = platform.db.begin().await?;
    let mut overdue = store::overdue(&mut tx, now, BATCH).await?;
    if overdue.is_empty() {
        return Ok(0);
    }
    let reject = |it: &mut Registration| (it.id, it.reject(None, DEADLINE));
    let follows: Vec<(RegistrationId, Follows)> = overdue.iter_mut().map(reject).collect();
    let settled = settle(&mut tx, overdue, &follows, now).await?;
    tx.commit().await?;
    let rejected = i64::try_from(follows.len()).unwrap_or(BATCH);
    metrics::counter!("registrations_decided_total", "decision" => "deadline").increment(follows.len() as u64);
    tracing::info!(rejected, "sign-ups were not answered in time");
    platform.outbox.wake();
    followers.tell(&settled.changed);
    Ok(rejected)
}
