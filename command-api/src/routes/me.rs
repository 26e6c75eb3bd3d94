//! One's own account: profile, status line, and its end.

use api_kit::extract::Json;
use api_kit::rate::{ClientAddress, LogInAttempt};
use api_kit::{Caller, Problem};
use axum::extract::State;
use event_schema::user::{ProfileChanged, StatusChanged};
use event_schema::{Text, UserId, limits};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::accounts::account_command::{self, AccountCommandResult, PersonAccepted};
use crate::accounts::{closing, details};
use crate::answer::CommandAnswer;
use crate::command::{Command, CommandHeaders};
use crate::openapi::{BodyProblems, CallerProblems, ClosingProblems, CommandProblems};
use crate::routes::command_params::CommandParams;
use crate::state::App;
use crate::store::people::{self, Account};
use crate::validate;

const CHANGE: &str = "PATCH /v1/me";
const STATUS: &str = "PUT /v1/me/status";
const CLOSE: &str = "DELETE /v1/me";

/// The routes.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(change_profile, close_account)).routes(routes!(put_status))
}

/// What is to be changed of a profile; what is absent stays.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangeProfile {
    /// Another name to show.
    #[schema(example = "The owner", min_length = 1, max_length = 80)]
    display_name: Option<String>,
    /// Another language (BCP 47).
    #[schema(example = "ko-KR", max_length = 35)]
    locale: Option<String>,
}

/// A status line.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PutStatus {
    /// The line that others see; null clears it.
    #[schema(example = "back at noon", min_length = 1, max_length = 160)]
    status: Option<String>,
}

/// The proof that it is really the owner who closes an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CloseAccount {
    /// The account's password.
    #[schema(example = "correct horse battery")]
    password: String,
}

/// Change one's profile
///
/// Everybody sees the new name from then on, also beside what was said before.
#[utoipa::path(
    patch,
    path = "/v1/me",
    tag = "people",
    operation_id = "change_profile",
    params(
        CommandParams,
    ),
    request_body = ChangeProfile,
    responses(
        (status = 202, description = "It is kept, and on its way", body = PersonAccepted),
        (status = 200, description = "It can be read (`Prefer: wait`)", body = PersonAccepted),
        BodyProblems, CallerProblems, CommandProblems,
    ),
    security(("bearer" = [])),
)]
async fn change_profile(
    State(app): State<App>,
    caller: Caller,
    headers: CommandHeaders,
    Json(body): Json<ChangeProfile>,
) -> Result<CommandAnswer, Problem> {
    let caller = caller.user_id;
    if let Some(name) = &body.display_name {
        validate::name("display_name", name)?;
    }
    if let Some(locale) = &body.locale {
        details::locale("locale", locale)?;
    }
    if body.display_name.is_none() && body.locale.is_none() {
        return Err(Problem::bad_request("either `display_name` or `locale` is needed"));
    }
    let work = async |command: &Command, body| profile(&app, (&headers, command), caller, body).await?.answer(caller);
    app.run_command((&headers, caller), (CHANGE, ""), body, work).await
}

async fn profile(
    app: &App,
    headers: (&CommandHeaders, &Command),
    caller: UserId,
    body: ChangeProfile,
) -> Result<AccountCommandResult, Problem> {
    account_command::run(app, headers, caller, &[], async |tx, account| {
        // Only what changes is told. The locked row says what the newest command wanted, however far the fold is.
        let display_name = body.display_name.filter(|name| *name != account.display_name);
        let locale = body.locale.filter(|locale| *locale != account.locale);
        if display_name.is_none() && locale.is_none() {
            return Ok(Vec::new());
        }
        let changed = Account {
            display_name: display_name.clone().unwrap_or_else(|| account.display_name.clone()),
            locale: locale.clone().unwrap_or_else(|| account.locale.clone()),
            status: account.status.clone(),
        };
        people::change_profile(tx, caller, &changed).await?;
        let event = ProfileChanged { display_name: display_name.map(Text::Plain), locale };
        Ok(vec![(caller.into(), event.into())])
    })
    .await
}

/// Say what one is up to
#[utoipa::path(
    put,
    path = "/v1/me/status",
    tag = "people",
    operation_id = "put_status",
    params(
        CommandParams,
    ),
    request_body = PutStatus,
    responses(
        (status = 202, description = "It is kept, and on its way", body = PersonAccepted),
        (status = 200, description = "It can be read (`Prefer: wait`)", body = PersonAccepted),
        BodyProblems, CallerProblems, CommandProblems,
    ),
    security(("bearer" = [])),
)]
async fn put_status(
    State(app): State<App>,
    caller: Caller,
    headers: CommandHeaders,
    Json(body): Json<PutStatus>,
) -> Result<CommandAnswer, Problem> {
    let caller = caller.user_id;
    if let Some(status) = &body.status {
        validate::line("status", status, limits::STATUS_CHARS)?;
    }
    let work = async |command: &Command, body: PutStatus| {
        let event = StatusChanged { status: body.status.map(Text::Plain) };
        let events = async |_: &mut _, _: &_| Ok(vec![(caller.into(), event.into())]);
        account_command::run(&app, (&headers, command), caller, &[], events).await?.answer(caller)
    };
    app.run_command((&headers, caller), (STATUS, ""), body, work).await
}

/// Close one's account
///
/// For good: every session ends, the address is free again, groups and channels are left. What was said stays, under the
/// name that it was said under; nobody else gets the username. Direct rooms stay as they are.
#[utoipa::path(
    delete,
    path = "/v1/me",
    tag = "people",
    operation_id = "close_account",
    params(
        CommandParams,
    ),
    request_body = CloseAccount,
    responses(
        (status = 202, description = "The account is closed; the profile shows it soon", body = PersonAccepted),
        (status = 200, description = "The account is closed, and the profile shows it (`Prefer: wait`)", body = PersonAccepted),
        BodyProblems, CallerProblems, CommandProblems, ClosingProblems,
    ),
    security(("bearer" = [])),
)]
async fn close_account(
    State(app): State<App>,
    caller: Caller,
    _: LogInAttempt,
    address: ClientAddress,
    headers: CommandHeaders,
    Json(body): Json<CloseAccount>,
) -> Result<CommandAnswer, Problem> {
    let caller = caller.user_id;
    validate::at_most("password", &body.password, *details::PASSWORD_CHARS.end())?;
    let password = body.password.nfc().collect();
    let work = async |command: &Command, ()| {
        closing::close(&app, (&headers, command), (caller, address), password).await?.answer(caller)
    };
    // Told apart without the password: a quick hash of it would be a way to guess it.
    app.run_command((&headers, caller), (CLOSE, ""), (), work).await
}
