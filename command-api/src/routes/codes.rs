//! Mailed codes: proving an address, and choosing another password. Nothing here tells whether an address is anybody's.

use api_kit::Problem;
use api_kit::extract::Json;
use api_kit::rate::{ClientAddress, CodeAttempt};
use axum::extract::State;
use http::StatusCode;
use platform::codes::{DIGITS, Purpose};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::accounts::codes::{self, Proof};
use crate::accounts::details::{self, Email};
use crate::command::CommandHeaders;
use crate::openapi::{AddressProblems, BodyProblems, CodeProblems};
use crate::state::App;
use crate::validate::Invalid;

/// The routes.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(verify)).routes(routes!(resend)).routes(routes!(forgot)).routes(routes!(reset))
}

/// An address, and the code that was sent to it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Verification {
    /// The account's address.
    #[schema(example = "owner@example.org", max_length = 254)]
    email: String,
    /// Six digits, as mailed.
    #[schema(example = "042137", min_length = 6, max_length = 6, pattern = "^[0-9]{6}$")]
    code: String,
}

/// An address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Mailbox {
    /// The account's address.
    #[schema(example = "owner@example.org", max_length = 254)]
    email: String,
}

/// An address, the code that was sent to it, and the password that is to count from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Reset {
    /// The account's address.
    #[schema(example = "owner@example.org", max_length = 254)]
    email: String,
    /// Six digits, as mailed.
    #[schema(example = "042137", min_length = 6, max_length = 6, pattern = "^[0-9]{6}$")]
    code: String,
    /// 10 to 128 characters.
    #[schema(example = "correct horse battery", min_length = 10, max_length = 128)]
    password: String,
}

fn proof(email: &str, code: String) -> Result<Proof, Invalid> {
    let email = Email::parse("email", email)?;
    if code.len() != DIGITS || !code.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(Invalid::new("code", format!("{DIGITS} digits are expected")));
    }
    Ok(Proof { email, digits: code })
}

/// Prove an address
///
/// Takes the code that was mailed after sign-up. It is good for five minutes and five tries, once. An address that nobody
/// has and a wrong code are told apart by nothing.
#[utoipa::path(
    post,
    path = "/v1/users/verify",
    tag = "users",
    operation_id = "verify",
    request_body = Verification,
    responses((status = 204, description = "The account is verified"), BodyProblems, CodeProblems, AddressProblems),
)]
async fn verify(State(app): State<App>, _: CodeAttempt, Json(body): Json<Verification>) -> Result<StatusCode, Problem> {
    codes::verify(&app, &proof(&body.email, body.code)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Send the code again
///
/// Another code is mailed, and the earlier one is void, if the address is of an account that is not verified; the answer is
/// the same if not. Few are sent to one address.
#[utoipa::path(
    post,
    path = "/v1/users/verify/resend",
    tag = "users",
    operation_id = "resend_code",
    request_body = Mailbox,
    responses((status = 204, description = "If there is such an account, a mail is on its way"), BodyProblems, AddressProblems),
)]
async fn resend(
    State(app): State<App>,
    _: CodeAttempt,
    headers: CommandHeaders,
    Json(body): Json<Mailbox>,
) -> Result<StatusCode, Problem> {
    let email = Email::parse("email", &body.email)?;
    codes::send(&app, &headers.command_once(&app.context.ids), &email, Purpose::Verify).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ask for another password
///
/// A code is mailed with which another password can be chosen, if the address is of an account; the answer is the same if
/// not. Few are sent to one address.
#[utoipa::path(
    post,
    path = "/v1/password/forgot",
    tag = "sessions",
    operation_id = "forgot_password",
    request_body = Mailbox,
    responses((status = 202, description = "If there is such an account, a mail is on its way"), BodyProblems, AddressProblems),
)]
async fn forgot(
    State(app): State<App>,
    _: CodeAttempt,
    headers: CommandHeaders,
    Json(body): Json<Mailbox>,
) -> Result<StatusCode, Problem> {
    let email = Email::parse("email", &body.email)?;
    codes::send(&app, &headers.command_once(&app.context.ids), &email, Purpose::Reset).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Choose another password
///
/// Takes the mailed code, which is good for five minutes and five tries, once. Every session of the account ends. An address
/// that nobody has and a wrong code are told apart by nothing.
#[utoipa::path(
    post,
    path = "/v1/password/reset",
    tag = "sessions",
    operation_id = "reset_password",
    request_body = Reset,
    responses((status = 204, description = "The password counts from now on"), BodyProblems, CodeProblems, AddressProblems),
)]
async fn reset(
    State(app): State<App>,
    _: CodeAttempt,
    address: ClientAddress,
    headers: CommandHeaders,
    Json(body): Json<Reset>,
) -> Result<StatusCode, Problem> {
    let proof = proof(&body.email, body.code)?;
    let password = details::password_of("password", &body.password, &[&body.email])?;
    codes::reset(&app, &headers.command_once(&app.context.ids), &proof, password, address).await?;
    Ok(StatusCode::NO_CONTENT)
}
