//! All roles from one origin, and the demo over HTTP.

use api_kit::http;
use chatlog::{demo, serve};
use platform::Lifecycle;
use reqwest::{Client, Url};
use test_support::TestPlatform;
use tokio::net::TcpListener;

use crate::world::serve_args;

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
async fn one_origin_has_one_document_and_a_page_without_scripts() {
    let served = Served::start().await;
    let document: serde_json::Value = served.get("/openapi.json").await.json().await.expect("JSON");
    let messages = &document["paths"]["/v1/rooms/{room}/messages"];
    assert!(messages["post"].is_object(), "the command API is missing");
    assert!(messages["get"].is_object(), "the query API is missing");
    assert!(document["components"]["schemas"]["Problem"].is_object());

    let alone = serde_json::to_value(chatlog::openapi::document()).expect("a document");
    assert_eq!(document, alone, "`chatlog openapi` prints what is served");

    let page = served.get("/docs").await;
    let policy = page.headers()["content-security-policy"].to_str().expect("text").to_owned();
    assert!(policy.contains("default-src 'none'") && policy.contains("style-src 'self'"), "{policy}");
    let page = page.text().await.expect("a page");
    assert!(page.contains("/v1/rooms/{room}/messages") && !page.contains("<script"));
    let style = served.get("/docs/style.css").await;
    assert_eq!(style.headers()["content-type"], "text/css; charset=utf-8");

    let root: serde_json::Value = served.get("/").await.json().await.expect("JSON");
    assert_eq!(root["documentation"], "/docs");
    let browser = served.client.get(served.url.clone()).header("accept", "text/html").send().await.expect("an answer");
    assert_eq!(browser.headers()["location"], "/docs");
    assert_eq!(served.get("/v1/nothing").await.status(), 404);
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
