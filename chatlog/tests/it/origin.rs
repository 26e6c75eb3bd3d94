//! The whole platform in one process, as `chatlog serve` runs it, with accounts made by hand.

use api_kit::http;
use api_kit::tokens::Claims;
use event_schema::{UserId, WorkspaceId};
use platform::Platform;
use reqwest::{Method, Response};
use serde_json::Value;
use test_support::TestPlatform;
use tokio::net::TcpListener;

use crate::world::serve_args;

/// A running platform, and a client of it.
pub struct Origin {
    /// Its servers.
    pub test: TestPlatform,
    url: String,
    client: reqwest::Client,
}

impl Origin {
    /// Starts every role.
    pub async fn start() -> Self {
        let test = TestPlatform::start().await.expect("servers");
        let args = serve_args(&test);
        let routes =
            chatlog::serve::start(&test.platform, &test.read_model, &args).await.expect("started").expect("routes");
        let listener = TcpListener::bind(args.http.listen).await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let lifecycle = test.platform.lifecycle.clone();
        tokio::spawn(async move { http::serve(listener, routes, &args.http, &lifecycle).await });
        Self { test, url, client: reqwest::Client::new() }
    }

    /// What it is connected to.
    pub fn read_model(&self) -> &read_model::ReadModel {
        &self.test.read_model
    }

    pub fn platform(&self) -> &Platform {
        &self.test.platform
    }

    /// Somebody with an account and these roles.
    pub async fn person(&self, roles: &[&str]) -> UserId {
        let user = UserId(self.platform().ids.v7());
        sqlx::query(
            "insert into identity.accounts
                 (user_id, workspace_id, kind, username, username_key, display_name, locale, status, roles)
             values ($1, $2, 'human', $3, $3, $3, 'en', 'registered', $4)",
        )
        .bind(user.0)
        .bind(WorkspaceId::DEFAULT.0)
        .bind(user.to_string())
        .bind(roles)
        .execute(&self.platform().db)
        .await
        .expect("an account");
        user
    }

    /// Asks in somebody's name; a command waits so many seconds for the fold.
    pub async fn ask(
        &self,
        by: UserId,
        (method, path): (Method, &str),
        wait_seconds: u32,
        body: Option<&Value>,
    ) -> Response {
        let claims = Claims::issued(by, self.platform().ids.v7(), self.platform().clock.now());
        let token = self.test.api.keyring.sign(&claims).expect("a token");
        let request = self.client.request(method, format!("{}{path}", self.url)).bearer_auth(token);
        let request = request.header("prefer", format!("wait={wait_seconds}"));
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        request.send().await.expect("an answer")
    }
}
