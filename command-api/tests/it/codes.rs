//! Mailed codes: proving an address, and choosing another password.

use event_schema::MailRequestId;
use futures::future::join_all;
use platform::codes::TRIES;
use serde_json::{Value, json};

use super::api::{Api, Reply};
use super::given::{World, in_own_world, in_shared_world};

const PASSWORD: &str = "correct horse";
const OTHER: &str = "another horse";

/// A newcomer's address.
async fn newcomer(world: &World) -> String {
    let name = world.id().simple().to_string();
    let email = format!("{name}@example.org");
    let body = json!({"username": &name[..30], "email": email, "password": PASSWORD, "locale": "ko"});
    world.api.post("/v1/users", &body).send().await.json(202);
    email
}

/// The code that counts, as the mail has it.
async fn code(world: &World, email: &str, purpose: &str) -> Option<String> {
    let request: Option<uuid::Uuid> = sqlx::query_scalar(
        "select request_id from identity.mail_codes join identity.accounts using (user_id)
         where email = $1 and purpose = $2",
    )
    .bind(email)
    .bind(purpose)
    .fetch_optional(world.db())
    .await
    .expect("a request");
    let code = world.test.api.codes.code(MailRequestId(request?)).await.expect("a code");
    Some(code.digits().to_owned())
}

/// Chooses another password with a mailed code; with a wrong one where none was mailed.
pub async fn reset_by_mail(world: &World, api: &Api, email: &str, password: &str, from: &str) -> Reply {
    assert_eq!(api.post("/v1/password/forgot", &json!({"email": email})).send().await.status, 202);
    let code = code(world, email, "reset").await.unwrap_or_else(|| "000000".to_owned());
    let body = json!({"email": email, "code": code, "password": password});
    api.post("/v1/password/reset", &body).from(from).send().await
}

fn wrong(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().expect("digits") + 1) % 1_000_000)
}

async fn verify(world: &World, email: &str, code: &str) -> Reply {
    world.api.post("/v1/users/verify", &json!({"email": email, "code": code})).send().await
}

async fn reset(world: &World, email: &str, code: &str) -> Reply {
    let body = json!({"email": email, "code": code, "password": OTHER});
    world.api.post("/v1/password/reset", &body).send().await
}

async fn log_in(api: &Api, email: &str, password: &str) -> Reply {
    api.post("/v1/sessions", &json!({"email": email, "password": password})).send().await
}

async fn status(world: &World, email: &str) -> String {
    sqlx::query_scalar("select status from identity.accounts where email = $1")
        .bind(email)
        .fetch_one(world.db())
        .await
        .expect("a status")
}

/// A problem without what differs from request to request.
fn told(reply: &Reply) -> Value {
    assert_eq!(reply.problem(422), "invalid-code");
    let mut problem = reply.json(422);
    problem.as_object_mut().expect("an object").remove("request_id");
    problem
}

#[test]
fn the_mailed_code_proves_an_address_once() {
    in_shared_world(async |world| {
        let email = newcomer(world).await;
        let code = code(world, &email, "verify").await.expect("issued with the account");
        let refused = told(&verify(world, &email, &wrong(&code)).await);
        assert_eq!(status(world, &email).await, "registered");
        // Whatever its case, as everywhere.
        assert_eq!(verify(world, &email.to_uppercase(), &code).await.status, 204);
        assert_eq!(status(world, &email).await, "verified");
        let used = told(&verify(world, &email, &code).await);
        let unknown = told(&verify(world, "nobody@example.org", &code).await);
        assert_eq!(refused, used);
        assert_eq!(refused, unknown, "nobody learns which address is known");
    });
}

