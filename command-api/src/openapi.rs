//! What the OpenAPI document says beside the routes: problems, credentials, groups.

use api_kit::Problem;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

/// The calls that need no credentials; every other one refuses without.
pub const PUBLIC: [(&str, &str); 10] = [
    ("post", "/v1/users"),
    ("post", "/v1/users/verify"),
    ("post", "/v1/users/verify/resend"),
    ("post", "/v1/password/forgot"),
    ("post", "/v1/password/reset"),
    // Whoever knows the id of a sign-up may follow it: it is a secret between the newcomer and the platform.
    ("get", "/v1/registrations/{registration}"),
    ("get", "/v1/registrations/{registration}/events"),
    ("post", "/v1/sessions"),
    ("post", "/v1/sessions/refresh"),
    ("get", "/.well-known/jwks.json"),
];

/// The document's own part; the routes add theirs.
#[derive(OpenApi)]
#[openapi(
    components(schemas(Problem)),
    modifiers(&Bearer),
    tags(
        (name = "users", description = "Accounts"),
        (name = "sessions", description = "Logging in and staying logged in"),
        (name = "rooms", description = "Rooms and who is in them"),
        (name = "messages", description = "What is said in rooms"),
    )
)]
pub struct Document;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let mut scheme = Http::new(HttpAuthScheme::Bearer);
        scheme.bearer_format = Some("JWT".into());
        document.components.get_or_insert_default().add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

api_kit::documented_problems! {
    /// Every call that takes a body.
    BodyProblems {
        "400": "`invalid-request` or `limit-exceeded`; names the field",
        "413": "`payload-too-large`",
        "415": "`unsupported-media-type`",
        "503": "`behind`, `unavailable` or `unknown-outcome`: try again, with the same `Idempotency-Key`",
    }
    /// Every call without a body.
    PathProblems {
        "400": "`invalid-request` or `limit-exceeded`; names the parameter",
        "503": "`behind`, `unavailable` or `unknown-outcome`: try again, with the same `Idempotency-Key`",
    }
    /// Every call with credentials.
    CallerProblems {
        "401": "`unauthorized`; or `invalid-credentials`, where a password is asked for",
        "403": "`csrf-refused`: a session in cookies without its `X-CSRF-Token`, or from a page of another origin",
        "429": "`too-many-requests`: `Retry-After` and `RateLimit` say when and how many",
    }
    /// Calls that are limited by address.
    AddressProblems {
        "429": "`too-many-requests`: `Retry-After` and `RateLimit` say when and how many",
    }
    /// Calls that set cookies.
    PageProblems {
        "403": "`csrf-refused`: cookies are asked for by a page of another origin",
    }
    /// Logging in.
    CredentialProblems {
        "401": "`invalid-credentials`: the same for every reason",
    }
    /// Logging in before the address is proved, where that is not allowed.
    UnverifiedProblems {
        "403": "`not-verified`: the credentials are right, but the address is not proved yet",
    }
    /// Calls that take a mailed code.
    CodeProblems {
        "422": "`invalid-code`: the same for every reason",
    }
    /// Commands with an `Idempotency-Key`.
    CommandProblems {
        "409": "`in-progress`: an earlier request under this key has not been answered yet",
        "422": "`idempotency-key-reused`: the key came with another body before; or `rejected`: the fold does not count it, \
                for the `reason` given",
    }
    /// Commands in a room.
    RoomProblems {
        "403": "`forbidden`: the caller's role does not allow it; or `csrf-refused`: a session in cookies without its \
                `X-CSRF-Token`",
        "404": "`not-found`: no such room or message, or none that the caller may know of",
    }
    /// Adding a friend.
    PersonProblems {
        "404": "`not-found`: there is no such person",
        "409": "`in-progress`: an earlier request under this key has not been answered yet",
        "422": "`rejected`: nobody is their own friend; `limit-exceeded`: the list is full; or `idempotency-key-reused`",
    }
    /// Closing an account.
    ClosingProblems {
        "401": "`unauthorized`; or `invalid-credentials`: the password is wrong",
    }
    /// Sign-up.
    SignUpProblems {
        "400": "`invalid-request`, `limit-exceeded` or `password-too-common`; names the field",
        "409": "`username-taken` (also by a name that looks like it) or `email-taken`; or `in-progress`",
        "422": "`idempotency-key-reused`: the key came with another body before; or `registration-rejected`: the `step` \
                failed, or not all were done in time",
    }
    /// Looks at a sign-up.
    RegistrationProblems {
        "404": "`not-found`: no such sign-up",
    }
    /// Calls that need a session store.
    SessionProblems {
        "503": "`unavailable`: try again",
    }
}
