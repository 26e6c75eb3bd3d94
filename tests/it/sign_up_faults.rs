//! `kill -9` of everything that takes part in a sign-up, while many sign up through one port that two replicas share:
//! everybody is told how it ended, and what the parts keep of them agrees exactly.
//!
//! `SIGN_UPS=10000 ./dev test -p system-tests sign_up_faults` tries more of them than the few that every run does.

use std::collections::BTreeSet;
use std::time::Duration;

use sqlx::{Connection as _, PgConnection};
use test_support::balancer::Balancer;
use test_support::process::Process;
use test_support::servers::PrivateServers;
use test_support::signup_load::{Ended, Newcomers};
use test_support::{Api, Customers, Instance, wait_for_within};
use uuid::Uuid;

const FEW: usize = 200;
const AT_ONCE: usize = 200;
const PATIENCE: Duration = Duration::from_mins(2);

/// What is hit, in this order.
#[derive(Clone, Copy, Debug)]
enum Target {
    Mailer,
    Projector,
    Kafka,
    Redis,
    Replica,
    Customers,
}

const TARGETS: [Target; 6] =
    [Target::Mailer, Target::Projector, Target::Kafka, Target::Redis, Target::Replica, Target::Customers];

/// Every part in a process of its own.
struct Parts {
    replicas: [Process; 2],
    projector: Process,
    mailer: Process,
    customers: Option<Customers>,
    servers: PrivateServers,
    instance: Instance,
}

impl Parts {
    async fn start() -> Self {
        let servers = PrivateServers::start();
        let mut instance = Instance::on(&servers.servers).await;
        for (name, value) in [
            ("CHATLOG_REGISTRATION_STEPS", "customer,profile,mailer"),
            ("CHATLOG_PASSWORD_HASHES", "8"),
            ("CHATLOG_MAIL_RATE", "1000"),
            // What a killed mailer was sending is taken up three of these and a minute later.
            ("CHATLOG_SMTP_TIMEOUT", "1"),
            ("CHATLOG_MAIL_DIR", &mails(&instance).to_string_lossy()),
        ] {
            instance.program = instance.program.clone().with(name, value);
        }
        Self {
            replicas: instance.serve_replicas(&["command-api"]).await,
            projector: instance.serve("projector", &["projector"]).await,
            mailer: instance.serve("mailer", &["mailer"]).await,
            customers: Some(Customers::start(&instance, &[])),
            servers,
            instance,
        }
    }

    fn kill(&mut self, target: Target) {
        match target {
            Target::Mailer => self.mailer.kill(),
            Target::Projector => self.projector.kill(),
            Target::Replica => self.replicas[1].kill(),
            Target::Kafka => self.servers.kill("kafka"),
            Target::Redis => self.servers.kill("redis"),
            Target::Customers => self.customers = None,
        }
    }

    async fn restart(&mut self, target: Target) {
        let process = match target {
            Target::Mailer => &mut self.mailer,
            Target::Projector => &mut self.projector,
            Target::Replica => &mut self.replicas[1],
            Target::Kafka => return tokio::task::block_in_place(|| self.servers.restart("kafka")),
            Target::Redis => return tokio::task::block_in_place(|| self.servers.restart("redis")),
            Target::Customers => {
                self.customers = Some(Customers::start(&self.instance, &[]));
                return;
            }
        };
        process.start();
        process.ready().await;
    }
}

fn mails(instance: &Instance) -> std::path::PathBuf {
    instance.logs.path().join("mails")
}

/// Ids that a query gives.
async fn ids(instance: &Instance, sql: &'static str) -> BTreeSet<Uuid> {
    let mut database = PgConnection::connect(&instance.database()).await.expect("Postgres answers");
    let ids: Vec<Uuid> = sqlx::query_scalar(sql).fetch_all(&mut database).await.expect("ids");
    let set: BTreeSet<Uuid> = ids.iter().copied().collect();
    assert_eq!(set.len(), ids.len(), "somebody is there twice: {sql}");
    set
}

/// Waits until the parts keep exactly these people.
async fn agree(instance: &Instance, registered: &BTreeSet<Uuid>) {
    for (what, sql) in [
        ("registrations", "select user_id from identity.registrations where status = 'registered'"),
        ("accounts", "select user_id from identity.accounts"),
        ("profiles", "select user_id from g1.users"),
        ("customers", "select user_id from customers.accounts"),
        ("mails", "select user_id from mail.outgoing where status = 'sent'"),
    ] {
        let what = format!("{what} are those who were registered");
        wait_for_within(&what, PATIENCE, async || (ids(instance, sql).await == *registered).then_some(())).await;
    }
    let pending = "select registration_id from identity.registrations where status = 'pending'";
    assert_eq!(ids(instance, pending).await, BTreeSet::new(), "everything is decided");
}

/// One mail each lies in the folder, and what a kill may have written twice is the same mail.
fn written(instance: &Instance, registered: usize) {
    let mut written = BTreeSet::new();
    for file in std::fs::read_dir(mails(instance)).expect("the folder of mails") {
        let text = std::fs::read_to_string(file.expect("a file").path()).expect("a mail");
        let id = text.lines().find_map(|line| line.strip_prefix("Message-ID: ")).expect("an id");
        written.insert(id.to_owned());
    }
    assert_eq!(written.len(), registered, "mails in the folder");
}

fn report(ended: &[Ended], replicas: &[usize]) {
    let registered = ended.iter().filter(|one| one.status == "registered").count();
    let reasons: BTreeSet<_> = ended.iter().filter_map(|one| one.reason.as_deref()).collect();
    let total: Duration = ended.iter().map(|one| one.taken).sum();
    let mean = total / u32::try_from(ended.len()).expect("few");
    let longest = ended.iter().map(|one| one.taken).max().unwrap_or_default();
    println!(
        "{registered} of {} registered, the others rejected {reasons:?}; mean {} ms, max {} ms; connections {replicas:?}",
        ended.len(),
        mean.as_millis(),
        longest.as_millis()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_is_told_the_end_whatever_is_killed() {
    let many = std::env::var("SIGN_UPS").map_or(FEW, |many| many.parse().expect("SIGN_UPS is a number"));
    let mut parts = Parts::start().await;
    let balancer = Balancer::before(parts.replicas.iter().map(Process::address).collect()).await;
    let newcomers = Newcomers::start(&Api::new(balancer.url()), many, AT_ONCE);
    for (n, target) in (1_u32..).zip(TARGETS) {
        newcomers.until_ended(f64::from(n) / 10.0).await;
        println!("kill -9 of {target:?} after {} of {many}", newcomers.ended());
        parts.kill(target);
        newcomers.felt().await;
        parts.restart(target).await;
    }
    let ended = newcomers.finish().await;
    report(&ended, &balancer.served());
    assert!(balancer.served().iter().all(|connections| *connections > 0), "both replicas were asked");
    let of = |status: &str| -> BTreeSet<Uuid> {
        ended.iter().filter(|one| one.status == status).map(|one| one.user).collect()
    };
    let (registered, rejected) = (of("registered"), of("rejected"));
    assert_eq!(registered.len() + rejected.len(), many, "nobody is left without an answer");
    assert!(ended.iter().all(|one| one.status == "registered" || one.reason.is_some()), "each with a reason");
    agree(&parts.instance, &registered).await;
    written(&parts.instance, registered.len());
    let _ = parts.instance.program.run(&["verify"]);
}
