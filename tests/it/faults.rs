//! `kill -9` of everything in turn, under load: nothing acked is lost, nothing counts twice, and the order is the log's.
//!
//! On servers of its own. Nothing here measures time: each blow waits until the load has felt it, each recovery until
//! every writer is acked again.

use reqwest::Method;
use test_support::answer::try_send;
use test_support::assertions::{assert_nothing_lost, settled};
use test_support::load::{Acked, Load};
use test_support::membership_churn::Visitor;
use test_support::person::{batch, ids, messages};
use test_support::process::Process;
use test_support::random::{again, seed};
use test_support::servers::PrivateServers;
use test_support::{Api, Instance, Person, Random, Room, log};

const WRITERS: usize = 6;
const ROOMS: usize = 4;
/// Commands that each writer must get acked after each recovery.
const CALM: usize = 10;
/// What the load may get acked during an outage that it does not feel.
const UNTOUCHED: usize = 200;

/// What can be hit.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Target {
    CommandApi,
    Projector,
    QueryApi,
    Server(&'static str),
}

const TARGETS: [Target; 6] = [
    Target::Projector,
    Target::CommandApi,
    Target::Server("kafka"),
    Target::Server("postgres"),
    Target::QueryApi,
    Target::Server("redis"),
];

/// Every part in a process of its own.
struct Parts {
    command_api: Process,
    projector: Process,
    query_api: Process,
    servers: PrivateServers,
    instance: Instance,
}

impl Parts {
    async fn start() -> Self {
        let servers = PrivateServers::start();
        let instance = Instance::on(&servers.servers).await;
        Self {
            command_api: instance.serve("command-api", &["command-api"]).await,
            projector: instance.serve("projector", &["projector", "mailer"]).await,
            query_api: instance.serve("query-api", &["query-api"]).await,
            servers,
            instance,
        }
    }

    fn process(&mut self, target: Target) -> Option<&mut Process> {
        match target {
            Target::CommandApi => Some(&mut self.command_api),
            Target::Projector => Some(&mut self.projector),
            Target::QueryApi => Some(&mut self.query_api),
            Target::Server(_) => None,
        }
    }

    fn kill(&mut self, target: Target) {
        match (target, self.process(target)) {
            (Target::Server(server), _) => self.servers.kill(server),
            (_, Some(process)) => process.kill(),
            (_, None) => {}
        }
    }

    async fn restart(&mut self, target: Target) {
        match (target, self.process(target)) {
            (Target::Server(server), _) => tokio::task::block_in_place(|| self.servers.restart(server)),
            (_, Some(process)) => {
                process.start();
                process.ready().await;
            }
            (_, None) => {}
        }
    }
}

/// Strikes, waits until it is felt, lets it come back, and waits until it is overcome.
async fn strike(parts: &mut Parts, load: &Load, target: Target) {
    let before = (load.failures(), load.acks());
    println!("kill -9 of {target:?} after {} acked commands", before.1);
    parts.kill(target);
    load.felt(before, UNTOUCHED).await;
    parts.restart(target).await;
    load.goes_on(CALM).await;
}

async fn people(api: &Api) -> (Vec<Person>, Vec<Room>) {
    let owner = Person::sign_up(api, "owner").await;
    let mut rooms = Vec::new();
    for n in 0..ROOMS {
        rooms.push(owner.channel(&format!("Storm {n}")).await);
    }
    let mut writers = vec![owner];
    while writers.len() < WRITERS {
        let writer = Person::sign_up(api, "writer").await;
        for room in &rooms {
            let _ = writer.join(room).await.expect(202);
        }
        writers.push(writer);
    }
    (writers, rooms)
}

/// Sends commands again that were acked long ago: the same ids, and no effect.
async fn repeat_late(acked: &[Acked], random: &mut Random) {
    for _ in 0..50 {
        let command = random.choose(acked);
        let texts: Vec<_> = command.texts.iter().map(|text| serde_json::json!({"text": text})).collect();
        let single = !command.batch;
        let (path, body) = if single {
            (messages(&command.room), texts[0].clone())
        } else {
            (batch(&command.room), serde_json::json!({"messages": texts}))
        };
        let request = command.person.request(Method::POST, &path).header("idempotency-key", &command.key).json(&body);
        let answer = try_send(request).await.expect("an answer").expect(202);
        let again = if single { vec![answer.id("message_id")] } else { ids(&answer) };
        assert_eq!(again, command.ids, "{}: {answer}", command.key);
    }
}

async fn storm(parts: &mut Parts, seed: u64) {
    let mut random = Random::new(seed, 0);
    let (writers, rooms) = people(&Api::new(parts.command_api.url())).await;
    let load = Load::start(&writers, &rooms, seed);
    let visitor = Visitor::start(&Person::sign_up(&writers[0].api, "visitor").await, &rooms);
    load.goes_on(CALM).await;
    let mut targets = TARGETS;
    random.shuffle(&mut targets);
    for target in targets {
        strike(parts, &load, target).await;
    }
    let visits = visitor.finish().await;
    let acked = load.finish().await;
    assert!(visits > 0, "nobody came");
    println!("{} commands acked, {} messages", acked.len(), acked.iter().map(|one| one.ids.len()).sum::<usize>());

    let reader = writers[0].at(Api::new(parts.query_api.url()));
    let _ = settled(&reader, &rooms[0], &acked).await;
    repeat_late(&acked, &mut random).await;
    let log = log::read(&parts.instance).await;
    assert_nothing_lost(&reader, &rooms, &acked, &log).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acked_is_lost_whatever_is_killed() {
    let seed = seed();
    println!("{}", again(seed));
    let mut parts = Parts::start().await;
    storm(&mut parts, seed).await;
}
