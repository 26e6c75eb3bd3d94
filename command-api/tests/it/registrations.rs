//! Sign-ups that participants have to answer for: what they answer, tests write into the log themselves.

use std::cell::RefCell;
use std::fmt;
use std::time::Duration;

use api_kit::ApiContext;
use event_schema::envelope::RULES;
use event_schema::registration::{StepCompensated, StepCompleted, StepFailed};
use event_schema::{
    ClientKind, CommandId, Envelope, Event, EventId, Payload, RegistrationId, Topic, UserId, WorkspaceId,
};
use serde_json::{Value, json};
use test_support::wait_for;

use super::api::Api;
use super::given::{World, in_own_world};

const PASSWORD: &str = "correct horse";
const PATIENCE: Duration = Duration::from_secs(30);

/// A sign-up under way.
struct SignUp {
    api: Api,
    body: Value,
    user: UserId,
    id: RegistrationId,
}

fn newcomer(world: &World) -> Value {
    let name = world.id().simple().to_string();
    json!({"username": &name[..30], "email": format!("{name}@example.org"), "password": PASSWORD})
}

impl SignUp {
    async fn begin(world: &World, api: &Api) -> Self {
        Self::of(api, newcomer(world)).await
    }

    async fn of(api: &Api, body: Value) -> Self {
        let answer = api.post("/v1/users", &body).send().await.json(202);
        let id = |field: &str| answer[field].as_str().expect("an id").parse().expect("an id");
        Self { api: api.clone(), body, user: UserId(id("user_id")), id: RegistrationId(id("registration_id")) }
    }

    fn event(&self, id: EventId, payload: impl Into<Payload>) -> Event {
        let envelope = Envelope {
            id,
            source: "/test/participant".to_owned(),
            time: self.api.platform.clock.now(),
            subject: self.id.to_string(),
            rules: RULES,
            actor: UserId::PLATFORM,
            command: CommandId(id.0),
            client: ClientKind::Platform,
            workspace: WorkspaceId::DEFAULT,
            traceparent: None,
        };
        Event { key: self.user.into(), envelope, payload: payload.into() }
    }

    /// What a participant says; under this id, where it says so again.
    async fn say(&self, id: EventId, payload: impl Into<Payload>) {
        self.api.platform.kafka.send(&self.event(id, payload)).await.expect("a log");
    }

    fn new_event(&self) -> EventId {
        EventId(self.api.platform.ids.v7())
    }

    async fn completed(&self, step: &str) -> EventId {
        let id = self.new_event();
        self.say(id, StepCompleted { registration_id: self.id, step: step.to_owned() }).await;
        id
    }

    async fn failed(&self, step: &str) {
        let failed = StepFailed { registration_id: self.id, step: step.to_owned(), reason: "no_room".to_owned() };
        self.say(self.new_event(), failed).await;
    }

    async fn compensated(&self, step: &str) {
        self.say(self.new_event(), StepCompensated { registration_id: self.id, step: step.to_owned() }).await;
    }

    async fn state(&self) -> Value {
        self.api.call("GET", &format!("/v1/registrations/{}", self.id)).send().await.json(200)
    }

    /// Waits until the sign-up stands like this: its status, and those of its steps by name.
    async fn stands(&self, status: &str, steps: &[&str]) -> Value {
        let seen = RefCell::new(Value::Null);
        let what = fmt::from_fn(|f| write!(f, "{status} {steps:?}, and not {}", seen.borrow()));
        wait_for(what, async || {
            let state = self.state().await;
            let found: Vec<&str> =
                state["steps"].as_array().expect("steps").iter().filter_map(|step| step["status"].as_str()).collect();
            if state["status"] == status && found == steps {
                return Some(state);
            }
            *seen.borrow_mut() = state;
            None
        })
        .await
    }

    async fn log_in(&self) -> u16 {
        let body = json!({"username": self.body["username"], "password": PASSWORD});
        self.api.post("/v1/sessions", &body).send().await.status.as_u16()
    }

    /// Types of what is said about the user on `chat.users`, in the log's order.
    async fn said(&self) -> Vec<String> {
        let platform = &self.api.platform;
        let key = self.user.to_string();
        wait_for("all of it in the log", async || (left(platform, &key).await == 0).then_some(())).await;
        super::log::types(platform, Topic::Users, &key).await
    }

    /// The whole stream, from after an event on.
    async fn stream(&self, last: Option<&str>) -> String {
        let call = self.api.call("GET", &format!("/v1/registrations/{}/events", self.id));
        let call = match last {
            Some(last) => call.header("last-event-id", last),
            None => call,
        };
        let reply = tokio::time::timeout(PATIENCE, call.send()).await.expect("the stream ends");
        assert_eq!(reply.headers["content-type"], "text/event-stream");
        String::from_utf8(reply.body.to_vec()).expect("text")
    }
}

async fn left(platform: &ApiContext, key: &str) -> i64 {
    sqlx::query_scalar("select count(*) from control.outbox where key = $1")
        .bind(key)
        .fetch_one(&platform.db)
        .await
        .expect("a count")
}

async fn accounts(world: &World, user: UserId) -> i64 {
    sqlx::query_scalar("select count(*) from identity.accounts where user_id = $1")
        .bind(user.0)
        .fetch_one(world.db())
        .await
        .expect("a count")
}

