//! The command API: accounts and sessions, and every request to change something. It writes events, never read models.
//!
//! A command is checked against the read model (a fast first answer, [`decide`]), written to the log ([`posting`],
//! [`command_handler`]) and, where the client waits, answered with the fold's word. Its ids derive from its `Idempotency-Key`
//! ([`command`]), so that it can be repeated for ever; [`idempotency`] also repeats its answer. [`start`] gives the
//! routes to the program that serves them.

pub mod accounts;
pub mod admin;
pub mod answer;
pub mod clock;
pub mod command;
pub mod command_handler;
pub mod decide;
pub mod idempotency;
pub mod mentions;
pub mod openapi;
pub mod people;
pub mod posting;
pub mod prefer;
pub mod read_consistency;
pub mod refusal;
pub mod registration;
pub mod routes;
mod settings;
pub mod state;
pub mod store;
pub mod validate;

use api_kit::ApiContext;
use platform::StartError;
use platform::outbox::Relay;
use utoipa_axum::router::OpenApiRouter;

pub use settings::Settings;

use crate::state::App;

/// What the routes say of themselves, without anything to serve them.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    let mut document = routes::router().into_openapi();
    api_kit::documented::with_cookies(&mut document);
    document
}

/// The routes, with their state and their part of the OpenAPI document; what runs in the background ends with the process.
pub async fn start(context: &ApiContext, settings: &Settings) -> Result<OpenApiRouter, StartError> {
    let app = App::new(context, settings);
    let lifecycle = &context.lifecycle;
    lifecycle.spawn("relay", Relay::run(context.platform.clone(), lifecycle.soft()));
    let check = context.health.register("clock");
    // Before the first command: an event's time is for ever.
    clock::check_skew(context, &check).await;
    lifecycle.spawn("clock", clock::watch(context.clone(), check, lifecycle.soft()));
    Ok(routes::router().with_state(app))
}
