//! What the owners of partitions must hear between batches, looked up once for all partitions of a generation: what is asked of
//! parked keys, and whether the checkpoints are where their owners left them.
//!
//! Batches are committed without waiting for the disk, so a crash of Postgres may take the last of them back. Where records
//! come in, the next batch notices; an idle partition would claim for ever what is lost.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use read_model::Partition;
use read_model::checkpoint::{self, Mark};
use read_model::parked::store::{self, Request};
use read_model::parked::{PendingDrop, pending_drops};
use sqlx::PgPool;

/// What the last look found.
#[derive(Debug, Default)]
pub(crate) struct OwnerRequests(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    requests: Vec<Request>,
    given_up: Vec<PendingDrop>,
    checkpoints: HashMap<Partition, SeenCheckpoint>,
}

/// The checkpoint of a partition that is held here.
#[derive(Clone, Copy, Debug)]
struct SeenCheckpoint {
    /// How far it was committed before the look: what stands before that was lost.
    reached: i64,
    row: Option<Mark>,
}

impl SeenCheckpoint {
    /// A commit since the look moved the owner on, and not the row seen: between the two nothing is wrong.
    fn is_of(self, held: Mark) -> bool {
        let fits = |row: Mark| row.epoch == held.epoch && (self.reached..=held.next_offset).contains(&row.next_offset);
        self.row.is_some_and(fits)
    }
}

impl OwnerRequests {
    /// What is asked of the owner of a partition.
    pub(crate) fn of(&self, partition: Partition) -> Vec<Request> {
        self.inner().requests.iter().filter(|request| request.partition == partition).copied().collect()
    }

    /// Events of a partition that are given up, and of which its owner has not come to the word.
    pub(crate) fn given_up(&self, partition: Partition) -> Vec<PendingDrop> {
        self.inner().given_up.iter().filter(|it| it.partition == partition).copied().collect()
    }

    /// Whether a checkpoint seems not to be where its owner left it. The look may be older than the owner's right: it is to be
    /// confirmed.
    pub(crate) fn doubts(&self, partition: Partition, held: Mark) -> bool {
        self.inner().checkpoints.get(&partition).is_some_and(|seen| !seen.is_of(held))
    }

    /// Looks up what is asked, and where the checkpoints are. `reached` is how far the partitions held here are committed, read
    /// before the rows are: what is committed in between moves them on, and only a loss moves them back.
    pub(crate) async fn refresh(
        &self,
        pool: &PgPool,
        generation: i32,
        reached: Vec<(Partition, i64)>,
    ) -> sqlx::Result<()> {
        let rows = checkpoint::all(&mut *pool.acquire().await?).await?;
        let seen = |(partition, reached)| (partition, SeenCheckpoint { reached, row: rows.get(&partition).copied() });
        let checkpoints = reached.into_iter().map(seen).collect();
        let requests = store::requests(pool, generation).await?;
        let given_up = pending_drops(pool).await?;
        *self.inner() = Inner { requests, given_up, checkpoints };
        Ok(())
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_is_doubted_where_another_epoch_or_less_than_was_committed_is_seen() {
        let held = Mark { epoch: 3, next_offset: 12 };
        let seen = |epoch, next_offset| SeenCheckpoint { reached: 10, row: Some(Mark { epoch, next_offset }) };
        assert!((10..=12).all(|at| seen(3, at).is_of(held)), "committed before, during or after the look");
        assert!(!seen(3, 9).is_of(held), "lost");
        assert!(!seen(3, 13).is_of(held), "moved by somebody else");
        assert!(!seen(4, 10).is_of(held), "taken");
        assert!(!SeenCheckpoint { reached: 10, row: None }.is_of(held), "gone");
    }
}
