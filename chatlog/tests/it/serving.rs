//! All roles from one origin, and the demo over HTTP.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::time::Duration;

use api_kit::http;
use chatlog::{demo, serve};
use flate2::read::GzDecoder;
use platform::Lifecycle;
use reqwest::{Client, Url};
use test_support::TestPlatform;
use test_support::servers::repository;
use tokio::net::TcpListener;
use tokio::process::Command;

use crate::world::serve_args;

/// For a browser on a busy machine.
const PATIENCE: Duration = Duration::from_mins(3);

struct Served {
    test: TestPlatform,
    url: Url,
    client: Client,
}

impl Served {
    async fn start() -> Self {
        let test = TestPlatform::start().await.expect("servers");
        let args = serve_args(&test);
        let routes = serve::start(&test.platform, &test.read_model, &args).await.expect("started").expect("routes");
        let listener = TcpListener::bind(args.http.listen).await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address")).parse().expect("a URL");
        let lifecycle: Lifecycle = test.platform.lifecycle.clone();
        tokio::spawn(async move { http::serve(listener, routes, &args.http, &lifecycle).await });
        // Redirections are looked at here, not followed.
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        Self { test, url, client }
    }

    async fn get(&self, path: &str) -> reqwest::Response {
        self.client.get(self.url.join(path).expect("a path")).send().await.expect("an answer")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_origin_has_one_document_and_a_page() {
    let served = Served::start().await;
    let document: serde_json::Value = served.get("/openapi.json").await.json().await.expect("JSON");
    let messages = &document["paths"]["/v1/rooms/{room}/messages"];
    assert!(messages["post"].is_object(), "the command API is missing");
    assert!(messages["get"].is_object(), "the query API is missing");
    assert!(document["components"]["schemas"]["Problem"].is_object());

    let alone = serde_json::to_value(chatlog::openapi::document()).expect("a document");
    assert_eq!(document, alone, "`chatlog openapi` prints what is served");

    let root: serde_json::Value = served.get("/").await.json().await.expect("JSON");
    assert_eq!(root["documentation"], "/docs");
    let browser = served.client.get(served.url.clone()).header("accept", "text/html").send().await.expect("an answer");
    assert_eq!(browser.headers()["location"], "/docs");
    assert_eq!(served.get("/v1/nothing").await.status(), 404);
    served.test.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_whole_and_runs_nothing_but_its_own_files() {
    let served = Served::start().await;
    let page = served.get("/docs").await;
    assert_eq!(page.status(), 200);
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    assert_eq!(policy(&page), strict_policy());
    let etag = page.headers().get("etag").cloned();
    let page = page.text().await.expect("a page");
    let files: BTreeSet<&str> = page.split('"').filter(|part| part.starts_with("/docs/")).collect();
    let expected = ["/docs/docs.css", "/docs/docs.js", "/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css"];
    assert_eq!(files, BTreeSet::from(expected), "were the assets of web/ built (`./dev up`)? {page}");
    for path in files {
        let file = served.get(path).await;
        assert_eq!(file.status(), 200, "{path}");
        let media_type = file.headers()["content-type"].to_str().expect("text");
        assert!(
            ["text/css; charset=utf-8", "text/javascript; charset=utf-8"].contains(&media_type),
            "{path}: {media_type}"
        );
        let whole = file.bytes().await.expect("a body");
        assert!(!whole.is_empty(), "{path}");

        let url = served.url.join(path).expect("a path");
        let compressed = served.client.get(url).header("accept-encoding", "gzip").send().await.expect("an answer");
        assert_eq!(compressed.headers()["content-encoding"], "gzip", "{path}");
        let mut text = Vec::new();
        let compressed = compressed.bytes().await.expect("a body");
        GzDecoder::new(&*compressed).read_to_end(&mut text).expect("gzip");
        assert!(text == whole, "{path} is another file when it is compressed");
    }

    let url = served.url.join("/docs").expect("a path");
    let again = served.client.get(url).header("if-none-match", etag.expect("a tag")).send().await.expect("an answer");
    assert_eq!(again.status(), 304);
    assert_eq!(policy(&again), strict_policy(), "a browser replaces the policy that it has kept by this one");

    assert_eq!(served.get("/docs/nothing.js").await.status(), 404);
    assert_eq!(served.get("/docs/..%2f..%2fpackage.json").await.status(), 404);
    served.test.finish().await;
}

/// The sources of each directive of the content security policy.
fn policy(page: &reqwest::Response) -> BTreeMap<String, String> {
    let policy = page.headers()["content-security-policy"].to_str().expect("text");
    let directives =
        policy.split("; ").map(|directive| directive.split_once(' ').expect("a directive and its sources"));
    directives.map(|(name, sources)| (name.to_owned(), sources.to_owned())).collect()
}

/// To loosen it is a decision: docs/adr/0014.
fn strict_policy() -> BTreeMap<String, String> {
    let directives = [
        ("default-src", "'none'"),
        ("script-src", "'self'"),
        ("style-src", "'self'"),
        ("connect-src", "'self'"),
        ("img-src", "'self' data:"),
        ("font-src", "'self'"),
        ("frame-ancestors", "'none'"),
        ("base-uri", "'none'"),
        ("form-action", "'none'"),
    ];
    BTreeMap::from(directives.map(|(name, sources)| (name.to_owned(), sources.to_owned())))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_works_in_a_browser() {
    let served = Served::start().await;
    let browser = Command::new("node")
        .arg(repository().join("web/tests/docs-page.mjs"))
        .arg(served.url.as_str())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(PATIENCE, browser)
        .await
        .expect("an end")
        .expect("node is in PATH; ./dev test puts one there");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    served.test.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_is_made_once() {
    let served = Served::start().await;
    let room = demo::make(&served.url).await.expect("made");
    let again = demo::make(&served.url).await.expect("found");
    assert_eq!(room, again);
    let pool = served.test.read_model.pool();
    let messages: i64 = sqlx::query_scalar("select count(*) from messages").fetch_one(&pool).await.expect("a count");
    let rooms: i64 = sqlx::query_scalar("select count(*) from rooms").fetch_one(&pool).await.expect("a count");
    assert_eq!((rooms, messages), (1, 5));
    served.test.finish().await;
}
