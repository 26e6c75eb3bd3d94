//! The routes, one file a resource.

pub mod body;
pub mod changes;
pub mod codes;
mod command_params;
pub mod friends;
pub mod jwks;
pub mod me;
pub mod members;
pub mod messages;
pub mod my_password;
pub mod read;
pub mod registrations;
pub mod rooms;
pub mod sessions;
pub mod transport;
pub mod users;

use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;

use crate::openapi::Document;
use crate::state::App;

/// Every route, with its part of the OpenAPI document.
#[must_use]
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Document::openapi())
        .merge(users::router())
        .merge(codes::router())
        .merge(registrations::router())
        .merge(sessions::router())
        .merge(me::router())
        .merge(friends::router())
        .merge(my_password::router())
        .merge(jwks::router())
        .merge(rooms::router())
        .merge(members::router())
        .merge(messages::router())
        .merge(changes::router())
        .merge(read::router())
}
