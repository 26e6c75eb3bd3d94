//! Looking back over HTTP, for administrators: rooms as they were, by the log alone (`crate::past`).
//!
//! The fold lives in this crate, so its routes do; `chatlog serve` joins them with those of the query API, which as a program
//! of its own does not have them. A look folds a partition of the log: one at a time per process, and none for a client that
//! has gone away. It shows what was deleted since, so each is told in `chat.admin` before anything is read.

mod answer;
mod params;
mod past;

use std::path::PathBuf;
use std::sync::Arc;

use axum::extract::FromRef;
use platform::Platform;
use tokio::sync::Semaphore;
use utoipa_axum::router::OpenApiRouter;

use crate::Settings;

/// Looks at a time.
const LOOKS: usize = 1;

/// What the handlers share; cheap to clone.
#[derive(Clone)]
pub(crate) struct PastState {
    platform: Platform,
    /// Where scratch files lie.
    scratch: Arc<PathBuf>,
    turns: Arc<Semaphore>,
}

impl FromRef<PastState> for Platform {
    fn from_ref(state: &PastState) -> Self {
        state.platform.clone()
    }
}

/// What the routes say of themselves, without anything to serve them.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    past::router().into_openapi()
}

/// The routes, with their state and their part of the OpenAPI document.
#[must_use]
pub fn router(platform: &Platform, settings: &Settings) -> OpenApiRouter {
    past::router().with_state(PastState {
        platform: platform.clone(),
        scratch: Arc::new(settings.scratch()),
        turns: Arc::new(Semaphore::new(LOOKS)),
    })
}
