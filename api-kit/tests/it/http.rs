//! The server: bounds, names, problems, and an orderly end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use api_kit::HttpSettings;
use api_kit::extract::Json;
use api_kit::http;
use axum::Router;
use axum::routing::{get, post};
use platform::settings::{LogFormat, TelemetrySettings};
use platform::{Lifecycle, telemetry};
use serde_json::{Value, json};
use test_support::http_settings;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

struct Server {
    address: SocketAddr,
    lifecycle: Lifecycle,
    slow: Arc<Slow>,
}

/// A request that takes as long as the test wants: for ever, unless it is let go.
#[derive(Default)]
struct Slow {
    arrived: Notify,
    let_go: Notify,
}

impl Slow {
    async fn answer(self: Arc<Self>) -> &'static str {
        self.arrived.notify_one();
        self.let_go.notified().await;
        "slow"
    }
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    fn problem(&self) -> Value {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.head);
        let problem: Value = serde_json::from_str(&self.body).expect("JSON");
        assert_eq!(problem["status"], self.status);
        assert_eq!(problem["request_id"].as_str(), self.header("x-request-id"));
        problem
    }
}

fn routes(slow: &Arc<Slow>) -> Router {
    let slow = || {
        let slow = Arc::clone(slow);
        || slow.answer()
    };
    Router::new()
        .route("/fast", get(async || "fast"))
        .route("/slow", get(slow()).post(slow()))
        .route("/panic", get(async || -> &'static str { panic!("the secret is a zebra") }))
        .route("/echo", post(async |Json(body): Json<Value>| Json(body)))
        .route("/own", get(async || ([("content-security-policy", "own")], "own")))
        .route("/trace", get(async || telemetry::current_traceparent().unwrap_or_default()))
}

impl Server {
    async fn start(change: impl FnOnce(&mut HttpSettings)) -> Self {
        let mut settings = http_settings();
        change(&mut settings);
        let listener = TcpListener::bind(settings.listen).await.expect("a port");
        let (address, lifecycle) = (listener.local_addr().expect("an address"), Lifecycle::new());
        let (serving, slow) = (lifecycle.clone(), Arc::<Slow>::default());
        let routes = routes(&slow);
        lifecycle.spawn("server", async move {
            http::serve(listener, routes, &settings, &serving).await.expect("served");
        });
        Self { address, lifecycle, slow }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("connected")
    }

    async fn ask(&self, request_line: &str, headers: &str, body: &str) -> Answer {
        let length = if body.is_empty() { String::new() } else { format!("content-length: {}\r\n", body.len()) };
        let text = format!("{request_line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}{length}\r\n{body}");
        let mut stream = self.connect().await;
        stream.write_all(text.as_bytes()).await.expect("sent");
        read(&mut stream).await
    }
}

async fn read(stream: &mut TcpStream) -> Answer {
    let mut bytes = Vec::new();
    // A server that refuses a body may close before it was read.
    let _ = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut bytes)).await.expect("in time");
    let text = String::from_utf8(bytes).expect("text");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

#[tokio::test]
async fn every_error_is_a_problem_that_names_its_request() {
    let server = Server::start(|settings| settings.body_limit = 100).await;
    let missing = server.ask("GET /nowhere", "x-request-id: my-own-id\r\n", "").await;
    assert_eq!((missing.status, missing.problem()["type"].clone()), (404, json!("urn:chatlog:problem:not-found")));
    assert_eq!(missing.header("x-request-id"), Some("my-own-id"));
    let method = server.ask("DELETE /fast", "", "").await;
    assert_eq!(
        (method.status, method.problem()["type"].clone()),
        (405, json!("urn:chatlog:problem:method-not-allowed"))
    );
    assert_eq!(method.header("allow"), Some("GET,HEAD"));
    let json = "content-type: application/json\r\n";
    let large = server.ask("POST /echo", json, &format!("\"{}\"", "x".repeat(100))).await;
    assert_eq!((large.status, large.problem()["limit"].clone()), (413, json!(100)));
    let chunk = "x".repeat(200);
    let chunked = format!("{json}transfer-encoding: chunked\r\n\r\nc8\r\n{chunk}\r\n0\r\n");
    let large = server.ask("POST /echo", &chunked, "").await;
    assert_eq!((large.status, large.problem()["limit"].clone()), (413, json!(100)));
    let panic = server.ask("GET /panic", "", "").await;
    assert_eq!((panic.status, panic.problem()["type"].clone()), (500, json!("urn:chatlog:problem:internal")));
    assert!(!panic.body.contains("zebra"), "{}", panic.body);
    let head = server.ask("GET /fast", &format!("x: {}\r\n", "x".repeat(70_000)), "").await;
    assert_eq!(head.status, 431);
    assert!(server.lifecycle.drain(Duration::from_secs(2)).await);
}

#[tokio::test]
async fn who_sends_far_too_much_still_hears_so() {
    let server = Server::start(|settings| settings.body_limit = 1000).await;
    let url = format!("http://{}/echo", server.address);
    let http = reqwest::Client::new();
    for _ in 0..5 {
        let post = || http.post(&url).header("content-type", "application/json");
        let pieces = futures::stream::iter((0..256).map(|_| Ok::<_, std::io::Error>(vec![b'x'; 32 * 1024])));
        let chunked = post().body(reqwest::Body::wrap_stream(pieces)).send().await.expect("an answer, not a reset");
        assert_eq!(chunked.status(), 413);
        let declared = post().body(vec![b'x'; 8 * 1024 * 1024]).send().await.expect("an answer, not a reset");
        assert_eq!(declared.status(), 413);
    }
    assert!(server.lifecycle.drain(Duration::from_secs(5)).await);
}

#[tokio::test]
async fn answers_carry_an_id_and_safe_headers() {
    let server = Server::start(|_| {}).await;
    let answer = server.ask("GET /fast", "", "").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "fast"));
    assert_eq!(answer.header("x-request-id").map(str::len), Some(32));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let unsound = server.ask("GET /fast", "x-request-id: a b\r\n", "").await;
    assert_eq!(unsound.header("x-request-id").map(str::len), Some(32), "an id that could not stand in a log line");
    assert_eq!(server.ask("GET /own", "", "").await.header("content-security-policy"), Some("own"));
    assert_eq!(server.ask("OPTIONS /fast", "origin: https://a\r\n", "").await.status, 405, "no origins, no CORS");
    server.lifecycle.drain(Duration::from_secs(2)).await;
}

