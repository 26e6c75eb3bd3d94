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
use test_support::person::messages;
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
