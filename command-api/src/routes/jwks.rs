//! The keys that access tokens are verified with (RFC 7517).

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::header::CACHE_CONTROL;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::App;

/// The routes.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(jwks))
}

/// The keys that access tokens are signed with
///
/// Newest first. Anybody can verify an access token with them; they are kept as long as tokens they signed may count.
#[utoipa::path(
    get,
    path = "/.well-known/jwks.json",
    tag = "sessions",
    operation_id = "jwks",
    responses((status = 200, description = "A JSON Web Key Set", body = serde_json::Value)),
)]
async fn jwks(State(app): State<App>) -> impl IntoResponse {
    // New keys sign only when everybody could have fetched them: a token's key is unknown to a verifier for a minute at most.
    ([(CACHE_CONTROL, "public, max-age=60")], Json(app.context.keyring.jwks()))
}
