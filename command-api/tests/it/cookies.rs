//! Sessions that a browser keeps.

use api_kit::cookies::REFRESH_PATH;
use http::header::SET_COOKIE;
use serde_json::{Value, json};

use super::api::{Call, Reply};
use super::given::{World, in_shared_world};
use super::sessions::{PASSWORD, member};

/// What a browser keeps: name, value, and for which path.
struct Browser {
    cookies: Vec<(String, String, String)>,
    csrf: String,
}

impl Browser {
    async fn log_in(world: &World) -> (Self, Reply) {
        let member = member(world).await;
        let body = json!({"username": member.username, "password": PASSWORD, "cookies": true});
        let reply = world.api.post("/v1/sessions", &body).send().await;
        (Self::keep(&reply), reply)
    }

    fn keep(reply: &Reply) -> Self {
        let csrf = reply.json(201)["csrf_token"].as_str().expect("a token").to_owned();
        let cookies = reply.headers.get_all(SET_COOKIE).iter().map(|cookie| {
            let cookie = cookie.to_str().expect("text");
            let (pair, attributes) = cookie.split_once("; ").expect("attributes");
            let (name, value) = pair.split_once('=').expect("a value");
            let path = attributes.split("; ").find_map(|one| one.strip_prefix("Path=")).expect("a path");
            (name.to_owned(), value.to_owned(), path.to_owned())
        });
        Self { cookies: cookies.collect(), csrf }
    }

    /// With the cookies that a browser would send to this path.
    fn call(&self, world: &World, method: &str, path: &str) -> Call {
        let sent = self.cookies.iter().filter(|(_, _, of)| of == "/" || path == of);
        let sent: Vec<String> = sent.map(|(name, value, _)| format!("{name}={value}")).collect();
        world.api.call(method, path).header("cookie", &sent.join("; "))
    }
}

fn set_cookies(reply: &Reply) -> Vec<String> {
    let cookies = reply.headers.get_all(SET_COOKIE).iter();
    cookies.map(|cookie| cookie.to_str().expect("text").to_owned()).collect()
}

#[test]
fn a_browser_gets_cookies_instead_of_tokens() {
    in_shared_world(async |world| {
        let (browser, reply) = Browser::log_in(world).await;
        let body = reply.json(201);
        let names: Vec<&String> = body.as_object().expect("an object").keys().collect();
        assert_eq!(names, ["csrf_token", "expires_in"], "no tokens for scripts");
        assert_eq!(reply.headers["cache-control"], "no-store");
        let cookies = set_cookies(&reply);
        assert_eq!(cookies.len(), 3);
        for (cookie, name, hidden) in [
            (&cookies[0], "__Host-chatlog-access=", true),
            (&cookies[1], "__Secure-chatlog-refresh=", true),
            (&cookies[2], "__Host-chatlog-csrf=", false),
        ] {
            assert!(cookie.starts_with(name), "{cookie}");
            assert!(cookie.contains("; SameSite=Strict; Secure"), "{cookie}");
            assert_eq!(cookie.contains("; HttpOnly"), hidden, "{cookie}");
        }
        assert!(cookies[1].contains(&format!("; Path={REFRESH_PATH};")));
        assert!(cookies[2].contains(&browser.csrf));
    });
}

#[test]
fn what_changes_something_needs_the_csrf_token() {
    in_shared_world(async |world| {
        let (browser, _) = Browser::log_in(world).await;
        let room = json!({"kind": "group", "name": "Kept"});
        let without = browser.call(world, "POST", "/v1/rooms").json(&room).send().await;
        assert_eq!(without.problem(403), "csrf-refused");
        let with = || browser.call(world, "POST", "/v1/rooms").json(&room).header("x-csrf-token", &browser.csrf);
        with().send().await.json(202);
        let foreign = with().header("origin", "https://evil.example").send().await;
        assert_eq!(foreign.problem(403), "csrf-refused");
    });
}

#[test]
fn a_browser_refreshes_and_logs_out_by_its_cookies() {
    in_shared_world(async |world| {
        let (browser, _) = Browser::log_in(world).await;
        let refresh = async |browser: &Browser, origin: &str| {
            let call = browser.call(world, "POST", REFRESH_PATH).json(&json!({}));
            call.header("host", "chat.example").header("origin", origin).send().await
        };
        assert_eq!(refresh(&browser, "https://evil.example").await.problem(403), "csrf-refused");
        let reply = refresh(&browser, "https://chat.example").await;
        let next = Browser::keep(&reply);
        assert_eq!(next.csrf, browser.csrf, "of the session, not of its tokens");
        assert!(next.cookies[1].1 != browser.cookies[1].1);

        let out = next.call(world, "DELETE", "/v1/sessions/current").header("x-csrf-token", &next.csrf).send().await;
        assert_eq!(out.status, 204);
        let cleared = set_cookies(&out);
        assert_eq!(cleared.len(), 3);
        let is_cleared = |cookie: &str| cookie.contains("=; ") && cookie.split("; ").any(|part| part == "Max-Age=0");
        assert!(cleared.iter().all(|cookie| is_cleared(cookie)), "{cleared:?}");
        assert_eq!(refresh(&next, "https://chat.example").await.problem(401), "invalid-credentials");
    });
}

#[test]
fn a_refresh_without_any_token_is_told_so_and_pages_of_others_begin_no_session() {
    in_shared_world(async |world| {
        assert_eq!(world.api.post(REFRESH_PATH, &json!({})).send().await.field(), "refresh_token");
        let member = member(world).await;
        let log_in = |cookies: bool| {
            let body = json!({"username": member.username, "password": PASSWORD, "cookies": cookies});
            world.api.post("/v1/sessions", &body).header("origin", "https://evil.example")
        };
        assert_eq!(log_in(true).send().await.problem(403), "csrf-refused");
        let tokens: Value = log_in(false).send().await.json(200);
        assert!(tokens["access_token"].is_string(), "tokens are for whoever has the password");
    });
}
