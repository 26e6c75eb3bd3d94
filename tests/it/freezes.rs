//! Processes and servers that are frozen (`SIGSTOP`): nothing of them waits for ever, and thawed they do no harm.
//!
//! By hand, with more rounds: `CHATLOG_TEST_ROUNDS=20 ./dev test -p system-tests freezes`.

use std::time::{Duration, Instant};

use futures::future::join_all;
use reqwest::Method;
use serde_json::json;
use test_support::answer::try_send;
use test_support::assertions::assert_nothing_lost;
use test_support::load::Load;
use test_support::person::{PASSWORD, messages};
use test_support::process::Process;
use test_support::random::{again, seed, unique};
use test_support::servers::PrivateServers;
use test_support::{Api, Instance, Person, Room, log, wait_for_within};

/// Longer than the session time-out of a Kafka consumer, and than leases last.
const FROZEN: Duration = Duration::from_secs(11);
/// The end of everybody's patience; what is expected is a few seconds.
const PATIENCE: Duration = Duration::from_mins(1);
/// More than one for each partition.
const ROOMS: usize = 6;

fn rounds() -> usize {
    std::env::var("CHATLOG_TEST_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(2)
}

async fn processes(instance: &Instance, count: usize) -> Vec<Process> {
    let names: Vec<String> = (0..count).map(|n| format!("process-{n}")).collect();
    join_all(names.iter().map(|name| instance.serve(name, &[]))).await
}

/// A post that is repeated under its key until it is folded.
async fn post_until_folded(person: &Person, room: &Room, round: usize) {
    let key = format!("round-{round}-{}", unique());
    wait_for_within("a post to be folded", PATIENCE, async || {
        let post = person.request(Method::POST, &messages(room)).header("idempotency-key", &key);
        let answer = try_send(post.header("prefer", "wait=5").json(&json!({"text": format!("round {round}")}))).await;
        answer.ok().filter(|answer| answer.status == 201).map(drop)
    })
    .await;
}

/// Kafka is frozen for longer than any session, thawed, killed, and started again.
async fn brokers_freeze_and_die(count: usize) {
    let servers = PrivateServers::start();
    let instance = Instance::on(&servers.servers).await;
    let processes = processes(&instance, count).await;
    let owner = Person::sign_up(&Api::new(processes[0].url()), "owner").await;
    let mut rooms = Vec::new();
    for n in 0..ROOMS {
        rooms.push(owner.channel(&format!("Frozen {n}")).await);
    }
    for round in 0..rounds() {
        servers.freeze("kafka");
        tokio::time::sleep(FROZEN).await;
        servers.thaw("kafka");
        servers.kill("kafka");
        tokio::task::block_in_place(|| servers.restart("kafka"));
        let back = Instant::now();
        join_all(rooms.iter().map(|room| post_until_folded(&owner, room, round))).await;
        let _ = Person::sign_up(&Api::new(processes[0].url()), "newcomer").await;
        println!(
            "{count} processes, round {round}: folded and signed up {:.1} s after Kafka was back",
            back.elapsed().as_secs_f64()
        );
    }
    let _ = instance.program.run(&["verify"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn folding_goes_on_when_brokers_froze_and_died() {
    brokers_freeze_and_die(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn folding_goes_on_in_three_processes_when_brokers_froze_and_died() {
    brokers_freeze_and_die(3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_up_outlives_an_outage_that_is_longer_than_its_deadline() {
    let servers = PrivateServers::start();
    let mut instance = Instance::on(&servers.servers).await;
    instance.program = instance.program.clone().with("CHATLOG_REGISTRATION_DEADLINE", "5");
    let process = instance.serve("process", &[]).await;
    let api = Api::new(process.url());
    let reader = Person::sign_up(&api, "reader").await;
    let room = reader.channel("Read on").await;
    let said = reader.say(&room, "before the outage").await;
    let page = reader.get(&format!("{}?at_least={}", messages(&room), said.position)).await.expect(200);
    servers.kill("kafka");
    // Without the log nothing is written, and everything is read.
    wait_for_within("the process says that it is degraded", PATIENCE, async || {
        let (status, text) = process.readiness().await;
        assert_eq!(status, 200, "{text}");
        text.contains("degraded: kafka: ").then_some(())
    })
    .await;
    let again = reader.get(&messages(&room)).await.expect(200);
    assert_eq!(again.body["items"], page.body["items"]);
    let username = format!("newcomer-{}", unique());
    let email = format!("{username}@example.org");
    let body = json!({"username": username, "email": email, "password": PASSWORD});
    let begun = api.post("/v1/users", &body).await.expect(202);
    tokio::time::sleep(Duration::from_secs(8)).await;
    tokio::task::block_in_place(|| servers.restart("kafka"));
    let path = format!("/v1/registrations/{}", begun.id("registration_id"));
    let decided = wait_for_within("the sign-up is decided", PATIENCE, async || {
        let state = try_send(api.request(Method::GET, &path)).await.ok()?.body;
        (state["status"] != "pending").then_some(state)
    })
    .await;
    assert_eq!(decided["status"], "registered", "{decided}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_partition_degrades_a_process_that_serves_the_others() {
    let instance = Instance::on_given_servers().await;
    let process = instance.serve("all-roles", &[]).await;
    let owner = Person::sign_up(&Api::new(process.url()), "owner").await;
    let mut rooms = Vec::new();
    for n in 0..ROOMS {
        rooms.push(owner.channel(&format!("Degraded {n}")).await);
        let _ = owner.say(&rooms[n], "before").await;
    }
    log::write_of_a_newer_version(&instance, &rooms[0]).await;
    let paused = wait_for_within("the process says what is paused", PATIENCE, async || {
        let (status, text) = process.readiness().await;
        assert_eq!(status, 200, "{text}");
        text.contains("degraded: projector: chat.rooms/").then_some(text)
    })
    .await;
    assert!(paused.contains("upgrade the projector"), "{paused}");
    for room in &rooms {
        let _ = owner.get(&messages(room)).await.expect(200);
    }
    let elsewhere = join_all(rooms.iter().map(|room| async {
        let post = owner.request(Method::POST, &messages(room)).header("prefer", "wait=2");
        try_send(post.json(&json!({"text": "after"}))).await.expect("an answer").status
    }))
    .await;
    // Taken by the log in any case; folded where the partition is not paused.
    assert!(elsewhere.iter().all(|status| matches!(status, 201 | 202)), "{elsewhere:?}");
    assert!(elsewhere.contains(&201) && elsewhere[0] == 202, "{elsewhere:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frozen_processes_hold_nothing() {
    let seed = seed();
    println!("{}", again(seed));
    let instance = Instance::on_given_servers().await;
    let processes = processes(&instance, 3).await;
    let api = Api::new(processes[0].url());
    let owner = Person::sign_up(&api, "owner").await;
    let rooms = [owner.channel("Held").await, owner.channel("Held, too").await];
    let load = Load::start(std::slice::from_ref(&owner), &rooms, seed);
    load.goes_on(5).await;
    for frozen in &processes[1..] {
        frozen.freeze();
    }
    let began = Instant::now();
    join_all((0..8).map(|_| Person::sign_up(&api, "newcomer"))).await;
    load.goes_on(5).await;
    println!("8 sign-ups done {:.1} s after two of three processes were frozen", began.elapsed().as_secs_f64());
    for frozen in &processes[1..] {
        frozen.thaw();
    }
    // They go on with what they had in hand, and find that it is others' now.
    let apis: Vec<Api> = processes.iter().map(|process| Api::new(process.url())).collect();
    join_all((0..8).map(|n| Person::sign_up(&apis[n % 3], "newcomer"))).await;
    load.goes_on(5).await;
    let acked = load.finish().await;
    let log = log::read(&instance).await;
    assert_nothing_lost(&owner, &rooms, &acked, &log).await;
    let _ = instance.program.run(&["verify"]);
}
