//! Rate limits: one count for all processes while Redis is there, each its own while it is away, and what clients are told.

use std::time::{Duration, Instant};

use api_kit::ApiContext;
use api_kit::ApiSettings;
use api_kit::Caller;
use api_kit::rate::{Kind, LogInAttempt, Quota, RateLimits};
use api_kit::settings::RateSettings;
use api_kit::tokens::Claims;
use axum::Router;
use axum::routing::{get, post};
use event_schema::UserId;
use http::{HeaderMap, HeaderName, StatusCode};
use platform::settings::RedisSettings;
use platform::{Clock, Redis};
use test_support::network::{Network, Proxy};
use test_support::{self, TestPlatform, api_settings, connect_api, http_settings, wait_for};

fn settings(commands: &str, log_ins: &str) -> RateSettings {
    RateSettings {
        rate_commands: commands.parse().expect("a rate"),
        rate_log_ins: log_ins.parse().expect("a rate"),
        rate_spare_loopback: false,
        ..RateSettings::off()
    }
}

fn limits(commands: &str, redis: &Redis) -> RateLimits {
    RateLimits::new(&settings(commands, "off"), redis.clone(), Clock::system())
}

/// So slow that nothing comes back while a test runs, and that a process's block is its own for that long.
const HUNDRED: &str = "100/1000h";
/// Seconds until the next one of them.
const NEXT: u64 = 36_000;

/// Whether somebody is told to come again when the next one is there: it has been on its way since `started`.
fn is_next(told: u64, next: u64, started: Instant) -> bool {
    (next - started.elapsed().as_secs() - 1..=next).contains(&told)
}

async fn take(limits: &RateLimits, key: u128) -> Quota {
    limits.take(Kind::Commands, key).await.expect("limited")
}

/// How many of so many requests, made at once, are let through.
async fn let_through(limits: &[RateLimits], key: u128, requests: usize) -> usize {
    let asked = (0..requests).map(|n| take(&limits[n % limits.len()], key));
    futures::future::join_all(asked).await.iter().filter(|quota| quota.retry_after.is_none()).count()
}

#[tokio::test]
async fn processes_share_one_count() {
    let test = TestPlatform::start().await.expect("servers");
    let redis = &test.api.redis;
    let processes = [limits(HUNDRED, redis), limits(HUNDRED, redis)];
    // Blocks in hand are a process's own: no more than the rate, and nearly all of it.
    let through = let_through(&processes, 1, 400).await;
    assert!((90..=100).contains(&through), "{through}");
    // One who asks alone gets exactly as many.
    let started = Instant::now();
    let mut left = Vec::new();
    loop {
        let quota = take(&processes[0], 2).await;
        if quota.retry_after.is_some() {
            assert_eq!(quota.left, 0);
            let told = quota.retry_after;
            assert!(told.is_some_and(|told| is_next(told, NEXT, started)), "{told:?}");
            break;
        }
        left.push(quota.left);
    }
    assert_eq!(left.len(), 100);
    assert!(left.is_sorted_by(|a, b| a > b), "{left:?}");
    assert!(take(&processes[1], 2).await.retry_after.is_some(), "the other process knows");
    test.finish().await;
}

#[tokio::test]
async fn tokens_come_back_and_leave_nothing_in_redis() {
    let test = TestPlatform::start().await.expect("servers");
    let redis = &test.api.redis;
    let limits = [limits("4/s", redis)];
    let started = Instant::now();
    let through = let_through(&limits, 1, 10).await;
    // One comes back in a quarter of a second.
    let back = usize::try_from(started.elapsed().as_millis() / 250).expect("few");
    assert!((4..=4 + back).contains(&through), "{through} with {back} that came back");
    wait_for("a token to come back", async || take(&limits[0], 1).await.retry_after.is_none().then_some(())).await;
    wait_for("what has drained to be gone", async || {
        let keys: Vec<String> = redis::cmd("KEYS")
            .arg(redis.key("rate:*"))
            .query_async(&mut redis.connection())
            .await
            .expect("Redis answers");
        keys.is_empty().then_some(())
    })
    .await;
    test.finish().await;
}

async fn proxied(test: &TestPlatform) -> (Proxy, Redis) {
    let url = test.settings.redis.redis_url.expose();
    let target = url.trim_start_matches("redis://").split('/').next().expect("an address").to_owned();
    let proxy = Proxy::before(target).await;
    let redis_prefix = test.settings.redis.redis_prefix.clone();
    let settings = RedisSettings { redis_url: format!("redis://{}", proxy.address).into(), redis_prefix };
    (proxy, Redis::new(&settings).expect("a client"))
}

#[tokio::test]
async fn without_redis_each_process_is_bound_and_none_is_closed() {
    let test = TestPlatform::start().await.expect("servers");
    let (proxy, redis) = proxied(&test).await;
    let processes = [limits(HUNDRED, &redis), limits(HUNDRED, &redis)];
    assert_eq!(let_through(&processes[..1], 1, 30).await, 30);
    for (key, network) in [(1, Network::Cut), (2, Network::Silent)] {
        proxy.set(network);
        let started = Instant::now();
        let before = if key == 1 { 30 } else { 0 };
        for (n, process) in processes.iter().enumerate() {
            let through = let_through(std::slice::from_ref(process), key, 300).await;
            // What it had let through before counts as well.
            let expected = if n == 0 { 100 - before } else { 100 };
            assert_eq!(through, expected, "process {n}");
        }
        // Asking 600 times would take half a second each, or the while that a process does without.
        assert!(started.elapsed() < Duration::from_mins(1), "asked every time: {:?}", started.elapsed());
        proxy.set(Network::Up);
        wait_for("Redis to count again", async || {
            (take(&processes[0], 3).await.retry_after.is_none() && counted(&test).await).then_some(())
        })
        .await;
    }
    test.finish().await;
}

