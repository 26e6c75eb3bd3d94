//! Waiting until rows of the outbox are in the log: told by the relay where it runs in this process, else seen by the
//! rows' disappearance.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::PgPool;
use tokio::sync::{Notify, oneshot};

use super::Queued;
use crate::kafka::{Kafka, Placed};
use crate::position::{LogId, Position};

/// How often rows are looked for that another process relays.
const LOOK: Duration = Duration::from_millis(50);

/// The outbox as seen by those who fill it. Cheap to clone.
#[derive(Clone)]
pub struct Outbox(Arc<Inner>);

struct Inner {
    db: PgPool,
    kafka: Kafka,
    log_id: LogId,
    wake: Notify,
    relayed: AtomicBool,
    waiting: Mutex<HashMap<i64, oneshot::Sender<Placed>>>,
}

impl Outbox {
    /// The outbox of this database and log.
    #[must_use]
    pub fn new(db: PgPool, kafka: Kafka, log_id: LogId) -> Self {
        Self(Arc::new(Inner {
            db,
            kafka,
            log_id,
            wake: Notify::new(),
            relayed: AtomicBool::new(false),
            waiting: Mutex::default(),
        }))
    }

    /// Tells the relay of this process that rows have been committed. Others find them by themselves, a little later.
    pub fn wake(&self) {
        self.0.wake.notify_one();
    }

    /// Whether the caller is now the one relay of this process; a second one would take half of the wakings for nothing.
    pub(super) fn begin_relay(&self) -> bool {
        !self.0.relayed.swap(true, Ordering::AcqRel)
    }

    /// The relay of this process has ended.
    pub(super) fn end_relay(&self) {
        self.0.relayed.store(false, Ordering::Release);
    }

    pub(super) async fn woken(&self) {
        self.0.wake.notified().await;
    }

    /// Tells whoever waits that a row is in the log.
    pub(super) fn placed(&self, id: i64, placed: Placed) {
        let sender = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        if let Some(sender) = sender {
            let _ = sender.send(placed);
        }
    }

    /// Wakes the relay and waits until the rows are in the log: the position that includes them, or `None` when that was
    /// not seen in time (they will be, later).
    pub async fn published(&self, rows: &[Queued], within: Duration) -> Option<Position> {
        let waiting = Waiting::enter(self, rows);
        self.wake();
        tokio::time::timeout(within, async {
            tokio::select! {
                position = waiting.told() => position,
                position = self.gone(rows) => position,
            }
        })
        .await
        .ok()
        .flatten()
    }

    /// Rows that are gone are in the log; its end includes them.
    async fn gone(&self, rows: &[Queued]) -> Option<Position> {
        let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
        loop {
            tokio::time::sleep(LOOK).await;
            let left =
                sqlx::query_scalar!(r#"select count(*) as "left!" from control.outbox where id = any($1)"#, &ids)
                    .fetch_one(&self.0.db)
                    .await;
            if matches!(left, Ok(0)) {
                break;
            }
        }
        let mut position = Position { log: self.0.log_id, offsets: std::collections::BTreeMap::new() };
        for row in rows {
            let partition = self.0.kafka.partition_for(row.topic, &row.key).await.ok()?;
            if !position.offsets.contains_key(&(row.topic, partition)) {
                let end = self.0.kafka.end_offset(row.topic, partition).await.ok()?;
                position.merge(&Position::of(self.0.log_id, row.topic, partition, end)).ok()?;
            }
        }
        Some(position)
    }
}

/// Removes what it entered when it is dropped.
struct Waiting<'a> {
    outbox: &'a Outbox,
    receivers: Mutex<Vec<(i64, oneshot::Receiver<Placed>)>>,
    ids: Vec<i64>,
}

impl<'a> Waiting<'a> {
    fn enter(outbox: &'a Outbox, rows: &[Queued]) -> Self {
        let mut waiting = outbox.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let receivers = rows.iter().map(|row| {
            let (sender, receiver) = oneshot::channel();
            waiting.insert(row.id, sender);
            (row.id, receiver)
        });
        let receivers = receivers.collect();
        Self { outbox, receivers: Mutex::new(receivers), ids: rows.iter().map(|row| row.id).collect() }
    }

    async fn told(&self) -> Option<Position> {
        let receivers = std::mem::take(&mut *self.receivers.lock().unwrap_or_else(PoisonError::into_inner));
        let mut position = Position { log: self.outbox.0.log_id, offsets: std::collections::BTreeMap::new() };
        for (_, receiver) in receivers {
            // Whoever else asks for the same row takes its place; that one is told then, this one sees it gone.
            let Ok(placed) = receiver.await else { return std::future::pending().await };
            let one = Position::of(position.log, placed.topic, placed.partition, placed.offset + 1);
            position.merge(&one).ok()?;
        }
        Some(position)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut waiting = self.outbox.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        for id in &self.ids {
            waiting.remove(id);
        }
    }
}
