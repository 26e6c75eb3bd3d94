//! The query API: history, rooms, members and people, read from the projection. It writes nothing.
//!
//! [`start`] gives the routes to a program that serves several roles from one origin; [`run`] serves them alone. A page
//! of history is made by `params` (what is asked for), `access` (who may see which messages), `freshness` (from how
//! recent a state), [`window`] (which messages those are, by arithmetic), `store` (one walk along an index) and `page`
//! (bytes).

mod access;
pub mod cursor;
mod etag;
mod events;
pub mod item;
mod log_explorer;
mod log_reader;
mod names;
mod openapi;
mod page;
mod params;
pub mod parked;
mod read_consistency;
mod routes;
mod settings;
mod state;
// For tests/plans.rs, which holds the plans of these very statements.
#[doc(hidden)]
pub mod store;
mod timeline;
pub mod window;

use api_kit::ApiContext;
use api_kit::outgoing::OutgoingBudget;
use utoipa_axum::router::OpenApiRouter;

pub use settings::Settings;

use crate::state::QueryState;

/// What the routes say of themselves, without anything to serve them.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    routes::router(OutgoingBudget::new(0)).into_openapi()
}

/// The routes, with their state and their part of the OpenAPI document. Nothing runs in the background.
#[must_use]
pub fn start(context: &ApiContext, settings: &Settings) -> OpenApiRouter {
    routes::router(context.outgoing.clone()).with_state(QueryState::new(context, settings))
}
