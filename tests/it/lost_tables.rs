//! The read models' tables are lost, as when only a part of the database was restored: the log has everything.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use sqlx::{Connection as _, Executor as _, PgConnection};
use test_support::answer::try_send;
use test_support::person::messages;
use test_support::{Api, Instance, Person, wait_for_within};

const PATIENCE: Duration = Duration::from_mins(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_tables_are_named_posts_are_taken_and_a_rebuild_brings_all_back() {
    let instance = Instance::on_given_servers().await;
    let process = instance.serve("all-roles", &[]).await;
    let owner = Person::sign_up(&Api::new(process.url()), "owner").await;
    let room = owner.channel("Lost and found").await;
    let before = owner.say(&room, "before").await;
    let _ = owner.get(&format!("{}?at_least={}", messages(&room), before.position)).await.expect(200);
    let mut database = PgConnection::connect(&instance.database()).await.expect("Postgres answers");
    database.execute("drop schema g1 cascade").await.expect("dropped");

    let _ = owner.get(&messages(&room)).await.problem(503, "tables-missing");
    let post = owner.request(Method::POST, &messages(&room)).header("prefer", "wait=1");
    let during = try_send(post.json(&json!({"text": "during"}))).await.expect("an answer").expect(202);
    let named = wait_for_within("the process says what is lost", PATIENCE, async || {
        let (status, text) = process.readiness().await;
        assert_eq!(status, 200, "{text}");
        text.contains("degraded: read models: generation 1 has lost").then_some(text)
    })
    .await;
    assert!(named.contains("messages") && named.contains("chatlog rebuild"), "{named}");
    let migrate = instance.program.output(&["migrate"]);
    assert!(!migrate.status.success());
    assert!(String::from_utf8_lossy(&migrate.stderr).contains("generation 1 has lost"), "{migrate:?}");

    let _ = instance.program.run(&["rebuild"]);
    let page = wait_for_within("pages are served again", PATIENCE, async || {
        let page = owner.get(&format!("{}?at_least={}", messages(&room), during.position())).await;
        (page.status == 200).then_some(page)
    })
    .await;
    let texts: Vec<&str> = page.body["items"]
        .as_array()
        .expect("items")
        .iter()
        .filter_map(|item| item["content"]["text"].as_str())
        .collect();
    assert_eq!(texts, ["during", "before"]);
    // Whoever signs up now is not kept waiting by effects that nobody tells.
    let _ = Person::sign_up(&Api::new(process.url()), "newcomer").await;
    let _ = instance.program.run(&["verify"]);
    let _ = instance.program.run(&["migrate"]);
}
