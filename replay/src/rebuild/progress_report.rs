//! How far a rebuild is, told to others: the process that rebuilds writes it into a row (`read_model::rebuild_status`), projectors
//! show the row as metrics. Neither is in the way of the work.

use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use platform::Platform;
use read_model::rebuild_status::{self, State, Step};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::metrics;
use super::{ActivateError, RebuildError};
use crate::log_range::ReadError;
use crate::progress::PhaseProgress;
use crate::verify::VerifyError;

/// How often it is written.
const TELL: Duration = Duration::from_secs(1);
/// How often it is read.
const LOOK: Duration = Duration::from_secs(2);

/// Does the work, and tells meanwhile how far it is.
pub(super) async fn with_progress<T>(
    db: &PgPool,
    generation: i32,
    progress: &PhaseProgress,
    work: impl Future<Output = Result<T, RebuildError>>,
) -> Result<T, RebuildError> {
    best_effort(rebuild_status::begin(db, generation).await);
    let mut work = pin!(work);
    let reporting = async {
        loop {
            write_progress(db, generation, progress).await;
            tokio::time::sleep(TELL).await;
        }
    };
    let ended: Result<T, RebuildError> = tokio::select! {
        ended = &mut work => ended,
        never = reporting => { let never: Infallible = never; match never {} }
    };
    write_progress(db, generation, progress).await;
    let (state, problem) = match &ended {
        Ok(_) => (State::Done, None),
        Err(error) if is_interrupted(error) => (State::Stopped, None),
        Err(error) => (State::Failed, Some(error.to_string())),
    };
    best_effort(rebuild_status::end(db, generation, state, problem.as_deref()).await);
    ended
}

async fn write_progress(db: &PgPool, generation: i32, progress: &PhaseProgress) {
    let (phase, done, total) = progress.now();
    best_effort(rebuild_status::advance(db, generation, Step { phase, unit: unit_of(phase), done, total }).await);
}

fn best_effort(told: Result<(), sqlx::Error>) {
    if let Err(error) = told {
        tracing::debug!(%error, "how far the rebuild is could not be told");
    }
}

fn is_interrupted(error: &RebuildError) -> bool {
    matches!(
        error,
        RebuildError::Read(ReadError::Interrupted)
            | RebuildError::Verify(VerifyError::Read(ReadError::Interrupted))
            | RebuildError::Activate(ActivateError::Interrupted)
    )
}

/// What a phase counts.
fn unit_of(phase: &str) -> &'static str {
    match phase {
        "load" | "catch up" | "log" | "closer look" => "events",
        "tables" => "rows",
        "index" => "indexes",
        _ => "",
    }
}

/// Shows it as metrics, until asked to end.
pub(crate) async fn watch(platform: Platform, soft: CancellationToken) {
    metrics::describe();
    loop {
        match rebuild_status::current(&platform.db).await {
            Ok(found) => metrics::show(found.as_ref()),
            Err(error) => tracing::debug!(%error, "no look at the rebuild"),
        }
        if tokio::time::timeout(LOOK, soft.cancelled()).await.is_ok() {
            return;
        }
    }
}
