//! Signing up, with an outside participant that knows nothing of the platform but its topics: everybody has a part, on any
//! replica, whoever is away. (`sign_up_faults` kills them.)

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};
use test_support::answer::{send, try_send};
use test_support::log::{self, LogRecord};
use test_support::person::PASSWORD;
use test_support::process::Process;
use test_support::random::unique;
use test_support::{Answer, Api, Customers, Instance, wait_for_within};
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_mins(1);
const STEPS: (&str, &str) = ("CHATLOG_REGISTRATION_STEPS", "customer,profile");
const ALL_STEPS: (&str, &str) = ("CHATLOG_REGISTRATION_STEPS", "customer,mailer,profile");

/// Two replicas whose sign-ups need the participant.
struct Place {
    replicas: [Process; 2],
    instance: Instance,
}

impl Place {
    async fn new(settings: &[(&str, &str)]) -> Self {
        let mut instance = Instance::on_given_servers().await;
        for (name, value) in settings {
            instance.program = instance.program.clone().with(name, *value);
        }
        let replicas = instance.serve_replicas(&[]).await;
        Self { replicas, instance }
    }

    fn api(&self, replica: usize) -> Api {
        Api::new(self.replicas[replica].url())
    }

    /// Runs a query that gives a number.
    async fn number(&self, sql: &'static str, user: Option<Uuid>) -> i64 {
        let mut database = PgConnection::connect(&self.instance.database()).await.expect("Postgres answers");
        sqlx::query_scalar(sql).bind(user).fetch_one(&mut database).await.expect("a number")
    }

    /// How many profiles (seen or not) and customers there are of a person.
    async fn traces(&self, user: Uuid) -> (i64, i64) {
        let profiles = self.number("select count(*) from g1.users where user_id = $1", Some(user)).await;
        (profiles, self.number("select count(*) from customers.accounts where user_id = $1", Some(user)).await)
    }
}

fn newcomer(role: &str) -> Value {
    let username = format!("{role}-{}", unique());
    json!({"username": username, "email": format!("{username}@example.org"), "password": PASSWORD})
}

async fn sign_up(api: &Api, body: &Value, wait: bool) -> Answer {
    let request = api.request(Method::POST, "/v1/users").json(body);
    send(if wait { request.header("prefer", "wait=10") } else { request }).await
}

async fn log_in(api: &Api, body: &Value) -> Answer {
    api.post("/v1/sessions", &json!({"username": body["username"], "password": PASSWORD})).await
}

fn path(registration: Uuid) -> String {
    format!("/v1/registrations/{registration}")
}

