//! Requests and answers, through the routes as they are served.

use api_kit::ApiContext;
use api_kit::rate::Peer;
use api_kit::tokens::Claims;
use axum::Router;
use axum::body::{Body, to_bytes};
use bytes::Bytes;
use command_api::Settings;
use event_schema::UserId;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, Request, StatusCode};
use serde_json::Value;
use test_support::{self, http_settings};
use tower::ServiceExt as _;

/// A running command API.
#[derive(Clone)]
pub struct Api {
    pub platform: ApiContext,
    pub document: utoipa::openapi::OpenApi,
    router: Router,
}

/// A request to be sent.
pub struct Call {
    api: Api,
    request: http::request::Builder,
    body: Option<Bytes>,
    by: Option<UserId>,
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// Whatever comes in the end is waited for, however slow the machine.
fn patient(steps: &str) -> Settings {
    let registration_steps = steps.parse().expect("steps");
    Settings { registration_steps, registration_deadline: 3_600, command_wait_ms: 20_000, ..Settings::default() }
}

impl Api {
    pub async fn start(platform: &ApiContext) -> Self {
        // Nobody folds and nobody answers: a sign-up needs nobody.
        Self::start_with_steps(platform, "none").await
    }

    /// Sign-ups need these participants.
    pub async fn start_with_steps(platform: &ApiContext, steps: &str) -> Self {
        Self::start_with(platform, &patient(steps)).await
    }

    /// One that soon says that the read model is behind.
    pub async fn start_impatient(platform: &ApiContext) -> Self {
        Self::start_with(platform, &Settings { command_wait_ms: 1_000, ..patient("none") }).await
    }

    pub async fn start_with(platform: &ApiContext, settings: &Settings) -> Self {
        let started = command_api::start(platform, settings).await.expect("the routes");
        let (router, document) = started.split_for_parts();
        Self { platform: platform.clone(), document, router: api_kit::http::app(router, &http_settings()) }
    }

    pub fn call(&self, method: &str, path: &str) -> Call {
        Call { api: self.clone(), request: Request::builder().method(method).uri(path), body: None, by: None }
    }

    pub fn post(&self, path: &str, body: &Value) -> Call {
        self.call("POST", path).json(body)
    }
}

impl Call {
    pub fn json(self, body: &Value) -> Self {
        self.raw(body.to_string())
    }

    pub fn raw(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Some(body.into());
        self.header(CONTENT_TYPE.as_str(), "application/json")
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    pub fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    pub fn wait(self, seconds: u32) -> Self {
        self.header("prefer", &format!("wait={seconds}"))
    }

    /// From this address.
    pub fn from(mut self, address: &str) -> Self {
        let address = std::net::SocketAddr::new(address.parse().expect("an address"), 1);
        self.request = self.request.extension(Peer(address));
        self
    }

    /// With an access token of this user, who has an account when it is sent.
    pub fn by(mut self, user: UserId) -> Self {
        self.by = Some(user);
        let platform = &self.api.platform;
        let claims = Claims::issued(user, platform.ids.v7(), platform.clock.now());
        let token = platform.keyring.sign(&claims).expect("a token");
        self.bearer(&token)
    }

    pub fn bearer(self, token: &str) -> Self {
        self.header(AUTHORIZATION.as_str(), &format!("Bearer {token}"))
    }

    pub async fn send(self) -> Reply {
        if let Some(user) = self.by {
            test_support::account(&self.api.platform.db, user).await.expect("an account");
        }
        let request = self.request.body(self.body.map_or_else(Body::empty, Body::from)).expect("a request");
        let response = self.api.router.oneshot(request).await.expect("an answer");
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("a body");
        Reply { status: parts.status, headers: parts.headers, body }
    }
}

impl Reply {
    /// The JSON of an answer of this status.
    #[track_caller]
    pub fn json(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// The slug of a problem of this status.
    #[track_caller]
    pub fn problem(&self, status: u16) -> String {
        assert_eq!(self.headers[CONTENT_TYPE], "application/problem+json");
        let problem = self.json(status);
        let kind = problem["type"].as_str().expect("a type");
        kind.strip_prefix("urn:chatlog:problem:").expect("a problem of ours").to_owned()
    }

    /// The field that a problem names.
    #[track_caller]
    pub fn field(&self) -> String {
        self.problem(400);
        self.json(400)["field"].as_str().unwrap_or("(none)").to_owned()
    }
}
