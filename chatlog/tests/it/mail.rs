//! From sign-up to a verified account over HTTP, by the code of the mail; and the queue on the command line.

use std::path::{Path, PathBuf};

use api_kit::http;
use chatlog::cli::Cli;
use chatlog::serve::{self, ServeArgs};
use clap::Parser as _;
use reqwest::{Client, StatusCode, Url};
use serde_json::{Value, json};
use test_support::{TestPlatform, wait_for};
use tokio::net::TcpListener;

use crate::world::serve_args;

const PASSWORD: &str = "correct horse battery";
const OTHER: &str = "another horse battery";

/// A platform that writes mails into a folder.
struct Served {
    test: TestPlatform,
    url: Url,
    client: Client,
}

impl Served {
    async fn start(folder: &Path) -> Self {
        let test = TestPlatform::start().await.expect("servers");
        let plain = serve_args(&test);
        let mailer = mailer::Settings { mail_dir: Some(folder.to_owned()), ..plain.mailer.clone() };
        let args = ServeArgs { mailer, ..plain };
        let routes = serve::start(&test.platform, &test.read_model, &args).await.expect("started").expect("routes");
        let listener = TcpListener::bind(args.http.listen).await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address")).parse().expect("a URL");
        let lifecycle = test.platform.lifecycle.clone();
        tokio::spawn(async move { http::serve(listener, routes, &args.http, &lifecycle).await });
        Self { test, url, client: Client::new() }
    }

    async fn post(&self, path: &str, body: &Value) -> StatusCode {
        let url = self.url.join(path).expect("a path");
        self.client.post(url).json(body).send().await.expect("an answer").status()
    }

    /// Does what the command line says, on this platform's tables.
    async fn command(&self, words: &[&str]) -> anyhow::Result<()> {
        let database = self.test.settings.postgres.database_url.expose();
        let flags = ["--database-url", database];
        let all = ["chatlog", "mail"].iter().chain(words).chain(&flags);
        chatlog::run(&Cli::parse_from(all).command).await
    }

    async fn count(&self, status: &str) -> i64 {
        sqlx::query_scalar("select count(*) from mail.outgoing where status = $1")
            .bind(status)
            .fetch_one(&self.test.platform.db)
            .await
            .expect("a count")
    }

    /// Waits until so many mails are sent.
    async fn sent(&self, mails: i64) {
        wait_for(format!("{mails} mails to be sent"), async || (self.count("sent").await == mails).then_some(())).await;
    }
}

/// The code in the newest mail of this template.
fn code(folder: &Path, template: &str) -> Option<String> {
    let names = std::fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("an entry").path());
    // What begins with a dot is being written.
    let is_whole = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        !name.starts_with('.') && name.contains(&format!("-{template}-"))
    };
    let newest = names.filter(is_whole).max()?;
    let text = std::fs::read_to_string(newest).expect("a mail");
    text.lines().map(str::trim).find(|line| line.len() == 6 && line.parse::<u32>().is_ok()).map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_is_verified_and_finds_back_in_by_mailed_codes() {
    let folder = tempfile::tempdir().expect("a folder");
    let served = Served::start(folder.path()).await;
    let (email, username) = ("owner@example.org", "owner");
    let newcomer = json!({"username": username, "email": email, "password": PASSWORD, "locale": "ko-KR"});
    assert_eq!(served.post("/v1/users", &newcomer).await, 202);
    let mailed = wait_for("the first mail", async || code(folder.path(), "verify")).await;
    let proof = json!({"email": email, "code": mailed});
    assert_eq!(served.post("/v1/users/verify", &proof).await, 204);
    assert_eq!(served.post("/v1/users/verify", &proof).await, 422, "once");

    assert_eq!(served.post("/v1/password/forgot", &json!({"email": email})).await, 202);
    let mailed = wait_for("the second mail", async || code(folder.path(), "reset")).await;
    let reset = json!({"email": email, "code": mailed, "password": OTHER});
    assert_eq!(served.post("/v1/password/reset", &reset).await, 204);
    assert_eq!(served.post("/v1/sessions", &json!({"username": username, "password": PASSWORD})).await, 401);
    assert_eq!(served.post("/v1/sessions", &json!({"username": username, "password": OTHER})).await, 200);
    // The notice is the third.
    served.sent(3).await;
    served.test.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parked_mails_are_listed_and_sent_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let served = Served::start(folder.path()).await;
    let newcomer = json!({"username": "owner", "email": "owner@example.org", "password": PASSWORD});
    assert_eq!(served.post("/v1/users", &newcomer).await, 202);
    served.sent(1).await;
    let parked = "update mail.outgoing set status = 'parked', reason = 'refused_550' returning request_id::text";
    let request: String = sqlx::query_scalar(parked).fetch_one(&served.test.platform.db).await.expect("parked");
    for words in [&["parked"][..], &["parked", "--json"], &["list"], &["list", "--status", "sent", "--json"]] {
        served.command(words).await.expect("listed");
    }
    served.command(&["retry", &request]).await.expect("asked again");
    served.sent(1).await;
    let refused = served.command(&["retry", &request]).await.expect_err("it is not parked any more");
    assert!(refused.to_string().contains("is not parked"), "{refused}");
    served.command(&["retry", "--all"]).await.expect("nothing to do");
    let acts = "select count(*) from control.outbox where topic = 'chat.admin'";
    wait_for("the act in the log", async || {
        let waiting: i64 = sqlx::query_scalar(acts).fetch_one(&served.test.platform.db).await.expect("a count");
        (waiting == 0).then_some(())
    })
    .await;
    served.test.finish().await;
}
