//! Load that must not lose anything: writers that repeat each command with its key until it is acked.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use read_model::Position;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::person::{Person, Room, batch, ids, messages};
use crate::retry::Command;
use crate::{Random, wait_for_within};

/// Longer than any single outage of a test.
const PATIENCE: Duration = Duration::from_mins(2);
/// The most messages of one batch.
const BATCH: usize = 20;

/// A command that was acked, with what it was answered.
#[derive(Clone, Debug)]
pub struct Acked {
    pub person: Person,
    pub room: Room,
    /// Whether it went as a batch.
    pub batch: bool,
    /// Its `Idempotency-Key`.
    pub key: String,
    pub texts: Vec<String>,
    /// The messages' ids, in the same order.
    pub ids: Vec<Uuid>,
    /// Where the log stood.
    pub position: Position,
}

/// Several writers at work.
pub struct Load {
    stop: Arc<AtomicBool>,
    counters: Arc<Counters>,
    writers: Vec<JoinHandle<Vec<Acked>>>,
}

#[derive(Default)]
struct Counters {
    acks: Vec<AtomicUsize>,
    failures: AtomicUsize,
}

struct Writer {
    number: usize,
    person: Person,
    rooms: Vec<Room>,
    random: Random,
    stop: Arc<AtomicBool>,
    counters: Arc<Counters>,
}

impl Load {
    /// Lets people write into rooms, all of which they are members of.
    pub fn start(people: &[Person], rooms: &[Room], seed: u64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let acks = people.iter().map(|_| AtomicUsize::new(0)).collect();
        let counters = Arc::new(Counters { acks, failures: AtomicUsize::new(0) });
        let writer = |(number, person): (usize, &Person)| Writer {
            number,
            person: person.clone(),
            rooms: rooms.to_vec(),
            random: Random::new(seed, u64::try_from(number).unwrap_or(0) + 1),
            stop: Arc::clone(&stop),
            counters: Arc::clone(&counters),
        };
        let writers = people.iter().enumerate().map(writer).map(|writer| tokio::spawn(writer.run())).collect();
        Self { stop, counters, writers }
    }

    /// Tries that failed so far.
    pub fn failures(&self) -> usize {
        self.counters.failures.load(Ordering::Relaxed)
    }

    /// Commands acked so far.
    pub fn acks(&self) -> usize {
        self.counters.acks.iter().map(|acks| acks.load(Ordering::Relaxed)).sum()
    }

    /// Returns when the load has felt something: tries have failed, or that many commands more went through all the same.
    pub async fn felt(&self, (failures, acks): (usize, usize), more: usize) {
        wait_for_within("the load goes on or fails", PATIENCE, async || {
            self.check();
            (self.failures() > failures + 2 || self.acks() > acks + more).then_some(())
        })
        .await;
    }

    /// Returns when every writer has had that many more acks.
    pub async fn goes_on(&self, more: usize) {
        let count = || self.counters.acks.iter().map(|acks| acks.load(Ordering::Relaxed));
        let goal: Vec<usize> = count().map(|acks| acks + more).collect();
        wait_for_within("every writer's commands are acked again", PATIENCE, async || {
            self.check();
            count().zip(&goal).all(|(acks, goal)| acks >= *goal).then_some(())
        })
        .await;
    }

    /// A writer that has ended early has panicked.
    fn check(&self) {
        assert!(self.writers.iter().all(|writer| !writer.is_finished()), "a writer gave up; its reason is above");
    }

    /// Lets every writer finish the command it is at; all that was acked.
    pub async fn finish(self) -> Vec<Acked> {
        self.stop.store(true, Ordering::Relaxed);
        let mut acked = Vec::new();
        for writer in self.writers {
            acked.append(&mut writer.await.expect("the writer has not given up"));
        }
        acked
    }
}

impl Writer {
    async fn run(mut self) -> Vec<Acked> {
        let mut acked = Vec::new();
        while !self.stop.load(Ordering::Relaxed) {
            let room = self.random.choose(&self.rooms).clone();
            let key = format!("writer-{}-command-{}", self.number, acked.len());
            let count = if self.random.chance(30) { 1 + self.random.below(BATCH) } else { 0 };
            let texts: Vec<String> = (0..count.max(1)).map(|n| format!("{key} message {n}")).collect();
            let (path, body) = if count == 0 {
                (messages(&room), json!({"text": texts[0]}))
            } else {
                let texts: Vec<Value> = texts.iter().map(|text| json!({"text": text})).collect();
                (batch(&room), json!({"messages": texts}))
            };
            let command = Command { method: Method::POST, path, key: key.clone(), body: Some(body) };
            let failed = || {
                self.counters.failures.fetch_add(1, Ordering::Relaxed);
            };
            let answer = command.retry(&self.person, failed).await.expect(202);
            let ids = if count == 0 { vec![answer.id("message_id")] } else { ids(&answer) };
            let position = answer.position().parse().expect("a position");
            assert_eq!(ids.len(), texts.len(), "{answer}");
            let person = self.person.clone();
            acked.push(Acked { person, room, batch: count > 0, key, texts, ids, position });
            self.counters.acks[self.number].fetch_add(1, Ordering::Relaxed);
        }
        acked
    }
}

/// The position after everything that was acked.
pub fn end_of(acked: &[Acked]) -> Position {
    let mut positions = acked.iter().map(|acked| &acked.position);
    let mut end = positions.next().expect("something was acked").clone();
    for position in positions {
        end.merge(position).expect("positions of one log");
    }
    end
}

/// What was acked, room by room: text of every message by its id.
pub fn by_room(acked: &[Acked]) -> BTreeMap<Uuid, BTreeMap<Uuid, String>> {
    let mut rooms: BTreeMap<Uuid, BTreeMap<Uuid, String>> = BTreeMap::new();
    for command in acked {
        let room = rooms.entry(command.room.id).or_default();
        for (id, text) in command.ids.iter().zip(&command.texts) {
            assert_eq!(room.insert(*id, text.clone()), None, "one id was given to two messages");
        }
    }
    rooms
}