/// Whether Redis has counted the third key.
async fn counted(test: &TestPlatform) -> bool {
    let redis = &test.api.redis;
    let key = redis.key(&format!("rate:commands:{:032x}", 3));
    redis::cmd("EXISTS").arg(key).query_async(&mut redis.connection()).await.expect("Redis answers")
}

struct Api {
    url: String,
    context: ApiContext,
}

impl Api {
    async fn start(test: &TestPlatform, rates: RateSettings, proxies: usize) -> Self {
        let wanted = ApiSettings { rates, ..api_settings() };
        let context = connect_api(&test.settings, &wanted).await.expect("a platform");
        let router = Router::new()
            .route("/commands", post(async |caller: Caller, _again: Caller| caller.user_id.to_string()))
            .route("/queries", get(async |caller: Caller| caller.user_id.to_string()))
            .route("/log-ins", post(async |_: LogInAttempt| "in"))
            .with_state(context.clone());
        let mut http = http_settings();
        http.proxies = proxies;
        let listener = tokio::net::TcpListener::bind(http.listen).await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let lifecycle = context.lifecycle.clone();
        context.lifecycle.spawn("server", async move {
            api_kit::http::serve(listener, router, &http, &lifecycle).await.expect("served");
        });
        Self { url, context }
    }

    async fn ask(&self, path: &str, name: &str, value: &str) -> (StatusCode, HeaderMap) {
        let http = reqwest::Client::new();
        let url = format!("{}{path}", self.url);
        let request = if path == "/queries" { http.get(url) } else { http.post(url) };
        let answer = request.header(name, value).send().await.expect("an answer");
        (answer.status(), answer.headers().clone())
    }

    async fn by(&self, user: UserId, path: &str) -> (StatusCode, HeaderMap) {
        test_support::account(&self.context.db, user).await.expect("an account");
        let claims = Claims::issued(user, self.context.ids.v7(), self.context.clock.now());
        let token = self.context.keyring.sign(&claims).expect("a token");
        self.ask(path, "authorization", &format!("Bearer {token}")).await
    }
}

fn told(headers: &HeaderMap, name: &'static str) -> String {
    let value = headers.get(HeaderName::from_static(name));
    value.map_or("", |value| value.to_str().expect("text")).to_owned()
}

#[tokio::test]
async fn a_user_is_told_what_is_left_and_when_to_come_again() {
    let test = TestPlatform::start().await.expect("servers");
    let api = Api::start(&test, settings("3/h", "off"), 0).await;
    let user = UserId(test.api.ids.v7());
    let started = Instant::now();
    for left in [2, 1, 0] {
        let (status, headers) = api.by(user, "/commands").await;
        assert_eq!(status, StatusCode::OK, "counted once, whatever the extractors");
        assert_eq!(told(&headers, "ratelimit-policy"), r#""commands";q=3;w=3600"#);
        assert!(told(&headers, "ratelimit").starts_with(&format!("\"commands\";r={left};t=")), "{headers:?}");
    }
    let (status, headers) = api.by(user, "/commands").await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    let again = told(&headers, "retry-after").parse().expect("seconds");
    assert!(is_next(again, 1_200, started), "{again}");
    assert_eq!(told(&headers, "content-type"), "application/problem+json");
    assert!(told(&headers, "ratelimit").starts_with(r#""commands";r=0;t="#), "{headers:?}");
    let (status, headers) = api.by(user, "/queries").await;
    assert_eq!((status, told(&headers, "ratelimit").as_str()), (StatusCode::OK, ""), "not limited, nothing to tell");
    assert_eq!(api.by(UserId(test.api.ids.v7()), "/commands").await.0, StatusCode::OK, "others have their own");
    api.context.drain().await;
    test.finish().await;
}

#[tokio::test]
async fn an_address_is_limited_and_loopback_is_spared() {
    let test = TestPlatform::start().await.expect("servers");
    let api = Api::start(&test, settings("off", "2/h"), 1).await;
    let from = async |address: &str| api.ask("/log-ins", "x-forwarded-for", address).await.0;
    for address in ["192.0.2.1", "2001:db8::1", "127.0.0.1"] {
        let statuses = [from(address).await, from(address).await, from(address).await];
        assert_eq!(statuses, [StatusCode::OK, StatusCode::OK, StatusCode::TOO_MANY_REQUESTS], "{address}");
    }
    assert_eq!(from("2001:db8::2").await, StatusCode::TOO_MANY_REQUESTS, "the same network");
    let sparing = RateSettings { rate_spare_loopback: true, ..settings("off", "2/h") };
    let api = Api::start(&test, sparing, 0).await;
    for _ in 0..5 {
        let (status, headers) = api.ask("/log-ins", "x-forwarded-for", "192.0.2.1").await;
        assert_eq!((status, told(&headers, "ratelimit").as_str()), (StatusCode::OK, ""));
    }
    api.context.drain().await;
    test.finish().await;
}

#[tokio::test]
async fn what_a_request_is_beyond_one_command_counts_too() {
    let test = TestPlatform::start().await.expect("servers");
    let limits = limits(HUNDRED, &test.platform.redis);
    let user = UserId(test.platform.ids.v7());
    limits.user_more(Kind::Commands, user, 99).await.expect("as many as there may be");
    limits.user_more(Kind::Commands, user, 0).await.expect("nothing more");
    limits.user_more(Kind::Commands, user, 1).await.expect("the last one");
    let refused = limits.user_more(Kind::Commands, user, 1).await.expect_err("one too many");
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    test.finish().await;
}
