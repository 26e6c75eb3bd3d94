//! A sign-up under way, and what its participants say.

use std::cell::RefCell;
use std::fmt;
use std::time::Duration;

use api_kit::ApiContext;
use event_schema::envelope::RULES;
use event_schema::registration::{StepCompensated, StepCompleted, StepFailed};
use event_schema::{
    ClientKind, CommandId, Envelope, Event, EventId, Payload, RegistrationId, Topic, UserId, WorkspaceId,
};
use serde_json::{Value, json};
use test_support::wait_for;

use super::api::Api;
use super::given::World;

const PASSWORD: &str = "correct horse";
const PATIENCE: Duration = Duration::from_secs(30);

/// A sign-up under way.
pub struct SignUp {
    pub api: Api,
    pub body: Value,
    pub user: UserId,
    pub id: RegistrationId,
}

pub fn newcomer(world: &World) -> Value {
    let name = world.id().simple().to_string();
    json!({"username": &name[..30], "email": format!("{name}@example.org"), "password": PASSWORD})
}

impl SignUp {
    pub async fn begin(world: &World, api: &Api) -> Self {
        Self::of(api, newcomer(world)).await
    }

    pub async fn of(api: &Api, body: Value) -> Self {
        let answer = api.post("/v1/users", &body).send().await.json(202);
        let id = |field: &str| answer[field].as_str().expect("an id").parse().expect("an id");
        Self { api: api.clone(), body, user: UserId(id("user_id")), id: RegistrationId(id("registration_id")) }
    }

    pub fn event(&self, id: EventId, payload: impl Into<Payload>) -> Event {
        let envelope = Envelope {
            id,
            source: "/test/participant".to_owned(),
            time: self.api.platform.clock.now(),
            subject: self.id.to_string(),
            rules: RULES,
            actor: UserId::PLATFORM,
            command: CommandId(id.0),
            client: ClientKind::Platform,
            workspace: WorkspaceId::DEFAULT,
            traceparent: None,
        };
        Event { key: self.user.into(), envelope, payload: payload.into() }
    }

    /// What a participant says; under this id, where it says so again.
    pub async fn say(&self, id: EventId, payload: impl Into<Payload>) {
        self.api.platform.kafka.send(&self.event(id, payload)).await.expect("a log");
    }

    pub fn new_event(&self) -> EventId {
        EventId(self.api.platform.ids.v7())
    }

    pub async fn completed(&self, step: &str) -> EventId {
        let id = self.new_event();
        self.say(id, StepCompleted { registration_id: self.id, step: step.to_owned() }).await;
        id
    }

    pub async fn failed(&self, step: &str) {
        let failed = StepFailed { registration_id: self.id, step: step.to_owned(), reason: "no_room".to_owned() };
        self.say(self.new_event(), failed).await;
    }

    pub async fn compensated(&self, step: &str) {
        self.say(self.new_event(), StepCompensated { registration_id: self.id, step: step.to_owned() }).await;
    }

    pub async fn state(&self) -> Value {
        self.api.call("GET", &format!("/v1/registrations/{}", self.id)).send().await.json(200)
    }

    /// Waits until the sign-up stands like this: its status, and those of its steps by name.
    pub async fn stands(&self, status: &str, steps: &[&str]) -> Value {
        let seen = RefCell::new(Value::Null);
        let what = fmt::from_fn(|f| write!(f, "{status} {steps:?}, and not {}", seen.borrow()));
        wait_for(what, async || {
            let state = self.state().await;
            let found: Vec<&str> =
                state["steps"].as_array().expect("steps").iter().filter_map(|step| step["status"].as_str()).collect();
            if state["status"] == status && found == steps {
                return Some(state);
            }
            *seen.borrow_mut() = state;
            None
        })
        .await
    }

    pub async fn log_in(&self) -> u16 {
        let body = json!({"username": self.body["username"], "password": PASSWORD});
        self.api.post("/v1/sessions", &body).send().await.status.as_u16()
    }

    /// Types of what is said about the user on `chat.users`, in the log's order.
    pub async fn said(&self) -> Vec<String> {
        let platform = &self.api.platform;
        let key = self.user.to_string();
        wait_for("all of it in the log", async || (left(platform, &key).await == 0).then_some(())).await;
        super::log::types(platform, Topic::Users, &key).await
    }

    /// The whole stream, from after an event on.
    pub async fn stream(&self, last: Option<&str>) -> String {
        let call = self.api.call("GET", &format!("/v1/registrations/{}/events", self.id));
        let call = match last {
            Some(last) => call.header("last-event-id", last),
            None => call,
        };
        let reply = tokio::time::timeout(PATIENCE, call.send()).await.expect("the stream ends");
        assert_eq!(reply.headers["content-type"], "text/event-stream");
        String::from_utf8(reply.body.to_vec()).expect("text")
    }
}

pub async fn left(platform: &ApiContext, key: &str) -> i64 {
    sqlx::query_scalar("select count(*) from control.outbox where key = $1")
        .bind(key)
        .fetch_one(&platform.db)
        .await
        .expect("a count")
}

pub async fn accounts(world: &World, user: UserId) -> i64 {
    sqlx::query_scalar("select count(*) from identity.accounts where user_id = $1")
        .bind(user.0)
        .fetch_one(world.db())
        .await
        .expect("a count")
}

/// Statuses that a stream told, and whether it came to its end.
pub fn told(stream: &str) -> (Vec<String>, bool) {
    let data = stream.lines().filter_map(|line| line.strip_prefix("data: "));
    let statuses = data.filter_map(|data| {
        let state: Value = serde_json::from_str(data).expect("JSON");
        Some(state["status"].as_str()?.to_owned())
    });
    (statuses.collect(), stream.contains("event: end"))
}
