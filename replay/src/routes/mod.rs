//! Looking back over HTTP, for administrators: rooms as they were, by the log alone (`crate::point_in_time`).
//!
//! The fold lives in this crate, so its routes do; `chatlog serve` joins them with those of the query API, which as a program
//! of its own does not have them. A look folds a partition of the log: one at a time per process, and none for a client that
//! has gone away. It shows what was deleted since, so each is told in `chat.admin` before anything is read.

mod answer;
mod params;
mod point_in_time;

use std::path::PathBuf;
use std::sync::Arc;

use api_kit::ApiContext;
use axum::extract::FromRef;
use tokio::sync::Semaphore;
use utoipa_axum::router::OpenApiRouter;

use crate::Settings;

/// Looks at a time.
const LOOKS: usize = 1;

/// What the handlers share; cheap to clone.
#[derive(Clone)]
pub(crate) struct PastState {
    context: ApiContext,
    /// Where scratch files lie.
    scratch: Arc<PathBuf>,
    turns: Arc<Semaphore>,
}

impl FromRef<PastState> for ApiContext {
    fn from_ref(state: &PastState) -> Self {
        state.context.clone()
    }
}

/// What the routes say of themselves, without anything to serve them.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    point_in_time::router().into_openapi()
}

/// The routes, with their state and their part of the OpenAPI document.
#[must_use]
pub fn router(context: &ApiContext, settings: &Settings) -> OpenApiRouter {
    point_in_time::router().with_state(PastState {
        context: context.clone(),
        scratch: Arc::new(settings.scratch()),
        turns: Arc::new(Semaphore::new(LOOKS)),
    })
}
