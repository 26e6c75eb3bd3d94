//! Which partitions this process folds: those that it has leased, each by a task of its own.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use event_schema::Topic;
use futures::FutureExt as _;
use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use platform::Backoff;
use platform::kafka::KafkaError;
use platform::leases::{LeaseError, Leases, NOTICE};
use platform::lifecycle::panic_message;
use rdkafka::error::RDKafkaErrorCode;
use read_model::Partition;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::consumer::{LogConsumer, Trouble};
use crate::context::LONGEST_PAUSE;
use crate::context::ProjectorContext;
use crate::halt::{HaltReason, Halted};
use crate::partition_task::PartitionTask;
use crate::status::Concern;

/// A task that has not ended by then is cut; its epoch keeps it from doing harm.
const RELEASE: Duration = Duration::from_secs(5);
/// How often offsets are committed for lag tools.
const COMMIT_OFFSETS: Duration = Duration::from_secs(1);
/// A session that went on for so long begins anew without a pause.
const STABLE: Duration = Duration::from_secs(10);

/// Folds what is leased, until asked to end.
pub(crate) async fn run(shared: Arc<ProjectorContext>, soft: CancellationToken) {
    let mut backoff = Backoff::up_to(LONGEST_PAUSE);
    while !soft.is_cancelled() {
        shared.status.raise(Concern::Joining, "taking leases of partitions");
        let began = Instant::now();
        match Session::start(&shared).await {
            Ok(session) => session.run(&soft).await,
            Err(error) => tracing::error!(%error, "failed to begin reading the log; retrying"),
        }
        if began.elapsed() > STABLE {
            backoff = Backoff::up_to(LONGEST_PAUSE);
        }
        let _ = tokio::time::timeout(backoff.next_pause(), soft.cancelled()).await;
    }
}

/// A task at work. Dropping it cuts it.
struct Running {
    released: CancellationToken,
    task: JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One client for the log, and the leases.
struct Session {
    shared: Arc<ProjectorContext>,
    /// What is leased: an item is a place in this list, which is the same in every process.
    partitions: Vec<Partition>,
    leases: Option<Leases>,
    connecting: Backoff,
    /// Changes with every renewal: whoever was fenced off waits for it before it takes its partition again.
    renewed: watch::Sender<()>,
    consumer: Arc<LogConsumer>,
    troubles: mpsc::UnboundedReceiver<Trouble>,
    running: HashMap<Partition, Running>,
    ending: FuturesUnordered<BoxFuture<'static, Partition>>,
    /// Partitions whose tasks are ending.
    leaving: Vec<Partition>,
    restart: (mpsc::Sender<&'static str>, mpsc::Receiver<&'static str>),
}

impl Session {
    async fn start(shared: &Arc<ProjectorContext>) -> Result<Self, KafkaError> {
        let mut partitions = Vec::new();
        for topic in Topic::PROJECTED {
            let count = shared.kafka.partitions(topic).await?;
            partitions.extend((0..count).map(|number| Partition { topic, number }));
        }
        let (consumer, troubles) = LogConsumer::connect(&shared.kafka, &shared.group())?;
        Ok(Self {
            shared: Arc::clone(shared),
            partitions,
            leases: None,
            connecting: Backoff::up_to(LONGEST_PAUSE),
            renewed: watch::Sender::new(()),
            consumer: Arc::new(consumer),
            troubles,
            running: HashMap::new(),
            ending: FuturesUnordered::new(),
            leaving: Vec::new(),
            restart: mpsc::channel(1),
        })
    }

    /// Ends when asked to, or when a new client is needed.
    async fn run(mut self, soft: &CancellationToken) {
        let mut offsets = tokio::time::interval(COMMIT_OFFSETS);
        let mut renew = Instant::now();
        loop {
            let going_on = tokio::select! {
                () = soft.cancelled() => false,
                Some(why) = self.restart.1.recv() => {
                    tracing::warn!(why, "starting a new Kafka consumer");
                    crate::metrics::consumer_restarted(self.shared.generation);
                    false
                }
                Some(trouble) = self.troubles.recv() => self.trouble(&trouble),
                () = tokio::time::sleep_until(renew) => {
                    renew = Instant::now() + self.renew().await;
                    true
                }
                Some(partition) = self.ending.next() => {
                    self.ended(partition).await;
                    true
                }
                _ = offsets.tick() => {
                    self.consumer.commit_offsets(&self.shared.all_reached());
                    true
                }
            };
            if !going_on {
                break;
            }
        }
        if soft.is_cancelled() {
            self.give_notice().await;
        }
        self.finish().await;
    }

    /// Folds on for the moment that other processes need to notice that this one leaves: then its partitions pause only for the
    /// time of a hand-over.
    async fn give_notice(&mut self) {
        let Some(leases) = &mut self.leases else { return };
        match leases.announce_leave().await {
            Ok(true) => tokio::time::sleep(NOTICE).await,
            Ok(false) => {}
            Err(error) => tracing::debug!(%error, "leaving was not announced"),
        }
    }

