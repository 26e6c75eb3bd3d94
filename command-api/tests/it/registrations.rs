//! Sign-ups that participants have to answer for: what they answer, tests write into the log themselves.

use event_schema::registration::StepCompleted;
use event_schema::{RegistrationId, Topic, UserId};
use serde_json::{Value, json};
use test_support::wait_for;

use super::api::Api;
use super::given::in_own_world;
use super::sign_up::{SignUp, accounts, newcomer, told};

#[test]
fn an_account_may_be_used_once_everybody_has_completed() {
    in_own_world(async |world| {
        let api = Api::start_with_steps(&world.test.api, "mailer,profile").await;
        let sign_up = SignUp::begin(world, &api).await;
        sign_up.stands("pending", &["pending", "pending"]).await;
        assert_eq!(sign_up.log_in().await, 401, "like a wrong password");
        let stream = sign_up.stream(None);
        let progress = async {
            sign_up.completed("profile").await;
            sign_up.stands("pending", &["pending", "done"]).await;
            assert_eq!(sign_up.log_in().await, 401);
            sign_up.completed("mailer").await;
        };
        let (stream, ()) = tokio::join!(stream, progress);
        let (statuses, ended) = told(&stream);
        assert_eq!(statuses.first().map(String::as_str), Some("pending"), "{stream}");
        assert_eq!(statuses.last().map(String::as_str), Some("registered"), "{stream}");
        assert!(ended, "{stream}");
        assert_eq!(sign_up.log_in().await, 200);
        assert_eq!(sign_up.said().await, ["registration_requested", "registered"]);
        // Whoever knows the end is told so.
        let last = stream.lines().filter_map(|line| line.strip_prefix("id: ")).next_back().expect("an id").to_owned();
        let path = format!("/v1/registrations/{}/events", sign_up.id);
        assert_eq!(api.call("GET", &path).header("last-event-id", &last).send().await.status, 204);
        assert!(told(&sign_up.stream(Some("1")).await).1);
        assert_eq!(api.call("GET", &path).header("last-event-id", "x").send().await.field(), "Last-Event-ID");
    });
}

#[test]
fn a_failure_frees_the_name_and_the_others_undo() {
    in_own_world(async |world| {
        let api = Api::start_with_steps(&world.test.api, "mailer,profile").await;
        let sign_up = SignUp::begin(world, &api).await;
        sign_up.completed("profile").await;
        sign_up.failed("mailer").await;
        let state = sign_up.stands("rejected", &["failed", "done"]).await;
        assert_eq!((&state["failed_step"], &state["reason"]), (&json!("mailer"), &json!("step_failed")));
        assert_eq!(state["steps"][0]["reason"], "no_room");
        let (stream, ()) = tokio::join!(sign_up.stream(None), sign_up.compensated("profile"));
        assert!(told(&stream).1, "{stream}");
        assert!(stream.contains("undone"), "{stream}");
        assert_eq!(accounts(world, sign_up.user).await, 0);
        assert_eq!(sign_up.log_in().await, 401);
        // One that had not answered yet is shown to have undone it, too.
        let early = SignUp::of(&api, sign_up.body.clone()).await;
        early.failed("mailer").await;
        early.stands("rejected", &["failed", "pending"]).await;
        let (stream, ()) = tokio::join!(early.stream(None), early.compensated("profile"));
        assert!(told(&stream).1 && stream.contains("undone"), "{stream}");
        // The same name and address, another account.
        let again = SignUp::of(&api, sign_up.body.clone()).await;
        assert_ne!(again.user, sign_up.user);
        assert_eq!(sign_up.said().await, ["registration_requested", "registration_rejected"]);
    });
}

#[test]
fn who_waits_is_told_which_step_failed() {
    in_own_world(async |world| {
        let api = Api::start_with_steps(&world.test.api, "mailer").await;
        let body = newcomer(world);
        let call = api.post("/v1/users", &body).key("once").wait(10).send();
        let fail = async {
            let row = "select registration_id, user_id from identity.registrations";
            let (id, user) = wait_for("the sign-up", async || {
                let (id, user) = sqlx::query_as(row).fetch_one(world.db()).await.ok()?;
                Some((RegistrationId(id), UserId(user)))
            })
            .await;
            let sign_up = SignUp { api: api.clone(), body: body.clone(), user, id };
            sign_up.failed("mailer").await;
            sign_up
        };
        let (reply, sign_up) = tokio::join!(call, fail);
        assert_eq!(reply.problem(422), "registration-rejected");
        let problem = reply.json(422);
        assert_eq!((&problem["step"], &problem["reason"]), (&json!("mailer"), &json!("step_failed")));
        // Repeated under its key it is the same sign-up, with the same end.
        let again = loop {
            let again = api.post("/v1/users", &body).key("once").send().await;
            // The first request has been answered, and is a moment later known to be.
            if again.status != 409 {
                break again.json(202);
            }
        };
        assert_eq!(again["registration_id"], json!(sign_up.id));
        assert_eq!(api.post("/v1/users", &body).key("once").wait(2).send().await.json(202), again, "the same answer");
        let other = api.post("/v1/users", &body).key("another").send().await.json(202);
        assert_ne!(other["user_id"], again["user_id"]);
    });
}

