//! Where progress is learnt from: the projector's pushes, and the checkpoints themselves.

use std::pin::pin;
use std::time::Duration;

use event_schema::Topic;
use futures::StreamExt as _;
use platform::redis::Redis;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Progress;
use crate::push::{CHANNEL, Push};

/// How long somebody waits before the checkpoints are read, and how often they are.
const LOOK: Duration = Duration::from_millis(20);
/// How often a push that cannot be read is worth a line.
const QUESTION: Duration = Duration::from_millis(500);

/// Takes in what the projector pushes.
pub(super) async fn listen(progress: Progress, redis: Redis, shutdown: CancellationToken) {
    let mut messages = pin!(redis.subscribe(CHANNEL));
    loop {
        let message = tokio::select! {
            () = shutdown.cancelled() => return,
            message = messages.next() => message,
        };
        let Some(message) = message else { return };
        match Push::from_bytes(&message) {
            Ok(push) => {
                let inner = &progress.0;
                inner.board.turn_to(inner.active.generation());
                inner.board.record(push.generation, (push.topic, push.partition), push.to);
            }
            Err(error) => tracing::warn!(%error, "received an unreadable push; ignored"),
        }
    }
}

/// Reads the checkpoints while somebody has waited for more than a moment.
pub(super) async fn poll(progress: Progress, shutdown: CancellationToken) {
    let inner = &progress.0;
    loop {
        let Some(since) = inner.board.waiting_since() else {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = inner.waiting.notified() => continue,
            }
        };
        tokio::select! {
            () = shutdown.cancelled() => return,
            // Whoever waits longer than a moment is served every 20 ms, the others after it.
            () = tokio::time::sleep_until((since + LOOK).max(Instant::now() + LOOK / 4)) => {}
        }
        let started = Instant::now();
        let read = tokio::time::timeout(QUESTION, read_checkpoints(&progress)).await;
        let failed = !matches!(read, Ok(Ok(())));
        inner.board.set_unreadable(failed);
        if failed {
            tracing::warn!(?read, "failed to read checkpoints; retrying");
        }
        tokio::time::sleep_until(started + if failed { LOOK * 10 } else { LOOK }).await;
    }
}

async fn read_checkpoints(progress: &Progress) -> Result<(), sqlx::Error> {
    let inner = &progress.0;
    let (generation, pool) = inner.active.snapshot();
    inner.board.turn_to(generation);
    metrics::counter!("checkpoint_looks_total").increment(1);
    let rows = sqlx::query!("select topic, partition, next_offset from checkpoints").fetch_all(&pool).await?;
    let places =
        rows.into_iter().filter_map(|row| Some(((Topic::from_name(&row.topic)?, row.partition), row.next_offset)));
    inner.board.advance(generation, places);
    Ok(())
}
