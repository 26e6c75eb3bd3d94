//! Logging in, staying logged in, logging out.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use platform::extract::Json;
use platform::rate::LogInAttempt;
use platform::{Caller, Problem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::accounts::details::PASSWORD_CHARS;
use crate::accounts::login::{self, Tokens};
use crate::accounts::username;
use crate::openapi::{
    AddressProblems, BodyProblems, CallerProblems, CredentialProblems, SessionProblems, UnverifiedProblems,
};
use crate::state::App;
use crate::store::accounts::Login;
use crate::validate::{self, Invalid};

/// The routes.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(log_in, log_out_everywhere)).routes(routes!(refresh)).routes(routes!(log_out))
}

/// Credentials: a username or an e-mail address, and the password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LogIn {
    /// The username, or the address.
    #[schema(example = "owner")]
    username: Option<String>,
    /// The address, instead of the username.
    #[schema(example = "owner@example.org")]
    email: Option<String>,
    /// The password.
    #[schema(example = "correct horse battery")]
    password: String,
}

/// A refresh token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Refresh {
    /// As it was given, once.
    refresh_token: String,
}

/// What a client proves with who it is.
#[derive(Serialize, ToSchema)]
struct Session {
    /// For the header `authorization: Bearer …`.
    access_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Seconds until the access token does not count any more.
    expires_in: i64,
    /// To get the next pair, once, within 14 days.
    refresh_token: String,
}

/// Tokens are for the one who asked, now.
fn session(tokens: Tokens) -> Response {
    let session = Session {
        access_token: tokens.access,
        token_type: "Bearer",
        expires_in: tokens.expires_in,
        refresh_token: tokens.refresh,
    };
    ([(CACHE_CONTROL, "no-store")], Json(session)).into_response()
}

/// Log in
///
/// Takes the username or the e-mail address. An unknown name and a wrong password are told apart by nothing.
#[utoipa::path(
    post,
    path = "/v1/sessions",
    tag = "sessions",
    operation_id = "log_in",
    request_body = LogIn,
    responses(
        (status = 200, description = "Logged in", body = Session),
        CredentialProblems,
        UnverifiedProblems,
        BodyProblems,
        AddressProblems,
    ),
)]
async fn log_in(State(app): State<App>, _: LogInAttempt, Json(body): Json<LogIn>) -> Result<Response, Problem> {
    let (field, name) = match (&body.username, &body.email) {
        (Some(username), None) => ("username", username),
        (None, Some(email)) => ("email", email),
        _ => return Err(Invalid::new("username", "either `username` or `email` is needed").into()),
    };
    validate::at_most(field, name, 254)?;
    validate::no_nul(field, name)?;
    validate::at_most("password", &body.password, *PASSWORD_CHARS.end())?;
    let key = username::key(name);
    // No username has an `@`.
    let login = if key.contains('@') { Login::Email(&key) } else { Login::Username(&key) };
    let password = unicode_normalization::UnicodeNormalization::nfc(body.password.as_str()).collect();
    Ok(session(login::log_in(&app, login, password).await?))
}

/// Get the next tokens
///
/// A refresh token is taken once. One that comes a second time ends its session: somebody else has it too.
#[utoipa::path(
    post,
    path = "/v1/sessions/refresh",
    tag = "sessions",
    operation_id = "refresh",
    request_body = Refresh,
    responses(
        (status = 200, description = "The next tokens", body = Session),
        CredentialProblems,
        BodyProblems,
    ),
)]
async fn refresh(State(app): State<App>, Json(body): Json<Refresh>) -> Result<Response, Problem> {
    Ok(session(login::refresh(&app, &body.refresh_token).await?))
}

/// Log out here
#[utoipa::path(
    delete,
    path = "/v1/sessions/current",
    tag = "sessions",
    operation_id = "log_out",
    responses((status = 204, description = "Logged out"), CallerProblems, SessionProblems),
    security(("bearer" = [])),
)]
async fn log_out(State(app): State<App>, caller: Caller) -> Result<StatusCode, Problem> {
    app.sessions.close(caller.user_id, caller.session_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Log out everywhere
#[utoipa::path(
    delete,
    path = "/v1/sessions",
    tag = "sessions",
    operation_id = "log_out_everywhere",
    responses((status = 204, description = "Logged out everywhere"), CallerProblems, SessionProblems),
    security(("bearer" = [])),
)]
async fn log_out_everywhere(State(app): State<App>, caller: Caller) -> Result<StatusCode, Problem> {
    app.sessions.close_all(caller.user_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
