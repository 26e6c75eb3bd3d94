//! Load: closed loops (as fast as answers come) and open loops (at a fixed rate, late starts counted as latency).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use hdrhistogram::Histogram;

/// Latencies in microseconds, and how long it took in all.
pub struct Measured {
    histogram: Histogram<u64>,
    pub seconds: f64,
}

impl Measured {
    /// How many were done.
    pub fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// A quantile in seconds.
    pub fn quantile(&self, quantile: f64) -> f64 {
        Duration::from_micros(self.histogram.value_at_quantile(quantile)).as_secs_f64()
    }

    /// How many a second.
    pub fn per_second(&self) -> f64 {
        f64::from(u32::try_from(self.count()).unwrap_or(u32::MAX)) / self.seconds
    }

    /// Nothing yet, for [`Self::add`].
    pub fn nothing() -> Result<Self> {
        Self::from_latencies([], 0.0)
    }

    /// Another measurement of the same, after this one.
    pub fn add(&mut self, other: &Self) -> Result<()> {
        self.histogram.add(&other.histogram)?;
        self.seconds += other.seconds;
        Ok(())
    }

    /// From latencies measured elsewhere.
    pub fn from_latencies(latencies: impl IntoIterator<Item = Duration>, seconds: f64) -> Result<Self> {
        let mut histogram = Histogram::new(3)?;
        for latency in latencies {
            histogram.record(micros(latency))?;
        }
        Ok(Self { histogram, seconds })
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1)
}

/// `connections` tasks, each doing `act` again and again for `seconds`. The first error ends it.
pub async fn closed<F, Fut>(connections: usize, seconds: u64, act: F) -> Result<Measured>
where
    F: Fn(usize, u64) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<()>> + Send,
{
    let act = Arc::new(act);
    let begin = Instant::now();
    let end = begin + Duration::from_secs(seconds);
    let tasks = (0..connections).map(|connection| {
        let act = Arc::clone(&act);
        tokio::spawn(async move {
            let mut latencies = Vec::new();
            let mut n = 0;
            while Instant::now() < end {
                let start = Instant::now();
                act(connection, n).await?;
                latencies.push(start.elapsed());
                n += 1;
            }
            Ok::<_, anyhow::Error>(latencies)
        })
    });
    let mut latencies = Vec::new();
    for task in futures::future::join_all(tasks).await {
        latencies.extend(task??);
    }
    Measured::from_latencies(latencies, begin.elapsed().as_secs_f64())
}

/// `per_second` acts a second, started on time whatever the earlier ones do; latency counts from the planned start.
pub async fn open<F, Fut>(per_second: u64, seconds: u64, act: F) -> Result<Measured>
where
    F: Fn(u64) -> Fut,
    Fut: Future<Output = Result<()>> + Send + 'static,
{
    let begin = Instant::now();
    let failed = Arc::new(AtomicU64::new(0));
    let mut tasks = Vec::new();
    for n in 0..per_second * seconds {
        let planned = begin + Duration::from_nanos(1_000_000_000 / per_second) * u32::try_from(n)?;
        tokio::time::sleep_until(planned.into()).await;
        let (act, failed) = (act(n), Arc::clone(&failed));
        tasks.push(tokio::spawn(async move {
            if act.await.is_err() {
                failed.fetch_add(1, Ordering::Relaxed);
            }
            planned.elapsed()
        }));
    }
    let latencies: Vec<Duration> = futures::future::join_all(tasks).await.into_iter().collect::<Result<_, _>>()?;
    match failed.load(Ordering::Relaxed) {
        0 => Measured::from_latencies(latencies, begin.elapsed().as_secs_f64()),
        failed => Err(anyhow!("{failed} requests failed at {per_second}/s")),
    }
}