    /// Renews the leases, or takes part anew; when to do so again.
    async fn renew(&mut self) -> Duration {
        match self.try_renew().await {
            Ok((surplus, next)) => {
                self.connecting = Backoff::up_to(LONGEST_PAUSE);
                self.shared.status.clear(Concern::Joining);
                self.follow_leases(&surplus);
                self.renewed.send_replace(());
                next
            }
            Err(error) => {
                let wait = self.connecting.next_pause();
                tracing::warn!(%error, ?wait, "leases of partitions were not renewed; retrying");
                self.leases = None;
                // Tasks that run go on while Postgres is away: should somebody else take their partitions, they are fenced.
                if matches!(error, LeaseError::Expired { .. }) {
                    self.follow_leases(&[]);
                }
                if self.connecting.failures() > 2 {
                    self.shared.status.raise(Concern::Joining, format!("leases of partitions: {error}"));
                }
                wait
            }
        }
    }

    async fn try_renew(&mut self) -> Result<(Vec<i32>, Duration), LeaseError> {
        let mut leases = if let Some(leases) = self.leases.take() {
            leases
        } else {
            let items = i32::try_from(self.partitions.len()).unwrap_or(i32::MAX);
            Leases::connect(&self.shared.postgres, &self.shared.leased_work(), items).await?
        };
        let surplus = leases.renew().await?;
        let next = leases.next_renewal();
        self.leases = Some(leases);
        Ok((surplus, next))
    }

    /// Starts and ends tasks, so that there is one for each partition that is ours to keep.
    fn follow_leases(&mut self, surplus: &[i32]) {
        let held = self.leases.as_ref().map(Leases::held).unwrap_or_default();
        let kept = held.iter().filter(|item| !surplus.contains(item));
        let kept: Vec<Partition> = kept.filter_map(|item| self.partition(*item)).collect();
        let over: Vec<Partition> = self.running.keys().filter(|partition| !kept.contains(partition)).copied().collect();
        for partition in over {
            self.end(partition);
        }
        // One that never began has nothing in flight.
        let surplus: Vec<Partition> = surplus.iter().filter_map(|item| self.partition(*item)).collect();
        for partition in surplus {
            if !self.leaving.contains(&partition) {
                self.leaving.push(partition);
                self.ending.push(std::future::ready(partition).boxed());
            }
        }
        for partition in kept {
            if !self.running.contains_key(&partition) && !self.leaving.contains(&partition) {
                self.start_task(partition);
            }
        }
    }

    fn partition(&self, item: i32) -> Option<Partition> {
        self.partitions.get(usize::try_from(item).ok()?).copied()
    }

    fn item(&self, partition: Partition) -> Option<i32> {
        let place = self.partitions.iter().position(|it| *it == partition)?;
        i32::try_from(place).ok()
    }

    fn start_task(&mut self, partition: Partition) {
        let Some(reader) = self.consumer.partition(partition) else {
            tracing::error!(%partition, "the Kafka client does not read this partition");
            return;
        };
        let released = CancellationToken::new();
        let task = PartitionTask {
            shared: Arc::clone(&self.shared),
            partition,
            reader,
            released: released.clone(),
            restart: self.restart.0.clone(),
            renewed: self.renewed.subscribe(),
        };
        let shared = Arc::clone(&self.shared);
        let task = tokio::spawn(async move {
            if let Err(panic) = AssertUnwindSafe(task.run()).catch_unwind().await {
                let offset = shared.reached_of(partition).unwrap_or_default();
                let reason = HaltReason::Panicked(panic_message(&*panic).to_owned());
                shared.status.stopped(&Halted { partition, offset, reason });
            }
        });
        self.running.insert(partition, Running { released, task });
    }

    /// Lets a task finish what it has in flight. Others go on meanwhile.
    fn end(&mut self, partition: Partition) {
        let Some(mut running) = self.running.remove(&partition) else { return };
        running.released.cancel();
        self.leaving.push(partition);
        let consumer = Arc::clone(&self.consumer);
        self.ending.push(
            async move {
                if tokio::time::timeout(RELEASE, &mut running.task).await.is_err() {
                    tracing::warn!(%partition, "batch interrupted; it will be folded again");
                    running.task.abort();
                    let _ = (&mut running.task).await;
                }
                consumer.stop(partition).await;
                partition
            }
            .boxed(),
        );
    }

    /// The partition is anybody's now.
    async fn ended(&mut self, partition: Partition) {
        self.leaving.retain(|it| *it != partition);
        self.shared.forget_reached(partition);
        self.shared.status.fine(partition);
        let item = self.item(partition);
        if let (Some(leases), Some(item)) = (&mut self.leases, item)
            && let Err(error) = leases.release(&[item]).await
        {
            tracing::debug!(%partition, %error, "a lease was not released");
        }
    }

    fn trouble(&self, Trouble { error, fatal }: &Trouble) -> bool {
        if *fatal {
            tracing::warn!(%error, "Kafka consumer failed; starting a new one");
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

    async fn finish(mut self) {
        let all: Vec<Partition> = self.running.keys().copied().collect();
        for partition in all {
            self.end(partition);
        }
        while let Some(partition) = self.ending.next().await {
            self.ended(partition).await;
        }
        self.consumer.commit_offsets(&self.shared.all_reached());
        if let Some(leases) = self.leases.take()
            && let Err(error) = leases.leave().await
        {
            tracing::debug!(%error, "leases were not given up; they end by themselves");
        }
        if let Some(consumer) = Arc::into_inner(self.consumer) {
            consumer.close().await;
        }
    }
}
