//! Takes the log in: what asks for mails, and what the sign-up saga wants of the mailer.
//!
//! Processes share the partitions by leases; what keeps two from taking in the same event is the checkpoint, which
//! moves in the transaction that writes what follows from its events, and only from where the reader believes it to be.

mod batch;
mod mail_action;
mod reader;

use std::sync::Arc;
use std::time::Duration;

use event_schema::Topic;
use platform::HealthCheck;
use platform::leases::Leases;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::backoff;
use crate::context::MailerContext;
use crate::store::checkpoints::Place;
use reader::{Reader, Round};

const TOPICS: [Topic; 2] = [Topic::Users, Topic::Mail];
/// What is shared, as the leases name it.
const WORK: &str = "mailer";
/// How long something that failed rests.
const REST: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));
/// How often what cannot be read is tried again.
const AGAIN: Duration = Duration::from_secs(15);

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Takes in until asked to end.
pub(crate) async fn run(shared: Arc<MailerContext>, soft: CancellationToken) {
    let check = shared.platform.health.register("mailer");
    let mut failures = 0;
    while !soft.is_cancelled() {
        let began = Instant::now();
        match hold(&shared, &check, &soft).await {
            Ok(()) => return,
            Err(error) => {
                failures = if began.elapsed() > REST.1 { 1 } else { failures + 1 };
                tracing::warn!(%error, "failed to read mail requests from the log; retrying");
                // One that succeeds at once is no reason to be called not ready.
                if failures > 2 {
                    check.degraded(error.to_string());
                }
                let wait = backoff::wait(REST.0, REST.1, failures, shared.random());
                let _ = tokio::time::timeout(wait, soft.cancelled()).await;
            }
        }
    }
}

/// Takes in what falls to this process, until asked to end or until its leases are lost.
async fn hold(shared: &MailerContext, check: &HealthCheck, soft: &CancellationToken) -> Result<(), Error> {
    let platform = &shared.platform;
    let places = places(shared).await?;
    let mut leases = Leases::connect(&platform.settings.postgres, WORK, i32::try_from(places.len())?).await?;
    let mut reader = Reader::new(platform)?;
    let (mut renew, mut read_again) = (Instant::now(), Instant::now());
    let mut held = Vec::new();
    while !soft.is_cancelled() {
        if renew <= Instant::now() {
            // Between two rounds nothing is in hand.
            let surplus = leases.renew().await?;
            if !surplus.is_empty() {
                leases.release(&surplus).await?;
            }
            renew = Instant::now() + leases.next_renewal();
            let now_held = leases.held();
            let unread = reader.is_unread() && read_again.elapsed() >= AGAIN;
            if now_held != held || unread {
                let ours: Vec<Place> = now_held.iter().filter_map(|item| place(&places, *item)).collect();
                reader.read(&ours).await?;
                (held, read_again) = (now_held, Instant::now());
            }
            match reader.concern() {
                Some(concern) => {
                    check.begun();
                    check.degraded(concern);
                }
                None => check.ready(),
            }
        }
        match reader.round(shared, soft).await? {
            Round::Done => {}
            // Somebody else took the same events in, or the log is not what it was: read again from the checkpoints.
            Round::Lost => {
                held.clear();
                renew = Instant::now();
            }
        }
    }
    Ok(leases.leave().await?)
}

/// Every partition that is read, always in the same order: their places in it are what is shared.
async fn places(shared: &MailerContext) -> Result<Vec<Place>, platform::kafka::KafkaError> {
    let mut places = Vec::new();
    for topic in TOPICS {
        let partitions = shared.platform.kafka.partitions(topic).await?;
        places.extend((0..partitions).map(|partition| (topic, partition)));
    }
    Ok(places)
}

fn place(places: &[Place], item: i32) -> Option<Place> {
    places.get(usize::try_from(item).ok()?).copied()
}
