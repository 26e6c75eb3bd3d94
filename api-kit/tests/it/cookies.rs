//! Sessions in cookies: whose request counts, and what other pages' requests come to.

use api_kit::ApiContext;
use api_kit::Caller;
use api_kit::tokens::Claims;
use axum::Router;
use axum::body::Body;
use axum::routing::get;
use event_schema::UserId;
use http::{HeaderMap, Request, StatusCode};
use test_support::{self, TestPlatform, http_settings};
use tower::ServiceExt as _;
use uuid::Uuid;

const PAGE: &str = "https://app.example";

struct Api {
    context: ApiContext,
    router: Router,
}

/// What a browser sends along.
#[derive(Clone, Copy)]
struct Sent<'a> {
    method: &'a str,
    headers: &'a [(&'a str, &'a str)],
}

impl Api {
    fn over(test: &TestPlatform, origins: &[&str]) -> Self {
        let router = Router::new()
            .route("/", get(async |caller: Caller| caller.user_id.to_string()))
            .route("/", axum::routing::post(async |caller: Caller| caller.user_id.to_string()))
            .with_state(test.api.clone());
        let mut http = http_settings();
        http.cors_origins = origins.iter().map(|origin| (*origin).to_owned()).collect();
        Self { context: test.api.clone(), router: api_kit::http::app(router, &http) }
    }

    async fn session(&self) -> (String, Uuid) {
        let (user, session) = (UserId(self.context.ids.v7()), self.context.ids.v7());
        test_support::account(&self.context.db, user).await.expect("an account");
        let claims = Claims::issued(user, session, self.context.clock.now());
        (self.context.keyring.sign(&claims).expect("a token"), session)
    }

    async fn ask(&self, sent: Sent<'_>) -> (StatusCode, HeaderMap) {
        let mut request = Request::builder().method(sent.method).uri("/").header("host", "chat.example");
        for (name, value) in sent.headers {
            request = request.header(*name, *value);
        }
        let answer = self.router.clone().oneshot(request.body(Body::empty()).expect("a request")).await;
        let answer = answer.expect("an answer");
        (answer.status(), answer.headers().clone())
    }

    async fn status(&self, method: &str, headers: &[(&str, &str)]) -> u16 {
        self.ask(Sent { method, headers }).await.0.as_u16()
    }
}

#[tokio::test]
async fn a_cookie_is_enough_to_read_and_not_to_change() {
    let test = TestPlatform::start().await.expect("servers");
    let api = Api::over(&test, &[PAGE]);
    let ((token, session), (_, other)) = (api.session().await, api.session().await);
    let cookie = format!("theme=dark; __Host-chatlog-access={token}");
    let (csrf, of_other) = (api.context.csrf.token(session), api.context.csrf.token(other));
    let with = |more: &[(&'static str, &str)]| {
        let mut headers = vec![("cookie".to_owned(), cookie.clone())];
        headers.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        headers
    };
    let status = async |method: &str, more: &[(&'static str, &str)]| {
        let headers = with(more);
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        api.status(method, &headers).await
    };
    assert_eq!(status("GET", &[]).await, 200);
    assert_eq!(status("GET", &[("origin", "https://evil.example")]).await, 200, "reading is for CORS to refuse");
    assert_eq!(status("POST", &[]).await, 403, "no token");
    assert_eq!(status("POST", &[("x-csrf-token", &of_other)]).await, 403, "of another session");
    assert_eq!(status("POST", &[("x-csrf-token", "")]).await, 403);
    assert_eq!(status("POST", &[("x-csrf-token", &csrf)]).await, 200);
    for (name, value, expected) in [
        ("origin", "https://evil.example", 403),
        ("sec-fetch-site", "cross-site", 403),
        ("origin", "https://chat.example", 200),
        ("origin", PAGE, 200),
        ("sec-fetch-site", "same-origin", 200),
    ] {
        assert_eq!(status("POST", &[("x-csrf-token", &csrf), (name, value)]).await, expected, "{name}: {value}");
    }
    test.finish().await;
}

#[tokio::test]
async fn the_header_goes_before_the_cookie_and_only_the_right_cookie_counts() {
    let test = TestPlatform::start().await.expect("servers");
    let api = Api::over(&test, &[]);
    let (token, _) = api.session().await;
    let (cookie, bearer) = (format!("__Host-chatlog-access={token}"), format!("Bearer {token}"));
    assert_eq!(api.status("POST", &[("cookie", &cookie), ("authorization", &bearer)]).await, 200, "no CSRF by header");
    assert_eq!(api.status("GET", &[("cookie", &cookie), ("authorization", "Bearer x")]).await, 401);
    assert_eq!(api.status("GET", &[("cookie", &cookie), ("authorization", "Basic x")]).await, 401);
    let planted = format!("chatlog-access={token}");
    assert_eq!(api.status("GET", &[("cookie", &planted)]).await, 401, "not the name that only we can set");
    test.finish().await;
}

#[tokio::test]
async fn credentials_are_for_listed_origins_only() {
    let test = TestPlatform::start().await.expect("servers");
    let preflight = |origin| {
        [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "x-csrf-token"),
        ]
    };
    let listed = Api::over(&test, &[PAGE]);
    let (_, headers) = listed.ask(Sent { method: "OPTIONS", headers: &preflight(PAGE) }).await;
    assert_eq!(headers["access-control-allow-origin"], PAGE);
    assert_eq!(headers["access-control-allow-credentials"], "true");
    assert!(headers["access-control-allow-headers"].to_str().expect("text").contains("x-csrf-token"));
    let (_, headers) = listed.ask(Sent { method: "OPTIONS", headers: &preflight("https://evil.example") }).await;
    assert!(!headers.contains_key("access-control-allow-origin"), "{headers:?}");
    let everybody = Api::over(&test, &["*"]);
    let (_, headers) = everybody.ask(Sent { method: "OPTIONS", headers: &preflight(PAGE) }).await;
    assert_eq!(headers["access-control-allow-origin"], "*");
    assert!(!headers.contains_key("access-control-allow-credentials"), "{headers:?}");
    test.finish().await;
}