/// Statuses that a stream told, and whether it came to its end.
fn told(stream: &str) -> (Vec<String>, bool) {
    let data = stream.lines().filter_map(|line| line.strip_prefix("data: "));
    let statuses = data.filter_map(|data| {
        let state: Value = serde_json::from_str(data).expect("JSON");
        Some(state["status"].as_str()?.to_owned())
    });
    (statuses.collect(), stream.contains("event: end"))
}

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
fn whoever_is_away_beyond_the_deadline_is_not_waited_for_and_undoes_when_it_comes() {
    in_own_world(async |world| {
        let api = Api::start_with_steps(&world.test.api, "mailer,profile").await;
        let sign_up = SignUp::begin(world, &api).await;
        sign_up.completed("profile").await;
        sign_up.stands("pending", &["pending", "done"]).await;
        let passes = sqlx::query("update identity.registrations set deadline_at = now() where registration_id = $1");
        passes.bind(sign_up.id.0).execute(world.db()).await.expect("a deadline");
        let state = sign_up.stands("rejected", &["pending", "done"]).await;
        assert_eq!((&state["failed_step"], &state["reason"]), (&Value::Null, &json!("deadline")));
        assert_eq!(accounts(world, sign_up.user).await, 0);
        // The stream stays for both, but not long for the one that is away.
        let (stream, ()) = tokio::join!(sign_up.stream(None), sign_up.compensated("profile"));
        assert!(told(&stream).1, "{stream}");
        assert!(stream.contains("pending") && stream.contains("undone"), "{stream}");
        sign_up.stands("rejected", &["pending", "undone"]).await;
        // It saw the rejection before it was done, or not: nobody knows. It is rejected again, and then undone.
        let late = sign_up.completed("mailer").await;
        sign_up.stands("rejected", &["done", "undone"]).await;
        sign_up.say(late, StepCompleted { registration_id: sign_up.id, step: "mailer".to_owned() }).await;
        sign_up.compensated("mailer").await;
        sign_up.stands("rejected", &["undone", "undone"]).await;
        let said = sign_up.said().await;
        assert_eq!(said, ["registration_requested", "registration_rejected", "registration_rejected"]);
    });
}

#[test]
fn what_was_said_in_time_counts_although_nobody_has_heard_it() {
    in_own_world(async |world| {
        let api = Api::start_with_steps(&world.test.api, "mailer").await;
        let sign_up = SignUp::begin(world, &api).await;
        // Nobody can take answers in for a while.
        let places = async || {
            let rows = sqlx::query_scalar::<_, i64>("select count(*) from identity.registration_progress");
            let rows = rows.fetch_one(world.db()).await.expect("a count");
            (rows == i64::from(test_support::PARTITIONS)).then_some(())
        };
        wait_for("a place for each partition", places).await;
        let mut holder = world.db().begin().await.expect("a transaction");
        sqlx::query("select * from identity.registration_progress for update")
            .execute(&mut *holder)
            .await
            .expect("the places are held");
        sign_up.completed("mailer").await;
        let passed = sqlx::query(
            "update identity.registrations set deadline_at = now() - interval '1 minute' where registration_id = $1",
        );
        passed.bind(sign_up.id.0).execute(world.db()).await.expect("the deadline passed");
        // Long enough for several looks at deadlines.
        let looked = tokio::time::timeout(Duration::from_secs(3), sign_up.stream(None)).await;
        assert!(looked.is_err(), "nothing is decided: {looked:?}");
        holder.rollback().await.expect("let go");
        sign_up.stands("registered", &["done"]).await;
    });
}

#[test]
fn an_aborted_transaction_keeps_no_deadline_from_passing() {
    in_own_world(async |world| {
        let api = Api::start_with_steps(&world.test.api, "profile").await;
        let sign_up = SignUp::begin(world, &api).await;
        assert_eq!(sign_up.said().await, ["registration_requested"]);
        // At the end of every partition.
        let keys: Vec<String> = (0..20).map(|_| world.id().to_string()).collect();
        super::log::abort_transaction(&world.test.api, Topic::Registrations, &keys).await;
        let passed = sqlx::query(
            "update identity.registrations set deadline_at = now() - interval '1 minute' where registration_id = $1",
        );
        passed.bind(sign_up.id.0).execute(world.db()).await.expect("the deadline passed");
        let state = sign_up.stands("rejected", &["pending"]).await;
        assert_eq!(state["reason"], "deadline");
    });
}

#[test]
fn a_deadline_does_not_pass_while_the_request_is_unpublished() {
    in_own_world(async |world| {
        let api = Api::start_with_steps(&world.test.api, "profile").await;
        let sign_up = SignUp::begin(world, &api).await;
        assert_eq!(sign_up.said().await, ["registration_requested"]);
        // As if Kafka had not taken the request since long ago: no relay holds this shard.
        let key = sign_up.user.to_string();
        let waits = sqlx::query(
            "insert into control.outbox (shard, topic, key, headers, value) values (99, 'chat.users', $1, '[]', '')",
        );
        waits.bind(&key).execute(world.db()).await.expect("a row");
        let passed =
            "update identity.registrations set deadline_at = now() - interval '1 minute' where registration_id = $1";
        sqlx::query(passed).bind(sign_up.id.0).execute(world.db()).await.expect("the deadline passed");
        wait_for("the deadline to begin anew", async || {
            let late = "select deadline_at > now() + interval '30 seconds' from identity.registrations where registration_id = $1";
            sqlx::query_scalar::<_, bool>(late).bind(sign_up.id.0).fetch_one(world.db()).await.expect("a row").then_some(())
        })
        .await;
        sqlx::query("delete from control.outbox where shard = 99").execute(world.db()).await.expect("it is published");
        sign_up.completed("profile").await;
        sign_up.stands("registered", &["done"]).await;
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