#[test]
fn several_replicas_take_each_answer_in_once() {
    in_own_world(async |world| {
        let mut replicas = vec![Api::start_with_steps(&world.test.api, "mailer,profile").await];
        for _ in 0..2 {
            let platform = world.test.another_api().await.expect("another process");
            replicas.push(Api::start_with_steps(&platform, "mailer,profile").await);
        }
        let mut sign_ups = Vec::new();
        for n in 0..24 {
            sign_ups.push(SignUp::begin(world, &replicas[n % 3]).await);
        }
        for (n, sign_up) in sign_ups.iter().enumerate() {
            let first = sign_up.completed("profile").await;
            // Delivered twice, as it happens after a crash.
            sign_up.say(first, StepCompleted { registration_id: sign_up.id, step: "profile".to_owned() }).await;
            if n == 8 {
                // One goes away in the middle of it.
                replicas[2].platform.lifecycle.hard().cancel();
            }
            if n % 4 == 0 {
                sign_up.failed("mailer").await;
            } else {
                sign_up.completed("mailer").await;
            }
        }
        for (n, sign_up) in sign_ups.iter().enumerate() {
            // Seen on another replica than it began on.
            let elsewhere = SignUp { api: replicas[(n + 1) % 2].clone(), body: Value::Null, ..*sign_up };
            let failed = n % 4 == 0;
            if failed {
                elsewhere.stands("rejected", &["failed", "done"]).await;
            } else {
                elsewhere.stands("registered", &["done", "done"]).await;
            }
            let decision = if failed { "registration_rejected" } else { "registered" };
            let elsewhere = SignUp { api: replicas[0].clone(), ..elsewhere };
            assert_eq!(elsewhere.said().await, ["registration_requested", decision]);
        }
        for replica in &replicas[1..] {
            replica.platform.drain().await;
        }
    });
}

#[test]
fn a_stream_goes_on_without_redis_from_any_replica() {
    in_own_world(async |world| {
        let api = Api::start_with_steps(&world.test.api, "profile").await;
        let mut settings = world.test.settings.clone();
        // Nobody listens on the discard port.
        settings.redis.redis_url = "redis://127.0.0.1:9".to_owned().into();
        let platform = test_support::connect_api(&settings, &test_support::api_settings()).await.expect("a platform");
        // It follows, and does not take answers in as far as it can help it: whoever does, it hears of it from Postgres.
        let alone = Api::start_with_steps(&platform, "profile").await;
        let sign_up = SignUp::begin(world, &api).await;
        let elsewhere = SignUp { api: alone.clone(), body: Value::Null, ..sign_up };
        let (stream, _) = tokio::join!(elsewhere.stream(None), sign_up.completed("profile"));
        let (statuses, ended) = told(&stream);
        assert_eq!(statuses.last().map(String::as_str), Some("registered"), "{stream}");
        assert!(ended);
        alone.platform.drain().await;
    });
}

#[test]
fn what_is_no_answer_holds_up_nobody() {
    in_own_world(async |world| {
        let api = Api::start_with_steps(&world.test.api, "profile").await;
        let sign_up = SignUp::begin(world, &api).await;
        super::log::write_nonsense(&world.test.api, Topic::Registrations, &sign_up.user.to_string()).await;
        // About nobody that there is.
        let nobody = SignUp { api: api.clone(), body: Value::Null, user: sign_up.user, id: RegistrationId(world.id()) };
        nobody.completed("profile").await;
        sign_up.completed("profile").await;
        sign_up.stands("registered", &["done"]).await;
        let unknown = format!("/v1/registrations/{}", nobody.id);
        assert_eq!(api.call("GET", &unknown).send().await.problem(404), "not-found");
        assert_eq!(api.call("GET", &format!("{unknown}/events")).send().await.problem(404), "not-found");
    });
}
