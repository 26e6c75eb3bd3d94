//! Another password for somebody who knows the present one.

use api_kit::extract::Json;
use api_kit::rate::{ClientAddress, LogInAttempt};
use api_kit::{Caller, Problem};
use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use serde::Deserialize;
use unicode_normalization::UnicodeNormalization as _;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::accounts::change;
use crate::accounts::details::PASSWORD_CHARS;
use crate::command::CommandHeaders;
use crate::openapi::{BodyProblems, CallerProblems};
use crate::routes::transport;
use crate::state::App;
use crate::validate;

/// The routes.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(change_password))
}

/// The present password and the next.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangePassword {
    /// The one that counts now.
    #[schema(example = "correct horse battery")]
    current_password: String,
    /// 10 to 128 characters.
    #[schema(example = "another horse battery", min_length = 10, max_length = 128)]
    new_password: String,
}

/// Change the password
///
/// Every session of the caller ends, this one included, on every replica within a second: log in again. Wrong passwords are
/// counted like those of log-ins.
#[utoipa::path(
    put,
    path = "/v1/me/password",
    tag = "sessions",
    operation_id = "change_password",
    request_body = ChangePassword,
    responses(
        (status = 204, description = "Changed, and logged out everywhere"),
        BodyProblems,
        CallerProblems,
    ),
    security(("bearer" = [])),
)]
async fn change_password(
    State(app): State<App>,
    caller: Caller,
    _: LogInAttempt,
    address: ClientAddress,
    headers: CommandHeaders,
    request_headers: HeaderMap,
    Json(body): Json<ChangePassword>,
) -> Result<Response, Problem> {
    validate::at_most("current_password", &body.current_password, *PASSWORD_CHARS.end())?;
    let current = body.current_password.nfc().collect();
    let command = headers.command_once(&app.context.ids);
    change::change_password(&app, &command, caller.user_id, (current, &body.new_password), address).await?;
    Ok(transport::ended(&app, &request_headers))
}