#[tokio::test]
async fn known_origins_may_call() {
    let server = Server::start(|settings| settings.cors_origins = vec!["https://a".to_owned()]).await;
    let asked = "access-control-request-method: POST\r\naccess-control-request-headers: idempotency-key\r\n";
    let allowed = server.ask("OPTIONS /echo", &format!("origin: https://a\r\n{asked}"), "").await;
    assert_eq!(allowed.header("access-control-allow-origin"), Some("https://a"));
    let foreign = server.ask("OPTIONS /echo", &format!("origin: https://b\r\n{asked}"), "").await;
    assert_eq!(foreign.header("access-control-allow-origin"), None);
    let problem = server.ask("GET /nowhere", "origin: https://a\r\n", "").await;
    assert_eq!(problem.header("access-control-allow-origin"), Some("https://a"), "scripts may read problems");
    server.lifecycle.drain(Duration::from_secs(2)).await;
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_given_up() {
    let server = Server::start(|settings| settings.request_timeout = Duration::from_millis(100)).await;
    let safe = server.ask("GET /slow", "", "").await;
    assert_eq!((safe.status, safe.problem()["type"].clone()), (503, json!("urn:chatlog:problem:unavailable")));
    let unsafe_one = server.ask("POST /slow", "", "").await;
    assert_eq!(unsafe_one.problem()["type"], "urn:chatlog:problem:unknown-outcome");
    assert_eq!(unsafe_one.header("retry-after"), Some("1"));
    // A body that never comes is not waited for either.
    let mut stream = server.connect().await;
    let head = "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 10\r\nconnection: close\r\n\r\n\"";
    stream.write_all(head.as_bytes()).await.expect("sent");
    assert_eq!(read(&mut stream).await.status, 503);
    server.lifecycle.drain(Duration::from_secs(2)).await;
}

#[tokio::test]
async fn slow_heads_are_cut_and_connections_are_counted() {
    let server = Server::start(|settings| {
        settings.header_timeout = Duration::from_millis(300);
        settings.max_connections = 1;
    })
    .await;
    let started = Instant::now();
    let mut slow = server.connect().await;
    slow.write_all(b"GET /fast HTTP/1.1\r\nhost:").await.expect("sent");
    // The second one is served when the first is cut.
    let second = server.ask("GET /fast", "", "").await;
    assert_eq!(second.status, 200);
    assert!(started.elapsed() >= Duration::from_millis(250), "{:?}", started.elapsed());
    let mut rest = Vec::new();
    let _ = slow.read_to_end(&mut rest).await;
    assert!(!String::from_utf8_lossy(&rest).contains("200 OK"));
    server.lifecycle.drain(Duration::from_secs(2)).await;
}

#[tokio::test]
async fn the_end_waits_for_what_is_in_flight_and_takes_nothing_new() {
    let server = Server::start(|settings| settings.header_timeout = Duration::from_mins(5)).await;
    let mut idle = server.connect().await;
    idle.write_all(b"GET /fast HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("sent");
    let mut first = [0; 12];
    idle.read_exact(&mut first).await.expect("answered");
    let in_flight = server.ask("GET /slow", "", "");
    let ending = async {
        server.slow.arrived.notified().await;
        server.lifecycle.shutdown();
        tokio::time::sleep(Duration::from_millis(100)).await;
        let mut late = TcpStream::connect(server.address).await.ok();
        let mut nothing = Vec::new();
        if let Some(stream) = &mut late {
            let _ = stream.write_all(b"GET /fast HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
            let _ = tokio::time::timeout(Duration::from_secs(2), stream.read_to_end(&mut nothing)).await;
        }
        assert!(nothing.is_empty(), "a late connection is not served");
        server.slow.let_go.notify_one();
    };
    let (answer, ()) = tokio::join!(in_flight, ending);
    assert_eq!((answer.status, answer.body.as_str()), (200, "slow"));
    // Its head would be waited for far longer than this.
    assert!(server.lifecycle.drain(Duration::from_mins(1)).await, "idle connections do not hold the end up");
    drop(idle);
}

#[tokio::test]
async fn a_trace_that_began_outside_goes_on() {
    let settings = TelemetrySettings {
        log_format: LogFormat::Json,
        log_level: "off".to_owned(),
        otlp_endpoint: None,
        trace_ratio: 1.0,
    };
    let _telemetry = telemetry::init(&settings, "test").expect("telemetry");
    let server = Server::start(|_| {}).await;
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let answer = server.ask("GET /trace", &format!("traceparent: 00-{trace}-b7ad6b7169203331-01\r\n"), "").await;
    assert!(answer.body.starts_with(&format!("00-{trace}-")), "{}", answer.body);
    let fresh = server.ask("GET /trace", "", "").await;
    assert!(fresh.body.starts_with("00-") && !fresh.body.contains(trace), "a trace of its own: {}", fresh.body);
    server.lifecycle.drain(Duration::from_secs(2)).await;
}
