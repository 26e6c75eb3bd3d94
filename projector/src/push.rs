//! Tells readers what a commit changed, over Redis. Never in the way of a commit: what cannot be sent in time is dropped,
//! and readers notice by the next push, whose `from` is not the `to` they know.

use event_schema::{Event, Payload, Topic};
use fold::{Change, Outcome};
use platform::Redis;
use read_model::Partition;
use read_model::change_kind;
use read_model::push::{CHANNEL, Push, PushedChange};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Pushes waiting for Redis.
const WAITING: usize = 256;
/// A commit that changed more tells the heads only: a reader that is so far behind reads from Postgres anyway.
const CHANGES: usize = 1_000;

/// The task that sends.
pub(crate) type Publishing = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

/// The way to Redis. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Pushes(mpsc::Sender<Push>);

impl Pushes {
    /// A queue, and the task that empties it; what is in it when the token is cancelled is still sent.
    pub(crate) fn new(redis: Redis) -> (Self, impl FnOnce(CancellationToken) -> Publishing) {
        let (sender, waiting) = mpsc::channel(WAITING);
        (Self(sender), move |done| Box::pin(publish(redis, waiting, done)) as Publishing)
    }

    /// Sends a push, or drops it.
    pub(crate) fn offer(&self, push: Push) {
        if self.0.try_send(push).is_err() {
            crate::metrics::push_dropped();
        }
    }
}

async fn publish(redis: Redis, mut waiting: mpsc::Receiver<Push>, done: CancellationToken) {
    let mut away = false;
    loop {
        let push = tokio::select! {
            biased;
            push = waiting.recv() => push,
            () = done.cancelled() => None,
        };
        let Some(push) = push else { return };
        match redis.publish(CHANNEL, &push.to_bytes()).await {
            Ok(()) => away = false,
            Err(error) => {
                crate::metrics::push_dropped();
                if !std::mem::replace(&mut away, true) {
                    tracing::warn!(%error, "failed to publish a push; readers poll Postgres meanwhile");
                }
            }
        }
    }
}

/// From where to where a commit moved the checkpoint of a partition; nowhere, where parked events were folded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) generation: i32,
    pub(crate) partition: Partition,
    pub(crate) from: i64,
    pub(crate) to: i64,
}

impl Span {
    pub(crate) fn empty(self) -> Push {
        Push { from: self.from, ..Push::heartbeat(self.generation, self.partition, self.to) }
    }

    /// Says what a commit changed. `changes` are its rows of `changes`, in the log's order.
    pub(crate) fn of(self, events: &[(i64, &Event)], outcomes: &[Outcome], changes: &[Change]) -> Push {
        let mut push = self.empty();
        let topic = self.partition.topic;
        push.changes = match topic {
            Topic::Rooms => of_rooms(events, outcomes, changes),
            Topic::Receipts => of_receipts(events, outcomes),
            _ => Vec::new(),
        };
        if topic == Topic::Rooms {
            push.heads = heads(&push.changes);
        }
        if push.changes.len() > CHANGES {
            push.changes.clear();
        }
        push
    }
}

/// Posts, and between them what has a row of its own.
fn of_rooms(events: &[(i64, &Event)], outcomes: &[Outcome], changes: &[Change]) -> Vec<PushedChange> {
    let mut others = changes.iter();
    let applied = events.iter().zip(outcomes).filter_map(|((_, event), outcome)| match outcome {
        Outcome::Applied { rev, seq } => Some((*event, *rev, *seq)),
        Outcome::Duplicate(_) | Outcome::Rejected(_) => None,
    });
    applied
        .filter_map(|(event, rev, seq)| match event.payload {
            Payload::MessagePosted(_) => pushed(event, rev, event.envelope.id.0, seq),
            _ => pushed(event, rev, others.next()?.subject_id, None),
        })
        .collect()
}

/// Receipts have no rev: the maximum wins.
fn of_receipts(events: &[(i64, &Event)], outcomes: &[Outcome]) -> Vec<PushedChange> {
    let read = events.iter().zip(outcomes).filter_map(|((_, event), outcome)| match (&event.payload, outcome) {
        (Payload::ReadUpTo(read), Outcome::Applied { .. }) => {
            pushed(event, 0, event.envelope.actor.0, i64::try_from(read.up_to_seq).ok())
        }
        _ => None,
    });
    read.collect()
}

fn pushed(event: &Event, rev: i64, subject_id: uuid::Uuid, seq: Option<i64>) -> Option<PushedChange> {
    let kind = change_kind(event.payload.event_type()).to_owned();
    Some(PushedChange { room_id: event.key.id()?, rev, kind, subject_id, seq })
}

/// The newest rev of each room, rooms in the order of their first change.
fn heads(changes: &[PushedChange]) -> Vec<(uuid::Uuid, i64)> {
    let mut places = std::collections::HashMap::new();
    let mut heads: Vec<(uuid::Uuid, i64)> = Vec::new();
    for change in changes {
        let place = *places.entry(change.room_id).or_insert_with(|| {
            heads.push((change.room_id, 0));
            heads.len() - 1
        });
        heads[place].1 = change.rev;
    }
    heads
}
