//! The projector's numbers, per generation, topic and partition.

use std::time::Duration;

use metrics::{Label, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use read_model::Partition;

/// Names them for `/metrics`.
pub(crate) fn describe() {
    describe_gauge!("projector_lag_events", "Events of the log that are not folded yet");
    describe_gauge!(
        "projector_lag_seconds",
        "How long the oldest event that is not folded yet has been known to be in the log"
    );
    describe_histogram!("projector_batch_events", "Events in one commit");
    describe_histogram!("projector_commit_seconds", "From the start of a batch's transaction to its commit");
    describe_counter!("projector_events_total", "Events folded and committed");
    describe_counter!("projector_fenced_total", "Commits refused because somebody else holds the partition");
    describe_counter!("projector_retries_total", "Batches tried again because a server did not answer as it should");
    describe_counter!("projector_pushes_dropped_total", "Pushes given up because Redis was too slow or away");
    describe_gauge!("projector_parked_keys", "Keys set aside after an event that could not be folded");
    describe_gauge!("projector_parked_events", "Events set aside with them");
    describe_gauge!("projector_parked_oldest_seconds", "How long the oldest parked key waits");
    describe_gauge!("projector_stopped_partitions", "1 where a partition is paused until an operator acts");
    describe_counter!("projector_consumer_restarts_total", "Kafka clients that stopped reading and were replaced");
    describe_gauge!("projector_unheld_partitions", "1 where a partition is held by no projector");
    describe_gauge!("projector_folds_active", "1 where this process folds the generation that is read");
}

pub(crate) fn folds_active(folds: bool) {
    gauge!("projector_folds_active").set(if folds { 1.0 } else { 0.0 });
}

/// A partition is held from now on: what is counted of it is there, also before it happens.
pub(crate) fn held(generation: i32, partition: Partition) {
    for name in ["projector_events_total", "projector_fenced_total", "projector_retries_total"] {
        counter!(name, labels(generation, partition)).increment(0);
    }
}

fn labels(generation: i32, partition: Partition) -> Vec<Label> {
    vec![
        Label::new("generation", generation.to_string()),
        Label::new("topic", partition.topic.name()),
        Label::new("partition", partition.number.to_string()),
    ]
}

#[expect(clippy::cast_precision_loss, reason = "nobody reads a metric beyond 2^52")]
pub(crate) fn lag(generation: i32, partition: Partition, events: i64, since: Duration) {
    gauge!("projector_lag_events", labels(generation, partition)).set(events as f64);
    gauge!("projector_lag_seconds", labels(generation, partition)).set(since.as_secs_f64());
}

#[expect(clippy::cast_precision_loss, reason = "a batch is small")]
pub(crate) fn committed(generation: i32, partition: Partition, events: usize, took: Duration) {
    histogram!("projector_batch_events", labels(generation, partition)).record(events as f64);
    histogram!("projector_commit_seconds", labels(generation, partition)).record(took.as_secs_f64());
    counter!("projector_events_total", labels(generation, partition)).increment(events as u64);
}

pub(crate) fn fenced(generation: i32, partition: Partition) {
    counter!("projector_fenced_total", labels(generation, partition)).increment(1);
}

pub(crate) fn retried(generation: i32, partition: Partition) {
    counter!("projector_retries_total", labels(generation, partition)).increment(1);
}

pub(crate) fn stopped(generation: i32, partition: Partition, stopped: bool) {
    gauge!("projector_stopped_partitions", labels(generation, partition)).set(if stopped { 1.0 } else { 0.0 });
}

#[expect(clippy::cast_precision_loss, reason = "bounded by the caps")]
pub(crate) fn parked(generation: i32, partition: Partition, keys: usize, events: i64, oldest: Option<Duration>) {
    gauge!("projector_parked_keys", labels(generation, partition)).set(keys as f64);
    gauge!("projector_parked_events", labels(generation, partition)).set(events as f64);
    let seconds = oldest.unwrap_or_default().as_secs_f64();
    gauge!("projector_parked_oldest_seconds", labels(generation, partition)).set(seconds);
}

pub(crate) fn consumer_restarted(generation: i32) {
    counter!("projector_consumer_restarts_total", "generation" => generation.to_string()).increment(1);
}

/// A partition that events wait in, and that nobody holds.
pub(crate) fn unheld(generation: i32, partition: Partition, unheld: bool) {
    gauge!("projector_unheld_partitions", labels(generation, partition)).set(if unheld { 1.0 } else { 0.0 });
}

pub(crate) fn push_dropped() {
    counter!("projector_pushes_dropped_total").increment(1);
}
