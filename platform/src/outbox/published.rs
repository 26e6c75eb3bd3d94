//! Waiting until rows of the outbox are in the log: told by the relay where it runs in this process, else seen by the
//! rows' disappearance.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::PgPool;
use tokio::sync::{Notify, oneshot};

use super::Queued;
use crate::kafka::{Kafka, RecordMetadata};

/// How often rows are looked for that another process relays.
const LOOK: Duration = Duration::from_millis(50);

/// The outbox as seen by those who fill it. Cheap to clone.
#[derive(Clone)]
pub struct Outbox(Arc<Inner>);

struct Inner {
    db: PgPool,
    kafka: Kafka,
    wake: Notify,
    relayed: AtomicBool,
    waiting: Mutex<HashMap<i64, oneshot::Sender<RecordMetadata>>>,
}

impl Outbox {
    /// The outbox of this database and log.
    #[must_use]
    pub fn new(db: PgPool, kafka: Kafka) -> Self {
        Self(Arc::new(Inner {
            db,
            kafka,
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
    pub(super) fn placed(&self, id: i64, placed: RecordMetadata) {
        let sender = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        if let Some(sender) = sender {
            let _ = sender.send(placed);
        }
    }

    /// Wakes the relay and waits until the rows are in the log: the last record of each partition that has one of them (or one
    /// behind it), or `None` when that was not seen in time (they will be, later).
    pub async fn published(&self, rows: &[Queued], within: Duration) -> Option<Vec<RecordMetadata>> {
        let waiting = Waiting::enter(self, rows);
        self.wake();
        tokio::time::timeout(within, async {
            tokio::select! {
                records = waiting.notified() => Some(records),
                records = self.gone(rows) => records,
            }
        })
        .await
        .ok()
        .flatten()
    }

    /// Rows that are gone are in the log; its end includes them.
    async fn gone(&self, rows: &[Queued]) -> Option<Vec<RecordMetadata>> {
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
        let mut records: Vec<RecordMetadata> = Vec::new();
        for row in rows {
            let partition = self.0.kafka.partition_for(row.topic, &row.key).await.ok()?;
            if !records.iter().any(|it| (it.topic, it.partition) == (row.topic, partition)) {
                let end = self.0.kafka.end_offset(row.topic, partition).await.ok()?;
                records.push(RecordMetadata { topic: row.topic, partition, offset: end - 1 });
            }
        }
        Some(records)
    }
}

/// Removes what it entered when it is dropped.
struct Waiting<'a> {
    outbox: &'a Outbox,
    receivers: Mutex<Vec<(i64, oneshot::Receiver<RecordMetadata>)>>,
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

    async fn notified(&self) -> Vec<RecordMetadata> {
        let receivers = std::mem::take(&mut *self.receivers.lock().unwrap_or_else(PoisonError::into_inner));
        let mut records: Vec<RecordMetadata> = Vec::new();
        for (_, receiver) in receivers {
            // Whoever else asks for the same row takes its place; that one is told then, this one sees it gone.
            let Ok(record) = receiver.await else { return std::future::pending().await };
            match records.iter_mut().find(|it| (it.topic, it.partition) == (record.topic, record.partition)) {
                Some(last) => last.offset = last.offset.max(record.offset),
                None => records.push(record),
            }
        }
        records
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
