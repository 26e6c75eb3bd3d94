//! Life and end of a process: tasks that were started here are asked to end (soft), waited for, and at last cut (hard).

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::FutureExt as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long a process may take to drain.
pub const DRAIN: Duration = Duration::from_secs(10);

/// What every background task of the process hangs on. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    soft: CancellationToken,
    hard: CancellationToken,
    tasks: TaskTracker,
    failed: Arc<AtomicBool>,
}

impl Lifecycle {
    /// A process that lives.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancelled when the process should end: take nothing new, finish what is in flight.
    #[must_use]
    pub fn soft(&self) -> CancellationToken {
        self.soft.clone()
    }

    /// Cancelled when there is no more time: stop where you stand.
    #[must_use]
    pub fn hard(&self) -> CancellationToken {
        self.hard.clone()
    }

    /// Starts a background task. It should end by itself after [`Self::soft`]; it is dropped at [`Self::hard`]. A panic in
    /// it ends the process: half a service is worse than a restart.
    pub fn spawn(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let lifecycle = self.clone();
        let task = async move {
            tokio::select! {
                done = AssertUnwindSafe(task).catch_unwind() => {
                    if let Err(panic) = done {
                        tracing::error!(task = name, panic = panic_message(&*panic), "task panicked; shutting down");
                        lifecycle.failed.store(true, Ordering::Release);
                        lifecycle.soft.cancel();
                    }
                }
                () = lifecycle.hard.cancelled() => tracing::warn!(task = name, "task aborted at the shutdown deadline"),
            }
        };
        // No span: one that lasts as long as the process would make everything in it a single trace.
        self.tasks.spawn(task);
    }

    /// Asks the process to end.
    pub fn shutdown(&self) {
        self.soft.cancel();
    }

    /// Asks the process to end because it cannot go on; [`Self::failed`] tells so afterwards.
    pub fn fail(&self) {
        self.failed.store(true, Ordering::Release);
        self.soft.cancel();
    }

    /// Whether a task panicked or gave up: the process should exit with an error.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// From now on SIGTERM and SIGINT ask the process to end; a second one cuts it.
    pub fn shutdown_on_signals(&self) -> std::io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let lifecycle = self.clone();
        // Not tracked: it waits for ever where no signal comes, and nothing is lost with it.
        tokio::spawn(async move {
            for token in [&lifecycle.soft, &lifecycle.hard] {
                let name = tokio::select! {
                    _ = terminate.recv() => "SIGTERM",
                    _ = interrupt.recv() => "SIGINT",
                };
                tracing::info!(signal = name, "shutdown requested");
                token.cancel();
            }
        });
        Ok(())
    }

    /// Asks every task to end and waits; what is not done in time is cut. Says whether all ended by themselves.
    pub async fn drain(&self, within: Duration) -> bool {
        self.soft.cancel();
        self.tasks.close();
        // A last moment for tasks to be dropped in order.
        let grace = within / 10;
        let in_time = tokio::select! {
            () = self.tasks.wait() => true,
            () = tokio::time::sleep(within.saturating_sub(grace)) => false,
            () = self.hard.cancelled() => false,
        };
        self.hard.cancel();
        let gone = tokio::time::timeout(grace, self.tasks.wait()).await.is_ok();
        if !(in_time && gone) {
            tracing::warn!(left = self.tasks.len(), "tasks aborted at the shutdown deadline");
        }
        in_time
    }
}

/// The text of a panic.
pub fn panic_message(panic: &(dyn Any + Send)) -> &str {
    if let Some(text) = panic.downcast_ref::<&str>() {
        text
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text
    } else {
        "a panic without text"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn tasks_that_end_when_asked_are_waited_for() {
        let lifecycle = Lifecycle::new();
        let soft = lifecycle.soft();
        let (done, finished) = tokio::sync::oneshot::channel();
        lifecycle.spawn("polite", async move {
            soft.cancelled().await;
            tokio::task::yield_now().await;
            let _ = done.send(());
        });
        assert!(lifecycle.drain(DRAIN).await);
        assert_eq!(finished.await, Ok(()));
    }

    #[tokio::test]
    async fn a_task_that_does_not_listen_is_cut_in_time() {
        let lifecycle = Lifecycle::new();
        lifecycle.spawn("deaf", std::future::pending());
        let started = tokio::time::Instant::now();
        assert!(!lifecycle.drain(Duration::from_millis(100)).await);
        assert!(started.elapsed() < DRAIN);
        assert!(lifecycle.hard().is_cancelled());
    }

    #[tokio::test]
    async fn a_panic_ends_the_process_as_failed() {
        let lifecycle = Lifecycle::new();
        lifecycle.spawn("faulty", async { panic!("on purpose") });
        lifecycle.soft().cancelled().await;
        assert!(lifecycle.failed());
    }
}