#[test]
fn a_code_is_tried_five_times_even_all_at_once() {
    in_shared_world(async |world| {
        let email = newcomer(world).await;
        let right = code(world, &email, "verify").await.expect("a code");
        let wrong = wrong(&right);
        let guesses = (0..2 * TRIES).map(|_| verify(world, &email, &wrong));
        for reply in join_all(guesses).await {
            told(&reply);
        }
        told(&verify(world, &email, &right).await);
        assert_eq!(status(world, &email).await, "registered");
        // Another code begins anew.
        let again = world.api.post("/v1/users/verify/resend", &json!({"email": email})).send().await;
        assert_eq!(again.status, 204);
        let next = code(world, &email, "verify").await.expect("a code");
        assert_eq!(verify(world, &email, &next).await.status, 204);
    });
}

#[test]
fn of_many_who_bring_the_right_code_one_is_served() {
    in_shared_world(async |world| {
        let email = newcomer(world).await;
        let right = code(world, &email, "verify").await.expect("a code");
        let replies = join_all((0..4).map(|_| verify(world, &email, &right))).await;
        assert_eq!(replies.iter().filter(|reply| reply.status == 204).count(), 1, "{replies:?}");
    });
}

#[test]
fn a_code_is_good_for_five_minutes_and_until_the_next() {
    in_shared_world(async |world| {
        let email = newcomer(world).await;
        let first = code(world, &email, "verify").await.expect("a code");
        let old = sqlx::query(
            "update identity.mail_codes set issued_at = issued_at - interval '5 minutes'
             from identity.accounts where accounts.user_id = mail_codes.user_id and email = $1",
        );
        old.bind(&email).execute(world.db()).await.expect("older");
        told(&verify(world, &email, &first).await);
        world.api.post("/v1/users/verify/resend", &json!({"email": email})).send().await;
        let second = code(world, &email, "verify").await.expect("a code");
        if first != second {
            told(&verify(world, &email, &first).await);
        }
        // What proves an address changes no password.
        told(&reset(world, &email, &second).await);
        assert_eq!(verify(world, &email, &second).await.status, 204);
    });
}

#[test]
fn mails_are_asked_for_where_they_are_of_use_and_every_answer_is_the_same() {
    in_shared_world(async |world| {
        let email = newcomer(world).await;
        let ask = async |path: &str, email: &str| world.api.post(path, &json!({"email": email})).send().await;
        let bodies = async |path: &str, status: u16| {
            for email in [email.as_str(), "nobody@example.org"] {
                let reply = ask(path, email).await;
                assert_eq!((reply.status.as_u16(), reply.body.len()), (status, 0), "{path} {email}");
            }
        };
        bodies("/v1/users/verify/resend", 204).await;
        bodies("/v1/password/forgot", 202).await;
        let right = code(world, &email, "verify").await.expect("a code");
        assert_eq!(verify(world, &email, &right).await.status, 204);
        bodies("/v1/users/verify/resend", 204).await;
        assert_eq!(code(world, &email, "verify").await, None, "nothing is left to verify");
        assert!(code(world, &email, "reset").await.is_some());
    });
}

#[test]
fn a_reset_changes_the_password_and_ends_every_session() {
    in_shared_world(async |world| {
        let email = newcomer(world).await;
        let session = log_in(&world.api, &email, PASSWORD).await.json(200);
        let forgot = world.api.post("/v1/password/forgot", &json!({"email": email})).send().await;
        assert_eq!(forgot.status, 202);
        let right = code(world, &email, "reset").await.expect("a code");
        told(&reset(world, &email, &wrong(&right)).await);
        let weak = json!({"email": email, "code": right, "password": "short"});
        assert_eq!(world.api.post("/v1/password/reset", &weak).send().await.field(), "password");
        assert_eq!(reset(world, &email, &right).await.status, 204);
        assert_eq!(log_in(&world.api, &email, PASSWORD).await.problem(401), "invalid-credentials");
        log_in(&world.api, &email, OTHER).await.json(200);
        let refresh = json!({"refresh_token": session["refresh_token"]});
        let refused = world.api.post("/v1/sessions/refresh", &refresh).send().await;
        assert_eq!(refused.problem(401), "invalid-credentials");
        told(&reset(world, &email, &right).await);
        assert_eq!(status(world, &email).await, "registered");
    });
}

