//! The log for administrators, a bounded number of looks at a time: each has a consumer, with threads and connections, made
//! when it is needed and given back.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use api_kit::Problem;
use platform::Kafka;
use platform::log_explorer::{Ask, ExploreError, Page, Reader, while_wanted};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Looks at a time.
const READERS: usize = 2;
/// How long a request may wait for its turn.
const PATIENCE: Duration = Duration::from_secs(2);

/// Looks at the log. Cheap to clone.
#[derive(Clone)]
pub struct LogExplorer(Arc<Inner>);

struct Inner {
    kafka: Kafka,
    places: Arc<Semaphore>,
    idle: Mutex<Vec<Reader>>,
    stop: CancellationToken,
}

impl LogExplorer {
    /// Looks at this log, until `stop`; connects when it is first asked.
    #[must_use]
    pub fn new(kafka: &Kafka, stop: CancellationToken) -> Self {
        let places = Arc::new(Semaphore::new(READERS));
        Self(Arc::new(Inner { kafka: kafka.clone(), places, idle: Mutex::default(), stop }))
    }

    pub async fn page(&self, ask: Ask) -> Result<Page, Problem> {
        let places = ask.filter.places(&self.0.kafka).await?;
        self.read(move |reader, stop| reader.page(&places, &ask, stop)).await
    }

    /// Reads in a thread of its own, which ends with the request.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Reader, &CancellationToken) -> Result<T, ExploreError> + Send + 'static,
    ) -> Result<T, Problem> {
        let turn = tokio::time::timeout(PATIENCE, Arc::clone(&self.0.places).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else { return Err(busy("others are reading the log just now")) };
        let (wanted, _guard) = while_wanted(&self.0.stop);
        let browser = self.clone();
        let read = tokio::task::spawn_blocking(move || {
            // Also when nobody waits any more: until then a consumer is in use.
            let _turn = turn;
            let mut reader = browser.reader()?;
            let done = work(&mut reader, &wanted);
            // One that failed is not used again; that a question made no sense is no failure.
            if matches!(&done, Ok(_) | Err(ExploreError::Cursor | ExploreError::Invalid { .. })) {
                browser.idle().push(reader);
            }
            done
        });
        let done = read.await.unwrap_or_else(|error| {
            tracing::error!(%error, "failed to read the log for an administrator");
            Err(ExploreError::Interrupted)
        });
        Ok(done?)
    }

    fn reader(&self) -> Result<Reader, ExploreError> {
        let idle = self.idle().pop();
        Ok(idle.map_or_else(|| Reader::new(&self.0.kafka), Ok)?)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Reader>> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// 503: so many do it already.
pub fn busy(detail: &str) -> Problem {
    Problem::unavailable().detail(detail)
}
