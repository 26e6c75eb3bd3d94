//! Folds the log into the read models, each event exactly once.
//!
//! Processes share the partitions of the projected topics by leases. Each partition has a task (`partition_task`) with a reader
//! that decodes and a writer that folds a batch and commits its rows together with the checkpoint. A task whose checkpoint
//! somebody else has taken cannot commit. [`fold`] is pure; everything else here is about getting events to it and rows from it.

mod assignment;
mod batch;
mod consumer;
mod context;
mod effects;
mod generations;
mod halt;
mod lease;
mod metrics;
mod parking;
mod partition_task;
mod push;
mod reader;
mod settings;
mod status;
mod store;
mod trace;
mod watch;
mod writer;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex};

use platform::outbox::Relay;
use platform::{HealthCheck, Lifecycle, Platform};
use read_model::Fold;
use sqlx::PgPool;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

pub use halt::HaltReason;
pub use parking::{Full, ParkedLimits};
pub use settings::Settings;

use crate::context::ProjectorContext;
use crate::generations::Generations;
use crate::push::{Publishing, Pushes};
use crate::status::ProjectorStatus;

/// A projector at work; its tasks hang on the lifecycle they were started with. Cheap to clone.
#[derive(Clone)]
pub struct Projector {
    shared: Arc<ProjectorContext>,
}

impl Projector {
    /// What keeps it from being ready, in words; empty when nothing does.
    #[must_use]
    pub fn concerns(&self) -> Vec<String> {
        self.shared.status.reasons()
    }

    /// What it folds into.
    #[must_use]
    pub fn generation(&self) -> i32 {
        self.shared.generation
    }

    /// The partitions it holds and the next offset of each, in the order of topics and partitions.
    #[must_use]
    pub fn reached(&self) -> Vec<(event_schema::Topic, i32, i64)> {
        let reached = self.shared.all_reached().into_iter();
        reached.map(|(partition, offset)| (partition.topic, partition.number, offset)).collect()
    }
}

/// The tables that a projector folds into.
#[derive(Clone, Debug)]
pub struct Target {
    /// What is folded, and by which fold.
    pub fold: Fold,
    pub generation: i32,
    /// Connections that see its tables.
    pub pool: PgPool,
}

/// Folds into every generation that there is of this fold, and relays the outbox, until the process ends. Generations that
/// are made later are found within a second.
pub fn start(platform: &Platform, fold: Fold, settings: &Settings) {
    metrics::describe();
    let lifecycle = &platform.lifecycle;
    // Any number of relays may run; the one of the command API may live in another process, or be down.
    lifecycle.spawn("relay", Relay::run(platform.clone(), lifecycle.soft()));
    let generations = Generations::new(platform, fold, settings);
    lifecycle.spawn("generations folded", generations.run(lifecycle.soft()));
}

/// Folds into one generation, for as long as a life of its own lasts. What keeps it from being ready is said to `check`.
#[must_use]
pub fn start_on(
    platform: &Platform,
    settings: &Settings,
    target: &Target,
    lifecycle: &Lifecycle,
    check: Option<HealthCheck>,
) -> Projector {
    metrics::describe();
    let (pushes, publish) = Pushes::new(platform.redis.clone());
    let shared = Arc::new(share(platform, settings, target, pushes));
    shared.status.report_to(check);
    spawn(lifecycle, &shared, publish);
    Projector { shared }
}

fn share(platform: &Platform, settings: &Settings, target: &Target, pushes: Pushes) -> ProjectorContext {
    let generation = target.generation;
    ProjectorContext {
        kafka: platform.kafka.clone(),
        fold: target.fold,
        generation,
        pool: own_pool(&target.pool, settings.projector_commits),
        outbox: platform.outbox.clone(),
        settings: settings.clone(),
        // Logs that share a cluster do not share a group.
        default_group: format!("{}chatlog-projector-g{generation}", platform.settings.kafka.topic_prefix),
        status: ProjectorStatus::new(generation),
        pushes,
        commits: Semaphore::new(settings.projector_commits as usize),
        clock: platform.clock.clone(),
        owner_requests: parking::owner_requests::OwnerRequests::default(),
        reached: Mutex::default(),
        ends: Mutex::default(),
        postgres: platform.settings.postgres.clone(),
    }
}

fn spawn(lifecycle: &Lifecycle, shared: &Arc<ProjectorContext>, publish: impl FnOnce(CancellationToken) -> Publishing) {
    let soft = lifecycle.soft();
    let done = CancellationToken::new();
    lifecycle.spawn("pushes", publish(done.clone()));
    let folding = assignment::run(Arc::clone(shared), soft.clone());
    lifecycle.spawn("projector", async move {
        folding.await;
        done.cancel();
    });
    lifecycle.spawn("parked keys", parking::watch_requests(Arc::clone(shared), soft.clone()));
    lifecycle.spawn("projector lag", watch::run(Arc::clone(shared), soft));
}

/// Connections apart from the queries': neither waits for the other's, and a switch to another generation, which closes
/// the queries' pool, does not stop the folding of this one.
fn own_pool(like: &PgPool, commits: u32) -> PgPool {
    let options = like.options().clone();
    let connect = like.connect_options();
    // One more, for taking partitions while all others commit.
    options.max_connections(commits + 1).connect_lazy_with((*connect).clone())
}
