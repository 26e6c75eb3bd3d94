//! Logging in, staying logged in, logging out.

use api_kit::cookies::Jar;
use api_kit::csrf::FromPage;
use api_kit::extract::Json;
use api_kit::rate::{ClientAddress, LogInAttempt, RefreshAttempt};
use api_kit::{Caller, Problem};
use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::accounts::details::PASSWORD_CHARS;
use crate::accounts::{change, login, username};
use crate::openapi::{
    AddressProblems, BodyProblems, CallerProblems, CredentialProblems, PageProblems, SessionProblems,
    UnverifiedProblems,
};
use crate::routes::transport::{self, CookieSession, Session};
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
    /// Whether the session is kept in cookies (201) instead of tokens (200): for browsers.
    #[serde(default)]
    cookies: bool,
}

/// A refresh token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Refresh {
    /// As it was given, once; without it, the cookie's.
    #[schema(example = "GZ9x…")]
    refresh_token: Option<String>,
}

/// Log in
///
/// Takes the username or the e-mail address. An unknown name and a wrong password are told apart by nothing. With
/// `cookies: true` a browser keeps the session: the answer is 201 with three cookies and the token that every further request
/// which changes something shows as `X-CSRF-Token`.
#[utoipa::path(
    post,
    path = "/v1/sessions",
    tag = "sessions",
    operation_id = "log_in",
    request_body = LogIn,
    responses(
        (status = 200, description = "Logged in", body = Session),
        (status = 201, description = "Logged in; the session is in cookies", body = CookieSession),
        CredentialProblems,
        PageProblems,
        UnverifiedProblems,
        BodyProblems,
        AddressProblems,
    ),
)]
async fn log_in(
    State(app): State<App>,
    _: LogInAttempt,
    address: ClientAddress,
    page: FromPage,
    Json(body): Json<LogIn>,
) -> Result<Response, Problem> {
    if body.cookies {
        page.check()?;
    }
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
    let tokens = login::log_in(&app, login, password, address).await?;
    Ok(transport::begun(&app, tokens, body.cookies))
}

/// Get the next tokens
///
/// A refresh token is taken once. One that comes a second time ends its session, access tokens included: somebody else has
/// it too. A browser sends `{}`, and its cookie.
#[utoipa::path(
    post,
    path = "/v1/sessions/refresh",
    tag = "sessions",
    operation_id = "refresh",
    request_body = Refresh,
    responses(
        (status = 200, description = "The next tokens", body = Session),
        (status = 201, description = "The next tokens are in cookies", body = CookieSession),
        CredentialProblems,
        PageProblems,
        BodyProblems,
        AddressProblems,
    ),
)]
async fn refresh(
    State(app): State<App>,
    _: RefreshAttempt,
    headers: HeaderMap,
    page: FromPage,
    Json(body): Json<Refresh>,
) -> Result<Response, Problem> {
    if let Some(token) = body.refresh_token {
        let tokens = login::refresh(&app, &token).await?;
        return Ok(transport::begun(&app, tokens, false));
    }
    let token = Jar::new(&app.context.api_settings.cookies).refresh(&headers);
    let token = token.ok_or_else(|| Invalid::new("refresh_token", "is neither in the body nor in a cookie"))?;
    page.check()?;
    let tokens = login::refresh(&app, token).await?;
    Ok(transport::begun(&app, tokens, true))
}

/// Log out here
///
/// Every token of this session ends, on every replica within a second.
#[utoipa::path(
    delete,
    path = "/v1/sessions/current",
    tag = "sessions",
    operation_id = "log_out",
    responses((status = 204, description = "Logged out"), CallerProblems, SessionProblems),
    security(("bearer" = [])),
)]
async fn log_out(State(app): State<App>, caller: Caller, headers: HeaderMap) -> Result<Response, Problem> {
    app.sessions.close(caller.user_id, caller.session_id).await?;
    Ok(transport::ended(&app, &headers))
}

/// Log out everywhere
///
/// Every session of the caller ends, this one included, on every replica within a second.
#[utoipa::path(
    delete,
    path = "/v1/sessions",
    tag = "sessions",
    operation_id = "log_out_everywhere",
    responses((status = 204, description = "Logged out everywhere"), CallerProblems, SessionProblems),
    security(("bearer" = [])),
)]
async fn log_out_everywhere(State(app): State<App>, caller: Caller, headers: HeaderMap) -> Result<Response, Problem> {
    change::log_out_everywhere(&app, &caller).await?;
    Ok(transport::ended(&app, &headers))
}
