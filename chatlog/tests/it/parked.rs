//! A poisoned room through the whole platform: senders, readers, administrators and their tools.

use event_schema::{Topic, UserId};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use sqlx::Executor as _;
use test_support::wait_for;
use tokio::process::Command;

use crate::origin::Origin;

/// Senders of this story wait so long for the fold.
const WAIT_SECONDS: u32 = 10;
/// Or not longer, where it stands still.
const SHORT_WAIT_SECONDS: u32 = 2;

impl Origin {
    async fn get(&self, by: UserId, path: &str) -> (u16, Value) {
        let answer = self.ask(by, (Method::GET, path), WAIT_SECONDS, None).await;
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }

    /// The exit code of the program, and what it printed.
    async fn said(&self, arguments: &[&str]) -> (i32, String) {
        let settings = &self.test.settings;
        let output = Command::new(env!("CARGO_BIN_EXE_chatlog"))
            .args(arguments)
            .env("KAFKA_BROKERS", &settings.kafka.brokers)
            .env("CHATLOG_TOPIC_PREFIX", &settings.kafka.topic_prefix)
            .env("DATABASE_URL", settings.postgres.database_url.expose())
            .kill_on_drop(true)
            .output()
            .await
            .expect("the program");
        let (out, notes) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output.status.code().unwrap_or(-1), format!("{out}{notes}"))
    }

    /// A group of one.
    async fn room(&self, owner: UserId) -> String {
        let answer = self.ask(owner, (Method::POST, "/v1/rooms"), WAIT_SECONDS, Some(&json!({"kind": "group"}))).await;
        assert!(answer.status().is_success());
        let body: Value = answer.json().await.expect("JSON");
        body["room_id"].as_str().expect("an id").to_owned()
    }

    /// Whether the fold is known to have taken it, and the position.
    async fn post(&self, by: UserId, room: &str, text: &str) -> (bool, String) {
        self.post_within(by, room, text, WAIT_SECONDS).await
    }

    async fn post_within(&self, by: UserId, room: &str, text: &str, seconds: u32) -> (bool, String) {
        let path = format!("/v1/rooms/{room}/messages");
        let answer = self.ask(by, (Method::POST, &path), seconds, Some(&json!({"text": text}))).await;
        assert!(answer.status().is_success(), "{answer:?}");
        let waited = answer.headers().contains_key("preference-applied");
        let body: Value = answer.json().await.expect("JSON");
        (waited, body["position"].as_str().expect("a position").to_owned())
    }

    async fn outcome(&self, by: UserId, position: &str) -> Value {
        self.get(by, &format!("/v1/outcomes?position={position}")).await.1
    }

    async fn acts(&self) -> i64 {
        let mut acts = 0;
        for number in 0..self.platform().kafka.partitions(Topic::Admin).await.expect("partitions") {
            acts += self.platform().kafka.watermarks(Topic::Admin, number).await.expect("a log").1;
        }
        acts
    }
}

