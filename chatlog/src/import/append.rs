//! Appends events to the log in order, many on their way at a time.
//!
//! Whatever happens, the log then holds a beginning of the events given: when one cannot be appended, or the process is
//! asked to end, nothing follows it. That is what lets the next run go on where this one stopped.

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use event_schema::Event;
use platform::settings::KafkaSettings;
use platform::{Delivery, Kafka, Lifecycle};

use super::meter::Meter;
use crate::output;

/// Records on their way at a time: enough to fill the producer's batches, far below its queue.
const IN_FLIGHT: usize = 20_000;
/// After so long without an answer we say so, or give up where the process is to end.
const PATIENCE: Duration = Duration::from_secs(5);

/// A client for imports: its records never time out, so that it outlives a restart of the brokers and none overtakes
/// another.
pub fn patient(settings: &KafkaSettings) -> Result<Kafka, platform::kafka::KafkaError> {
    let mut settings = settings.clone();
    settings.options.push("delivery.timeout.ms=0".to_owned().into());
    Kafka::new(&settings)
}

/// Appends `count` events.
pub async fn append(
    kafka: &Kafka,
    lifecycle: &Lifecycle,
    (what, count): (&'static str, usize),
    events: impl Iterator<Item = Event>,
) -> anyhow::Result<()> {
    let mut appender = Appender {
        kafka,
        lifecycle,
        in_flight: VecDeque::with_capacity(IN_FLIGHT.min(count)),
        meter: Meter::start(what, count as u64),
    };
    let mut outcome = Ok(());
    for event in events {
        outcome = appender.take(&event).await;
        if outcome.is_err() {
            break;
        }
    }
    // Also after an error: what is known to be in the log need not be sent again.
    let settled = appender.settle_to(0).await;
    appender.meter.finish();
    outcome.and(settled).context("not everything is in the log yet; run it again to go on")
}

struct Appender<'a> {
    kafka: &'a Kafka,
    lifecycle: &'a Lifecycle,
    in_flight: VecDeque<Delivery>,
    meter: Meter,
}

impl Appender<'_> {
    async fn take(&mut self, event: &Event) -> anyhow::Result<()> {
        if self.lifecycle.soft().is_cancelled() {
            return Err(anyhow!("interrupted"));
        }
        self.settle_to(IN_FLIGHT - 1).await?;
        loop {
            match self.kafka.enqueue(event) {
                Ok(delivery) => {
                    self.in_flight.push_back(delivery);
                    return Ok(());
                }
                Err(error) if self.in_flight.is_empty() => return Err(error.into()),
                // Long messages fill the producer's queue sooner. If it is something worse, those on their way tell.
                Err(_) => self.settle_to(self.in_flight.len() - 1).await?,
            }
        }
    }

    /// Waits until at most so many are on their way.
    async fn settle_to(&mut self, most: usize) -> anyhow::Result<()> {
        while self.in_flight.len() > most
            && let Some(mut oldest) = self.in_flight.pop_front()
        {
            loop {
                match tokio::time::timeout(PATIENCE, &mut oldest).await {
                    Ok(delivered) => {
                        delivered?;
                        break;
                    }
                    Err(_) if self.lifecycle.soft().is_cancelled() => {
                        return Err(anyhow!("the log takes no records, and the process is to end"));
                    }
                    Err(_) => output::note("the log takes no records; still trying (Ctrl-C ends)"),
                }
            }
            self.meter.advance();
        }
        Ok(())
    }
}
