//! The command API: accounts and sessions, and every request to change something. It writes events, never read models.
//!
//! A command is checked against the read model (a fast first answer, [`decide`]), written to the log ([`posting`],
//! [`deciding`]) and, where the client waits, answered with the fold's word. Its ids derive from its `Idempotency-Key`
//! ([`command`]), so that it can be repeated for ever; [`idempotency`] also repeats its answer. [`start`] gives the
//! routes to a program that serves several roles from one origin; [`run`] serves them alone.

pub mod accounts;
pub mod admin;
pub mod answer;
pub mod clock;
pub mod command;
pub mod decide;
pub mod deciding;
pub mod fresh;
pub mod idempotency;
pub mod mentions;
pub mod openapi;
pub mod people;
pub mod posting;
pub mod prefer;
pub mod refusal;
pub mod registration;
pub mod routes;
mod service;
mod settings;
pub mod state;
pub mod store;
pub mod validate;

use platform::outbox::Relay;
use platform::{Platform, StartError};
use utoipa_axum::router::OpenApiRouter;

pub use service::run;
pub use settings::{ServiceSettings, Settings};

use crate::state::App;

/// What the routes say of themselves, without anything to serve them.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    let mut document = routes::router().into_openapi();
    platform::documented::with_cookies(&mut document);
    document
}

/// The routes, with their state and their part of the OpenAPI document; what runs in the background ends with the process.
pub async fn start(platform: &Platform, settings: &Settings) -> Result<OpenApiRouter, StartError> {
    let app = App::new(platform, settings);
    let lifecycle = &platform.lifecycle;
    lifecycle.spawn("relay", Relay::run(platform.clone(), lifecycle.soft()));
    let check = platform.health.register("clock");
    // Before the first command: an event's time is for ever.
    clock::look(platform, &check).await;
    lifecycle.spawn("clock", clock::watch(platform.clone(), check, lifecycle.soft()));
    Ok(routes::router().with_state(app))
}