#[test]
fn a_suspended_account_gets_no_code_and_has_no_use_for_one() {
    in_shared_world(async |world| {
        let email = newcomer(world).await;
        let right = code(world, &email, "verify").await.expect("a code");
        let suspended = sqlx::query(
            "update identity.accounts set status = 'suspended', suspended_from = 'registered' where email = $1",
        );
        suspended.bind(&email).execute(world.db()).await.expect("suspended");
        told(&verify(world, &email, &right).await);
        let forgot = world.api.post("/v1/password/forgot", &json!({"email": email})).send().await;
        assert_eq!(forgot.status, 202);
        assert_eq!(code(world, &email, "reset").await, None);
        assert_eq!(status(world, &email).await, "suspended");
    });
}

#[test]
fn what_is_no_code_is_refused_by_name() {
    in_shared_world(async |world| {
        for code in ["", "12345", "1234567", "12345a", "１２３４５６", "12 456"] {
            assert_eq!(verify(world, "owner@example.org", code).await.field(), "code", "{code}");
            assert_eq!(reset(world, "owner@example.org", code).await.field(), "code", "{code}");
        }
        assert_eq!(verify(world, "owner", "123456").await.field(), "email");
        for path in ["/v1/users/verify/resend", "/v1/password/forgot"] {
            assert_eq!(world.api.post(path, &json!({"email": "owner"})).send().await.field(), "email");
            assert_eq!(world.api.post(path, &json!({"mail": "owner"})).send().await.problem(400), "invalid-request");
        }
    });
}

#[test]
fn who_must_prove_an_address_first_logs_in_afterwards() {
    in_own_world(async |world| {
        let settings = command_api::Settings { require_verified: true, ..Default::default() };
        let strict = Api::start_with(&world.test.api, &settings).await;
        let email = newcomer(world).await;
        let session = log_in(&world.api, &email, PASSWORD).await.json(200);
        let refresh = strict.post("/v1/sessions/refresh", &json!({"refresh_token": session["refresh_token"]}));
        assert_eq!(refresh.send().await.problem(401), "invalid-credentials", "nor goes on");
        assert_eq!(log_in(&strict, &email, PASSWORD).await.problem(403), "not-verified");
        assert_eq!(log_in(&strict, &email, OTHER).await.problem(401), "invalid-credentials", "the password goes first");
        let right = code(world, &email, "verify").await.expect("a code");
        assert_eq!(verify(world, &email, &right).await.status, 204);
        log_in(&strict, &email, PASSWORD).await.json(200);
    });
}

#[test]
fn few_codes_are_mailed_to_one_address_whoever_has_it() {
    in_own_world(async |world| {
        let mut settings = test_support::api_settings();
        settings.rates.rate_mails = "2/h".parse().expect("a rate");
        let platform = test_support::connect_api(&world.test.settings, &settings).await.expect("a platform");
        let api = Api::start(&platform).await;
        let known = newcomer(world).await;
        for email in [known.as_str(), "nobody@example.org"] {
            let ask = async |path: &str| api.post(path, &json!({"email": email})).send().await;
            assert_eq!(ask("/v1/password/forgot").await.status, 202);
            assert_eq!(ask("/v1/users/verify/resend").await.status, 204);
            let refused = ask("/v1/password/forgot").await;
            assert_eq!(refused.problem(429), "too-many-requests", "{email}");
            assert!(refused.headers.contains_key("retry-after"));
        }
        // A sign-up is a mail, too; one that is refused takes no name.
        let name = world.id().simple().to_string();
        let sign_up = async |email: &str| {
            let body = json!({"username": &name[..30], "email": email, "password": PASSWORD});
            api.post("/v1/users", &body).send().await
        };
        assert_eq!(sign_up("nobody@example.org").await.problem(429), "too-many-requests");
        sign_up(&format!("{name}@example.org")).await.json(202);
        platform.drain().await;
    });
}
