//! Sign-up.

use api_kit::Problem;
use api_kit::extract::Json;
use api_kit::rate::SignUpAttempt;
use axum::extract::State;
use event_schema::UserId;
use http::StatusCode;
use read_model::Position;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::accounts::details::{self, Email};
use crate::accounts::signup::{self, Newcomer};
use crate::accounts::username::Username;
use crate::answer::CommandAnswer;
use crate::command::{Command, CommandHeaders};
use crate::idempotency;
use crate::openapi::{AddressProblems, BodyProblems, SignUpProblems};
use crate::registration::wait::{self, Awaited};
use crate::state::App;
use crate::validate;

const ROUTE: &str = "POST /v1/users";

/// The routes.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(sign_up))
}

/// A newcomer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SignUp {
    /// 3 to 32 letters of one script (or of scripts written together), digits, `.`, `_`, `-`; unique: neither another case
    /// nor letters that look alike make another name.
    #[schema(example = "owner", min_length = 3, max_length = 32)]
    username: String,
    /// Where mails go; never shown to anybody.
    #[schema(example = "owner@example.org", max_length = 254)]
    email: String,
    /// 10 to 128 characters; none of those that are guessed first.
    #[schema(example = "correct horse battery", min_length = 10, max_length = 128)]
    password: String,
    /// Name to show; the username, unless given.
    #[schema(max_length = 80)]
    display_name: Option<String>,
    /// BCP 47 language tag; `en`, unless given.
    #[schema(example = "ko-KR", max_length = 35)]
    locale: Option<String>,
}

impl SignUp {
    fn check(self) -> Result<Newcomer, Problem> {
        let username = Username::parse("username", &self.username)?;
        let email = Email::parse("email", &self.email)?;
        let about = [self.username.as_str(), &self.email, self.display_name.as_deref().unwrap_or_default()];
        let password = details::password_of("password", &self.password, &about)?;
        if let Some(name) = &self.display_name {
            validate::name("display_name", name)?;
        }
        let locale = self.locale.unwrap_or_else(|| "en".to_owned());
        details::locale("locale", &locale)?;
        let display_name = self.display_name.unwrap_or_else(|| username.shown.clone());
        Ok(Newcomer { username, email, password, display_name, locale })
    }
}

/// An account on its way.
#[derive(Serialize, ToSchema)]
struct SignedUp {
    /// The account.
    user_id: Uuid,
    /// The run of the sign-up: whoever knows it may follow it at `/v1/registrations/{registration}`.
    registration_id: Uuid,
    /// A position that includes it, if it reached the log while the answer waited.
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<String>,
}

/// Sign up
///
/// Username and address are reserved at once; the account may be used once every step is done. With `Prefer: wait=N` the
/// answer is 201 then, or the rejection.
#[utoipa::path(
    post,
    path = "/v1/users",
    tag = "users",
    operation_id = "sign_up",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition the same sign-up"),
        ("Prefer" = Option<String>, Header, description = "`wait=N`: seconds to wait for the decision"),
    ),
    request_body = SignUp,
    responses(
        (status = 202, description = "The steps of the sign-up are on their way", body = SignedUp),
        (status = 201, description = "The account is registered: its owner may log in", body = SignedUp),
        BodyProblems,
        SignUpProblems,
        AddressProblems,
    ),
)]
async fn sign_up(
    State(app): State<App>,
    _: SignUpAttempt,
    headers: CommandHeaders,
    Json(body): Json<SignUp>,
) -> Result<CommandAnswer, Problem> {
    let newcomer = body.check()?;
    let command = headers.command(&app.context.ids, UserId::PLATFORM, ROUTE, target(&newcomer));
    // Without the password: a quick hash of it would be a way to guess it.
    let said = (&newcomer.username.shown, &newcomer.email.address, &newcomer.display_name, &newcomer.locale);
    let fingerprint = idempotency::fingerprint(&command, &said);
    let ids = signup::Ids::of(&command);
    let password = newcomer.password.clone();
    let answer =
        app.idempotency.answer(&command, fingerprint, register(&app, &headers, &command, ids, newcomer)).await?;
    if answer.replayed {
        signup::repeats(&app, ids, password).await?;
    }
    Ok(answer)
}

/// Nobody is logged in: a key belongs to the name and the address that it came with, so that a stranger's key gives
/// nothing away.
fn target(newcomer: &Newcomer) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("chatlog v1 target of a sign-up");
    for field in [&newcomer.username.key, &newcomer.email.key] {
        hasher.update(&(field.len() as u64).to_be_bytes());
        hasher.update(field.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

async fn register(
    app: &App,
    headers: &CommandHeaders,
    command: &Command,
    ids: signup::Ids,
    newcomer: Newcomer,
) -> Result<CommandAnswer, Problem> {
    let position = signup::sign_up(app, command, ids, newcomer).await?;
    let body = |position: Option<&Position>| SignedUp {
        user_id: ids.user.0,
        registration_id: ids.registration.0,
        position: position.map(ToString::to_string),
    };
    let Some(wait) = headers.wait else { return CommandAnswer::accepted(&body(position.as_ref())) };
    match wait::decided(app, ids.registration, ids.user, wait).await? {
        Awaited::Pending => CommandAnswer::accepted(&body(position.as_ref())),
        Awaited::Registered(registered) => {
            CommandAnswer::applied(StatusCode::CREATED, &body(registered.or(position).as_ref()))
        }
    }
}