fn is_marked(answer: &Response) -> bool {
    answer.headers().get("chatlog-parked").is_some_and(|value| value == "1")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poisoned_room_says_so_and_is_let_go() {
    let origin = Origin::start().await;
    let tables = origin.read_model().pool();
    let refuse = "alter table messages add constraint no_stones check (item not like '%a stone%')";
    tables.execute(refuse).await.expect("a constraint");
    let (owner, admin) = (origin.person(&[]).await, origin.person(&["admin"]).await);
    let (room, other) = (origin.room(owner).await, origin.room(owner).await);
    assert!(origin.post(owner, &room, "bread").await.0);
    let (waited, stone) = origin.post_within(owner, &room, "a stone", SHORT_WAIT_SECONDS).await;
    let (waited_behind, behind) = origin.post_within(owner, &room, "more bread", SHORT_WAIT_SECONDS).await;
    assert!(!waited && !waited_behind, "nobody knows what becomes of it");
    assert!(origin.post(owner, &other, "bread").await.0, "every other room goes on");
    for position in [&stone, &behind] {
        assert_eq!(origin.outcome(owner, position).await, json!({"outcome": "pending"}));
    }

    wait_for("both to be parked", async || {
        let parked = sqlx::query_scalar::<_, i64>("select count(*) from parked").fetch_one(&tables).await;
        (parked.expect("a count") == 2).then_some(())
    })
    .await;

    // Readers are told.
    let answer = origin.ask(owner, (Method::GET, &format!("/v1/rooms/{room}")), WAIT_SECONDS, None).await;
    assert!(is_marked(&answer));
    assert_eq!(answer.json::<Value>().await.expect("JSON")["parked"], true);
    let answer = origin.ask(owner, (Method::GET, &format!("/v1/rooms/{room}/messages")), WAIT_SECONDS, None).await;
    assert!(is_marked(&answer));
    assert_eq!(answer.json::<Value>().await.expect("JSON")["items"].as_array().map(Vec::len), Some(1));
    let answer = origin.ask(owner, (Method::GET, &format!("/v1/rooms/{other}")), WAIT_SECONDS, None).await;
    assert!(!is_marked(&answer));
    assert_eq!(answer.json::<Value>().await.expect("JSON").get("parked"), None);
    // Nobody is refused by what may be out of date.
    for (method, body) in [(Method::GET, None), (Method::POST, Some(json!({"text": "let me in"})))] {
        let answer =
            origin.ask(admin, (method, &format!("/v1/rooms/{room}/messages")), WAIT_SECONDS, body.as_ref()).await;
        let status = answer.status().as_u16();
        let kind = answer.json::<Value>().await.expect("JSON")["type"].clone();
        assert_eq!((status, kind), (503, "urn:chatlog:problem:parked".into()));
    }

    administer(&origin, (owner, admin), &room).await;
    assert_eq!(origin.outcome(owner, &stone).await, json!({"outcome": "rejected", "reason": "dropped"}));
    assert_eq!(origin.outcome(owner, &behind).await["outcome"], "applied");
    let answer = origin.ask(owner, (Method::GET, &format!("/v1/rooms/{room}")), WAIT_SECONDS, None).await;
    assert!(!is_marked(&answer));
    assert!(origin.post(owner, &room, "bread").await.0);
    origin.test.finish().await;
}

/// Looks at the parked room in every way, and gives the stone up.
async fn administer(origin: &Origin, (owner, admin): (UserId, UserId), room: &str) {
    assert_eq!(origin.get(owner, "/v1/admin/parked").await.0, 403);
    let (status, page) = origin.get(admin, "/v1/admin/parked").await;
    assert_eq!(
        (status, page["items"][0]["key"].as_str(), page["items"][0]["events"].as_i64()),
        (200, Some(room), Some(2))
    );
    let (_, events) = origin.get(admin, &format!("/v1/admin/parked/{room}?limit=1")).await;
    let stone = events["items"][0]["event_id"].clone();
    let next = events["next"].as_str().expect("more");
    let (_, events) = origin.get(admin, &format!("/v1/admin/parked/{room}?after={next}")).await;
    let second = events["items"][0].clone();
    assert_eq!((second.get("reason"), second["type"].as_str()), (None, Some("chat.message.posted.v1")));

    let act = async |by, what: &str, body: Value| {
        let answer =
            origin.ask(by, (Method::POST, &format!("/v1/admin/parked/{room}/{what}")), WAIT_SECONDS, Some(&body)).await;
        (answer.status().as_u16(), answer.json::<Value>().await.expect("JSON"))
    };
    assert_eq!(act(owner, "retry", json!({})).await.0, 403);
    assert_eq!(act(admin, "retry", json!({})).await.0, 202);
    let (status, problem) = act(admin, "drop", json!({"event_id": second["event_id"]})).await;
    assert_eq!((status, problem["type"].as_str()), (409, Some("urn:chatlog:problem:cannot-be-dropped")));

    // The same by the program; first it is tried again, in vain.
    let (code, words) = origin.said(&["parked", "retry", room]).await;
    assert!(code == 0 && words.contains("stays parked") && words.contains("no_stones"), "{code}: {words}");
    let (code, words) = origin.said(&["parked", "list"]).await;
    assert!(code == 0 && words.contains(room) && words.contains("no_stones"), "{code}: {words}");
    let (code, words) = origin.said(&["parked", "show", room]).await;
    assert!(code == 0 && words.contains("a stone") && words.contains("more bread"), "{code}: {words}");
    let (code, words) = origin.said(&["parked", "show", room, "--json"]).await;
    let first: Value = serde_json::from_str(words.lines().next().expect("a line")).expect("JSON");
    assert_eq!((code, &first["headers"]["ce_id"]), (0, &stone));
    let (code, words) = origin.said(&["verify"]).await;
    assert!(code == 0, "{code}: {words}");
    let (code, words) = origin.said(&["parked", "drop", room, stone.as_str().expect("an id")]).await;
    assert!(
        code == 0 && words.contains("is given up") && words.contains("nothing is parked any more"),
        "{code}: {words}"
    );
    let (code, words) = origin.said(&["parked", "drop", room]).await;
    assert!(code == 1 && words.contains("nothing of key"), "{code}: {words}");
    wait_for("two retries and a drop to be told", async || (origin.acts().await >= 3).then_some(())).await;
    let (code, words) = origin.said(&["verify"]).await;
    assert!(code == 0, "{code}: {words}");
}
