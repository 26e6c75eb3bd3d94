//! Looks at Kafka from time to time: how far the log is ahead, and whether brokers answer at all.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use tokio_util::sync::CancellationToken;

use crate::shared::Shared;
use crate::status::Concern;

const CALM: Duration = Duration::from_secs(5);
const WORRIED: Duration = Duration::from_secs(1);

/// Looks until asked to end.
pub(crate) async fn run(shared: Arc<Shared>, soft: CancellationToken) {
    loop {
        let pause = if shared.status.is_raised(Concern::Kafka) { WORRIED } else { CALM };
        if tokio::time::timeout(pause, soft.cancelled()).await.is_ok() {
            return;
        }
        if let Err(error) = look(&shared).await {
            shared.status.raise(Concern::Kafka, format!("Kafka does not answer: {error}"));
        } else {
            shared.status.clear(Concern::Kafka);
        }
    }
}

async fn look(shared: &Shared) -> Result<(), platform::kafka::KafkaError> {
    let reached = shared.all_reached();
    if reached.is_empty() && shared.status.is_raised(Concern::Kafka) {
        shared.kafka.watermarks(event_schema::Topic::PROJECTED[0], 0).await?;
    }
    let measured = reached.into_iter().map(|(partition, reached)| async move {
        let end = shared.kafka.end_offset(partition.topic, partition.number).await?;
        crate::metrics::lag(shared.generation, partition, (end - reached).max(0));
        Ok(())
    });
    join_all(measured).await.into_iter().collect()
}
