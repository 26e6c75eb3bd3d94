//! Wrong passwords: whoever guesses waits, from however many addresses; the owner does not.

use futures::future::join_all;
use serde_json::json;

use super::api::{Api, Reply};
use super::codes::reset_by_mail;
use super::given::{World, in_own_world, in_shared_world};
use super::sessions::{Member, PASSWORD, log_in, member};

const HOME: &str = "192.0.2.1";
const WRONG: &str = "not that horse";

/// Two replicas that let three wrong passwords an hour pass.
async fn guarded(world: &World) -> [Api; 2] {
    let mut settings = test_support::api_settings();
    settings.rates.rate_failed_log_ins = "3/h".parse().expect("a rate");
    let connect = async || test_support::connect_api(&world.test.settings, &settings).await.expect("a platform");
    [Api::start(&connect().await).await, Api::start(&connect().await).await]
}

async fn attempt(api: &Api, name: &str, password: &str, from: &str) -> Reply {
    api.post("/v1/sessions", &json!({"username": name, "password": password})).from(from).send().await
}

async fn statuses(apis: &[Api; 2], name: &str, password: &str, addresses: &[&str]) -> Vec<u16> {
    let mut statuses = Vec::new();
    for (n, from) in addresses.iter().enumerate() {
        statuses.push(attempt(&apis[n % 2], name, password, from).await.status.as_u16());
    }
    statuses
}

async fn end(apis: [Api; 2]) {
    for api in apis {
        api.platform.drain().await;
    }
}

#[test]
fn guessing_from_many_addresses_waits_and_the_owner_does_not() {
    in_shared_world(async |world| {
        let apis = guarded(world).await;
        let Member { username, .. } = member(world).await;
        // Right passwords count for nothing, from wherever.
        assert_eq!(statuses(&apis, &username, PASSWORD, &[HOME; 5]).await, [200; 5]);
        let elsewhere = ["198.51.100.1", "198.51.100.2", "2001:db8::1", "198.51.100.4", "198.51.100.5"];
        assert_eq!(statuses(&apis, &username, WRONG, &elsewhere).await, [401, 401, 401, 429, 429]);
        let refused = attempt(&apis[0], &username, PASSWORD, "198.51.100.9").await;
        assert_eq!(refused.problem(429), "too-many-requests", "right or wrong, it is not looked at");
        assert!(refused.headers.contains_key("retry-after"));
        // The owner, at home, mistypes as often as anybody may, and is in.
        assert_eq!(statuses(&apis, &username, WRONG, &[HOME; 2]).await, [401; 2]);
        assert_eq!(statuses(&apis, &username, PASSWORD, &[HOME; 3]).await, [200; 3]);
        // Whoever guesses from the owner's own address waits, too.
        assert_eq!(statuses(&apis, &username, WRONG, &[HOME; 2]).await, [401, 429]);
        end(apis).await;
    });
}

#[test]
fn names_that_nobody_has_are_refused_alike() {
    in_shared_world(async |world| {
        let apis = guarded(world).await;
        let nobody = world.id().simple().to_string();
        let addresses = ["198.51.100.1", "198.51.100.2", "198.51.100.3", "198.51.100.4"];
        assert_eq!(statuses(&apis, &nobody[..30], WRONG, &addresses).await, [401, 401, 401, 429]);
        end(apis).await;
    });
}

#[test]
fn a_refusal_does_not_tell_whose_address_it_is() {
    in_shared_world(async |world| {
        let apis = guarded(world).await;
        let member = member(world).await;
        let elsewhere = ["198.51.100.1", "198.51.100.2", "198.51.100.3", "198.51.100.4"];
        assert_eq!(statuses(&apis, &member.username, WRONG, &elsewhere).await, [401, 401, 401, 429]);
        // Their address is answered like anybody's.
        for email in [member.email.as_str(), "nobody@example.org"] {
            let body = json!({"email": email, "password": WRONG});
            let reply = apis[0].post("/v1/sessions", &body).from("198.51.100.1").send().await;
            assert_eq!(reply.problem(401), "invalid-credentials", "{email}");
        }
        end(apis).await;
    });
}

#[test]
fn passwords_are_tried_seldom_from_one_address_on_every_route() {
    in_own_world(async |world| {
        let mut settings = test_support::api_settings();
        settings.rates.rate_log_ins = "2/h".parse().expect("a rate");
        settings.rates.rate_refreshes = "2/h".parse().expect("a rate");
        settings.rates.rate_spare_loopback = false;
        let platform = test_support::connect_api(&world.test.settings, &settings).await.expect("a platform");
        let api = Api::start(&platform).await;
        let session = log_in(world, &member(world).await).await;
        let token = session["access_token"].as_str().expect("a token");
        let change = json!({"current_password": WRONG, "new_password": "another horse"});
        for (method, path, body, from) in [
            ("PUT", "/v1/me/password", change, "198.51.100.1"),
            ("DELETE", "/v1/me", json!({"password": WRONG}), "198.51.100.2"),
            ("POST", "/v1/sessions/refresh", json!({"refresh_token": "x"}), "198.51.100.3"),
        ] {
            let ask = async || api.call(method, path).json(&body).bearer(token).from(from).send().await;
            assert_eq!([ask().await.status, ask().await.status], [401; 2], "{path}");
            assert_eq!(ask().await.problem(429), "too-many-requests", "{path}");
        }
        platform.drain().await;
    });
}

#[test]
fn many_at_once_are_not_more_than_one_after_another() {
    in_shared_world(async |world| {
        let apis = guarded(world).await;
        let Member { username, .. } = member(world).await;
        let addresses: Vec<String> = (0..12).map(|n| format!("198.51.100.{n}")).collect();
        let attempts = addresses.iter().enumerate().map(|(n, from)| attempt(&apis[n % 2], &username, WRONG, from));
        let replies = join_all(attempts).await;
        let tried = replies.iter().filter(|reply| reply.status == 401).count();
        let waited = replies.iter().filter(|reply| reply.status == 429).count();
        assert_eq!((tried, waited), (3, 9));
        end(apis).await;
    });
}

#[test]
fn setting_the_password_by_mail_lets_the_owner_in_from_a_new_place() {
    in_shared_world(async |world| {
        let apis = guarded(world).await;
        let member = member(world).await;
        let elsewhere = ["198.51.100.1", "198.51.100.2", "198.51.100.3", "198.51.100.4"];
        assert_eq!(statuses(&apis, &member.username, WRONG, &elsewhere).await, [401, 401, 401, 429]);
        let new_place = "203.0.113.7";
        assert_eq!(attempt(&apis[0], &member.username, PASSWORD, new_place).await.status, 429);
        let reset = reset_by_mail(world, &apis[0], &member.email, "a horse by mail", new_place).await;
        assert_eq!(reset.status, 204);
        assert_eq!(attempt(&apis[1], &member.username, "a horse by mail", new_place).await.status, 200);
        end(apis).await;
    });
}

#[test]
fn the_present_password_is_not_guessed_by_changing_it() {
    in_shared_world(async |world| {
        let apis = guarded(world).await;
        let member = member(world).await;
        let session = log_in(world, &member).await;
        let guess = async |n: usize| {
            let body = json!({"current_password": WRONG, "new_password": "another horse"});
            let call = apis[n % 2].call("PUT", "/v1/me/password").json(&body).from("198.51.100.1");
            call.bearer(session["access_token"].as_str().expect("a token")).send().await.status.as_u16()
        };
        assert_eq!([guess(0).await, guess(1).await, guess(2).await, guess(3).await], [401, 401, 401, 429]);
        end(apis).await;
    });
}
