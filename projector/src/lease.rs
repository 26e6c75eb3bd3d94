//! Taking the checkpoint of a partition: raise the epoch, then compare what it says with what the log holds.
//!
//! Servers that are away are waited for; a log that does not fit is never folded.

use std::time::Duration;

use platform::Backoff;
use read_model::Partition;
use read_model::checkpoint::{self, Checkpoint};

use crate::context::LONGEST_PAUSE;
use crate::context::ProjectorContext;
use crate::halt::{HaltReason, Halted};
use crate::status::Concern;

/// A replica that has just become leader may not know for a moment how far the log reaches.
const LOOKS: u32 = 6;
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);

/// The right to write a partition, until somebody raises the epoch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lease {
    pub(crate) checkpoint: Checkpoint,
    /// How often the generation had been repaired.
    pub(crate) repairs: i32,
}

/// Takes a partition; ends when the servers have answered. Dropping it midway does no harm: an epoch has been raised.
pub(crate) async fn take(shared: &ProjectorContext, partition: Partition) -> Result<Lease, Halted> {
    let mut backoff = Backoff::up_to(LONGEST_PAUSE);
    loop {
        match try_take(shared, partition).await {
            Ok(taken) => {
                shared.status.clear(Concern::Taking);
                return taken;
            }
            Err(error) => {
                let wait = backoff.next_pause();
                tracing::warn!(%partition, %error, ?wait, "failed to take a partition; retrying");
                shared.status.raise(Concern::Taking, format!("taking partitions: {error}"));
                tokio::time::sleep(wait).await;
            }
        }
    }
}

type Error = Box<dyn std::error::Error + Send + Sync>;

async fn try_take(shared: &ProjectorContext, partition: Partition) -> Result<Result<Lease, Halted>, Error> {
    let halted = |offset, reason| Err(Halted { partition, offset, reason });
    let repairs = match check_generation(shared).await? {
        Ok(generation) => generation.repairs,
        Err(refused) => return Ok(halted(0, refused())),
    };
    let checkpoint = checkpoint::claim(&shared.pool, partition).await?;
    let unfit = compare(shared, partition, &checkpoint).await?;
    Ok(unfit.map_or(Ok(Lease { checkpoint, repairs }), |reason| halted(checkpoint.next_offset, reason)))
}

/// The generation, or why this program may not write it.
async fn check_generation(
    shared: &ProjectorContext,
) -> sqlx::Result<Result<checkpoint::GenerationInfo, impl Fn() -> HaltReason>> {
    let number = shared.generation;
    let (ours, version) = (shared.fold.log_id, shared.fold.version);
    let found = checkpoint::generation(&shared.pool, number).await?;
    let fits = |it: &checkpoint::GenerationInfo| it.log_id == ours && it.fold_version == version && !it.loading;
    Ok(found.filter(fits).ok_or(move || match found {
        None => HaltReason::NoGeneration { generation: number },
        Some(it) if it.log_id != ours => HaltReason::OtherLog { generation: number, theirs: it.log_id, ours },
        Some(it) if it.loading => HaltReason::Loading { generation: number },
        Some(it) => HaltReason::OtherFold { generation: number, theirs: it.fold_version, ours: version },
    }))
}

/// Whether the log can be folded on from a checkpoint. That the last folded event still stands in it is seen when it is
/// read again, which the reader does first.
async fn compare(
    shared: &ProjectorContext,
    partition: Partition,
    checkpoint: &Checkpoint,
) -> Result<Option<HaltReason>, platform::kafka::KafkaError> {
    let mut looks = 1;
    loop {
        let (low, high) = shared.kafka.watermarks(partition.topic, partition.number).await?;
        if fits(low, high, checkpoint) {
            return Ok(None);
        }
        if low > checkpoint.read_from() || looks == LOOKS {
            return Ok(Some(HaltReason::Truncated { low, high }));
        }
        looks += 1;
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

/// The log holds what is to be read and reaches what was folded.
fn fits(low: i64, high: i64, checkpoint: &Checkpoint) -> bool {
    low <= checkpoint.read_from() && checkpoint.next_offset <= high
}

#[cfg(test)]
mod tests {
    use event_schema::EventId;
    use read_model::checkpoint::LastEvent;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_log_fits_that_holds_the_last_folded_event_and_all_after_it() {
        let fresh = Checkpoint { epoch: 1, next_offset: 0, last_event: None };
        assert!(fits(0, 0, &fresh));
        assert!(fits(0, 9, &fresh));
        assert!(!fits(1, 9, &fresh), "the beginning is gone");
        let later = Checkpoint {
            next_offset: 5,
            last_event: Some(LastEvent { offset: 4, id: EventId(Uuid::from_u128(1)) }),
            ..fresh
        };
        assert!(fits(0, 5, &later));
        assert!(fits(4, 5, &later));
        assert!(!fits(5, 7, &later), "the last folded event is gone");
        assert!(!fits(0, 4, &later), "the log is shorter than what was folded");
        let marked = Checkpoint { next_offset: 6, ..later };
        assert!(fits(4, 6, &marked), "a marker behind it");
        assert!(!fits(5, 6, &marked), "the last folded event is gone");
    }
}
