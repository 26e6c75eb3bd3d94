//! Processes join and leave under load: nobody's request fails because of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use sqlx::{Connection as _, PgConnection};
use test_support::answer::try_send;
use test_support::assertions::assert_nothing_lost;
use test_support::load::Load;
use test_support::person::messages;
use test_support::process::Process;
use test_support::random::{again, seed, unique};
use test_support::{Api, Instance, Person, Room, log, wait_for_within};

const PATIENCE: Duration = Duration::from_mins(1);

/// Reads what it has just written, again and again, with the waits that people get who set nothing; what was not answered as it
/// should be, and how long it took each time from the request until the message could be read.
async fn write_and_read(person: Person, room: Room, stop: Arc<AtomicBool>) -> (Vec<String>, Vec<Duration>) {
    let (mut failures, mut took) = (Vec::new(), Vec::new());
    while !stop.load(Ordering::Relaxed) {
        let began = Instant::now();
        let post = person.request(Method::POST, &messages(&room)).header("idempotency-key", unique());
        let posted = try_send(post.json(&json!({"text": "seen at once"}))).await.expect("an answer");
        if posted.status != 202 {
            failures.push(posted.to_string());
            continue;
        }
        let page = person.get(&format!("{}?limit=1&at_least={}", messages(&room), posted.position())).await;
        if page.status != 200 {
            failures.push(page.to_string());
        }
        took.push(began.elapsed());
        let me = person.get("/v1/me").await;
        if me.status != 200 {
            failures.push(me.to_string());
        }
    }
    (failures, took)
}

async fn join(instance: &Instance, name: &str) -> Process {
    let mut process = Process::serve(&instance.program, name, &[], instance.logs.path());
    process.ready().await;
    process
}

/// Every partition is held, by so many processes.
async fn shared_by(instance: &Instance, processes: i64) {
    let mut database = PgConnection::connect(&instance.database()).await.expect("Postgres answers");
    let shared = "select (select count(*) from control.lease_holders where work = 'projector/g1') = $1
        and not exists (select from control.leases where work = 'projector/g1' and holder is null)";
    while !sqlx::query_scalar::<_, bool>(shared).bind(processes).fetch_one(&mut database).await.expect("a row") {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn joining_and_leaving_costs_nobody_an_answer() {
    let seed = seed();
    println!("{}", again(seed));
    let instance = Instance::on_given_servers().await;
    let first = join(&instance, "process-0").await;
    let api = Api::new(first.url());
    let owner = Person::sign_up(&api, "owner").await;
    let mut rooms = Vec::new();
    for n in 0..6 {
        rooms.push(owner.channel(&format!("Joined {n}")).await);
    }
    let (busy, read) = rooms.split_at(2);
    let load = Load::start(std::slice::from_ref(&owner), busy, seed);
    let stop = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> =
        read.iter().map(|room| tokio::spawn(write_and_read(owner.clone(), room.clone(), Arc::clone(&stop)))).collect();
    load.goes_on(20).await;
    let (mut second, mut third) = tokio::join!(join(&instance, "process-1"), join(&instance, "process-2"));
    shared_by(&instance, 3).await;
    load.goes_on(20).await;
    for (process, left) in [(&mut second, 2), (&mut third, 1)] {
        process.terminate();
        wait_for_within("it ends when asked", PATIENCE, async || process.exit()).await;
        shared_by(&instance, left).await;
    }
    load.goes_on(20).await;
    stop.store(true, Ordering::Relaxed);
    let (mut failures, mut took) = (Vec::new(), Vec::new());
    for reader in readers {
        let (failed, times) = reader.await.expect("no panic");
        failures.extend(failed);
        took.extend(times);
    }
    took.sort();
    let (half, most) = (took[took.len() / 2], took[took.len() * 99 / 100]);
    println!("{} posts read again: p50 {half:?}, p99 {most:?}, longest {:?}", took.len(), took[took.len() - 1]);
    assert_eq!(failures, [] as [String; 0]);
    assert_eq!(load.failures(), 0);
    let acked = load.finish().await;
    let log = log::read(&instance).await;
    assert_nothing_lost(&owner, busy, &acked, &log).await;
}