/// Waits until a sign-up stands like this, its steps in the order of their names.
async fn stands(api: &Api, registration: Uuid, status: &str, steps: &[&str]) -> Value {
    let what = format!("{status} with {steps:?}");
    wait_for_within(&what, PATIENCE, async || {
        let state = try_send(api.request(Method::GET, &path(registration))).await.ok()?.body;
        let found: Vec<&str> = state["steps"].as_array()?.iter().filter_map(|step| step["status"].as_str()).collect();
        (state["status"] == status && found == steps).then(|| state.clone())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_does_their_part_or_nobody_keeps_it() {
    let place = Place::new(&[ALL_STEPS]).await;
    let customers = Customers::start(&place.instance, &["--fail-names", "refused-"]);

    // The stream on one replica, the sign-up on the other.
    let member = newcomer("member");
    let begun = sign_up(&place.api(0), &member, false).await.expect(202);
    let (user, registration) = (begun.id("user_id"), begun.id("registration_id"));
    let stream = place.api(1).get(&format!("{}/events", path(registration))).await.expect(200);
    assert!(stream.text.contains("\"status\":\"registered\"") && stream.text.contains("event: end"), "{}", stream.text);
    let session = log_in(&place.api(1), &member).await.expect(200);
    // Decided in Postgres, it is on its way to the log: the profile is there a moment later.
    let profile = wait_for_within("the profile is shown", PATIENCE, async || {
        let profile = place.api(1).request(Method::GET, &format!("/v1/users/{user}"));
        let profile = send(profile.bearer_auth(session.field("access_token"))).await;
        (profile.status == 200).then_some(profile)
    })
    .await;
    assert_eq!(profile.body["username"], member["username"]);
    assert_eq!(place.traces(user).await, (1, 1));

    // One refuses: the other undoes, the name is free, and the newcomer is told.
    let body = newcomer("refused");
    let refused = sign_up(&place.api(0), &body, true).await.problem(422, "registration-rejected");
    assert_eq!((refused.field("step"), refused.field("reason")), ("customer", "step_failed"));
    let _ = log_in(&place.api(0), &body).await.problem(401, "invalid-credentials");
    let again = sign_up(&place.api(1), &body, false).await.expect(202);
    let (user, registration) = (again.id("user_id"), again.id("registration_id"));
    let stream = place.api(0).get(&format!("{}/events", path(registration))).await.expect(200);
    assert!(stream.text.contains("\"undone\"") && stream.text.contains("not_a_customer"), "{}", stream.text);
    let state = stands(&place.api(0), registration, "rejected", &["failed", "undone", "undone"]).await;
    assert_eq!(state["failed_step"], "customer");
    assert_eq!(place.traces(user).await, (0, 0));

    // The tables are what the log says, also of those who are gone; built anew, they are the same.
    let _ = place.instance.program.run(&["verify"]);
    let _ = place.instance.program.run(&["rebuild"]);
    let pending = place.instance.program.run(&["admin", "registrations", "list", "--status", "pending", "--json"]);
    assert_eq!(pending.trim(), "");
    let shown = place.instance.program.run(&["admin", "registrations", "show", &registration.to_string()]);
    let shown: Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!((&shown["status"], &shown["steps"][2]["status"]), (&json!("rejected"), &json!("undone")));
    let name = member["username"].as_str().expect("a name");
    let _ = place.instance.program.run(&["admin", "grant", name, "admin"]);
    let listed = async |query: &str| {
        let request = place.api(1).request(Method::GET, &format!("/v1/admin/registrations?{query}"));
        send(request.bearer_auth(session.field("access_token"))).await
    };
    wait_for_within("the role counts", PATIENCE, async || (listed("limit=1").await.status == 200).then_some(())).await;
    let page = listed("status=rejected&limit=1").await.expect(200);
    assert_eq!(page.body["items"][0]["registration_id"], registration.to_string(), "the latest first");
    let page = listed(&format!("limit=1000&after={}", page.field("next"))).await.expect(200);
    let statuses: Vec<_> = page.body["items"].as_array().expect("items").iter().map(|item| &item["status"]).collect();
    assert_eq!(statuses, ["rejected", "registered"]);
    let _ = listed("status=verified").await.problem(400, "invalid-request");
    drop(customers);
    nobodys_word_passes_for_anothers(&log::read(&place.instance).await);
}

/// Consumers drop an event id that they have seen for its key: several participants answer one event under one key.
fn nobodys_word_passes_for_anothers(records: &[LogRecord]) {
    let mut said: BTreeMap<(&str, &str), &LogRecord> = BTreeMap::new();
    for record in records {
        let before = said.insert((&record.key, record.header("ce_id")), record);
        let same = |before: &LogRecord| (&before.value, &before.headers) == (&record.value, &record.headers);
        assert!(before.is_none_or(same), "{before:?} and {record:?} have one id");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_away_is_not_waited_for_and_undoes_what_it_does_too_late() {
    let place = Place::new(&[STEPS, ("CHATLOG_REGISTRATION_DEADLINE", "2")]).await;
    let body = newcomer("member");
    let rejected = sign_up(&place.api(0), &body, true).await.problem(422, "registration-rejected");
    assert_eq!(rejected.field("reason"), "deadline");
    let begun = sign_up(&place.api(1), &body, false).await.expect(202);
    let (user, registration) = (begun.id("user_id"), begun.id("registration_id"));
    let _ = stands(&place.api(0), registration, "rejected", &["pending", "undone"]).await;

    // It comes back to what it has missed: does its part, and undoes it.
    let customers = Customers::start(&place.instance, &[]);
    let _ = stands(&place.api(1), registration, "rejected", &["undone", "undone"]).await;
    assert_eq!(place.traces(user).await, (0, 0));
    // The deadline is short for everybody: the name is free again, and the newcomer tries again.
    let joined = wait_for_within("both to answer in time", PATIENCE, async || {
        let answer = sign_up(&place.api(0), &body, true).await;
        if answer.status == 201 {
            return Some(answer);
        }
        assert_eq!(answer.problem(422, "registration-rejected").field("reason"), "deadline");
        None
    })
    .await;
    let _ = log_in(&place.api(1), &body).await.expect(200);
    assert_eq!(place.traces(joined.id("user_id")).await, (1, 1));
    drop(customers);
}
