//! Keeps a membership in the group, and a keeper for each partition that is ours.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use event_schema::Topic;
use futures::FutureExt as _;
use futures::future::join_all;
use platform::Backoff;
use platform::lifecycle::panic_message;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use read_model::Partition;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::consumer::{AssignmentChange, Membership};
use crate::context::LONGEST_PAUSE;
use crate::context::ProjectorContext;
use crate::halt::{HaltReason, Halted};
use crate::lease::{self, Lease};
use crate::partition_task::PartitionTask;
use crate::status::Concern;

/// A keeper that has not ended by then is cut; its epoch keeps it from doing harm.
const RELEASE: Duration = Duration::from_secs(5);
/// How often offsets are told to the group.
const TELL: Duration = Duration::from_secs(1);

/// Folds what the group gives, until asked to end.
pub(crate) async fn run(shared: Arc<ProjectorContext>, soft: CancellationToken) {
    let mut backoff = Backoff::up_to(LONGEST_PAUSE);
    while !soft.is_cancelled() {
        shared.status.raise(Concern::Joining, "joining the consumer group");
        match Membership::join(&shared.kafka, &shared.group(), &Topic::PROJECTED) {
            Ok(membership) => Session::new(Arc::clone(&shared), membership).run(&soft).await,
            Err(error) => tracing::error!(%error, "failed to join the consumer group; retrying"),
        }
        let wait = backoff.next_pause();
        let _ = tokio::time::timeout(wait, soft.cancelled()).await;
    }
}

/// A keeper at work. Dropping it cuts it.
struct Running {
    released: CancellationToken,
    task: JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Session {
    shared: Arc<ProjectorContext>,
    running: HashMap<Partition, Running>,
    membership: Membership,
    rejoin: (mpsc::Sender<()>, mpsc::Receiver<()>),
}

impl Session {
    fn new(shared: Arc<ProjectorContext>, membership: Membership) -> Self {
        Self { shared, running: HashMap::new(), membership, rejoin: mpsc::channel(1) }
    }

    /// Ends when asked to, or when a new membership is needed.
    async fn run(mut self, soft: &CancellationToken) {
        let mut tell = tokio::time::interval(TELL);
        loop {
            let going_on = tokio::select! {
                () = soft.cancelled() => false,
                _ = self.rejoin.1.recv() => false,
                change = self.membership.changed() => self.change(change, soft).await,
                _ = tell.tick() => {
                    self.report();
                    true
                }
            };
            if !going_on {
                break;
            }
        }
        let all: Vec<Partition> = self.running.keys().copied().collect();
        self.release(&all).await;
        self.report();
        self.membership.leave().await;
    }

    /// Answers a change; `false` if this membership has come to its end.
    async fn change(&mut self, change: AssignmentChange, soft: &CancellationToken) -> bool {
        match change {
            AssignmentChange::Assigned(partitions) => tokio::select! {
                () = soft.cancelled() => false,
                taken = lease::take(&self.shared, &partitions) => self.begin(taken),
            },
            AssignmentChange::Revoked(partitions) => {
                self.release(&partitions).await;
                self.answered(|membership| membership.unassign(&partitions))
            }
            AssignmentChange::Trouble { error, fatal } => self.trouble(&error, fatal),
        }
    }

    fn begin(&mut self, taken: Vec<(Partition, Result<Lease, Halted>)>) -> bool {
        // Those that stand still are assigned too: the group counts them as ours.
        let from = |(partition, taken): &(Partition, Result<Lease, Halted>)| match taken {
            Ok(lease) => (*partition, lease.checkpoint.read_from()),
            Err(stopped) => (*partition, stopped.offset),
        };
        let offsets: Vec<(Partition, i64)> = taken.iter().map(from).collect();
        for (partition, taken) in taken {
            self.start_task(partition, taken);
        }
        let assigned = self.answered(|membership| membership.assign(&offsets));
        self.shared.status.clear(Concern::Joining);
        assigned
    }

    fn start_task(&mut self, partition: Partition, taken: Result<Lease, Halted>) {
        let (Some(records), Some(seeker)) = (self.membership.records(partition), self.membership.seeker()) else {
            return;
        };
        let released = CancellationToken::new();
        let keeper = PartitionTask {
            shared: Arc::clone(&self.shared),
            partition,
            records,
            seeker,
            released: released.clone(),
            rejoin: self.rejoin.0.clone(),
        };
        let shared = Arc::clone(&self.shared);
        let task = tokio::spawn(async move {
            if let Err(panic) = AssertUnwindSafe(keeper.run(taken)).catch_unwind().await {
                let offset = shared.all_reached().into_iter().find(|(it, _)| *it == partition).map_or(0, |it| it.1);
                let reason = HaltReason::Panicked(panic_message(&*panic).to_owned());
                shared.status.stopped(&Halted { partition, offset, reason });
            }
        });
        self.running.insert(partition, Running { released, task });
    }

    /// Lets keepers finish what they have in flight.
    async fn release(&mut self, partitions: &[Partition]) {
        let running: Vec<_> = partitions.iter().filter_map(|it| Some((*it, self.running.remove(it)?))).collect();
        for (_, running) in &running {
            running.released.cancel();
        }
        join_all(running.into_iter().map(|(partition, mut running)| async move {
            if tokio::time::timeout(RELEASE, &mut running.task).await.is_err() {
                tracing::warn!(%partition, "batch interrupted; it will be folded again");
                running.task.abort();
                let _ = (&mut running.task).await;
            }
        }))
        .await;
        for partition in partitions {
            self.shared.forget_reached(*partition);
            self.shared.status.fine(*partition);
        }
    }

    fn answered(&mut self, answer: impl FnOnce(&mut Membership) -> Result<(), KafkaError>) -> bool {
        match answer(&mut self.membership) {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(%error, "partition assignment rejected; rejoining the consumer group");
                false
            }
        }
    }

    fn trouble(&self, error: &KafkaError, fatal: bool) -> bool {
        if fatal {
            tracing::warn!(%error, "consumer group membership failed; rejoining");
            return false;
        }
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::AllBrokersDown) => {
                self.shared.status.raise(Concern::Kafka, "no Kafka broker answers");
            }
            // One of several connections; the client makes a new one.
            Some(RDKafkaErrorCode::BrokerTransportFailure | RDKafkaErrorCode::Resolve) => {
                tracing::debug!(%error, "Kafka consumer error");
            }
            _ => tracing::warn!(%error, "Kafka consumer error"),
        }
        true
    }

    fn report(&self) {
        let reached = self.shared.all_reached();
        if !reached.is_empty() {
            self.membership.commit_offsets(&reached);
        }
    }
}
