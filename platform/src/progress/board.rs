//! What is known to be reached, and who waits for more (no I/O).

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use event_schema::Topic;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::{Progress, WaitError};
use crate::position::Position;

type Place = (Topic, i32);

/// Shared by pushes, the poller and everybody who waits.
#[derive(Default)]
pub(super) struct Board {
    state: Mutex<State>,
    unreadable: AtomicBool,
}

#[derive(Default)]
struct State {
    generation: i32,
    reached: HashMap<Place, i64>,
    waiting: Vec<Waiting>,
}

struct Waiting {
    missing: Vec<(Place, i64)>,
    since: Instant,
    /// Told `true` when all is reached, `false` when another generation became active.
    sender: oneshot::Sender<bool>,
}

/// Whether a position is reached already.
pub(super) enum Claim {
    Reached,
    Waiting(Waiter),
}

/// Somebody who waits. Giving up is dropping it.
pub(super) struct Waiter(oneshot::Receiver<bool>);

impl Waiter {
    /// Whether the position was reached in the generation it was claimed of.
    pub(super) async fn reached(&mut self) -> bool {
        (&mut self.0).await.unwrap_or(false)
    }
}

impl Board {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn reached(&self, generation: i32, topic: Topic, partition: i32) -> Option<i64> {
        let state = self.state();
        if state.generation == generation { state.reached.get(&(topic, partition)).copied() } else { None }
    }

    /// All that is reached of a topic, as one number that only grows.
    pub(super) fn sum(&self, generation: i32, topic: Topic) -> i64 {
        let state = self.state();
        if state.generation != generation {
            return 0;
        }
        state.reached.iter().filter(|((of, _), _)| *of == topic).map(|(_, next)| next).sum()
    }

    pub(super) fn claim(&self, generation: i32, position: &Position) -> Result<Claim, WaitError> {
        let mut state = self.state();
        state.turn_to(generation);
        let missing: Vec<_> = position
            .offsets
            .iter()
            // What is not projected cannot be waited for: no read model holds it.
            .filter(|((topic, _), _)| Topic::PROJECTED.contains(topic))
            .filter(|(place, next)| state.reached.get(place).is_none_or(|reached| reached < *next))
            .map(|(place, next)| (*place, *next))
            .collect();
        if missing.is_empty() {
            return Ok(Claim::Reached);
        }
        if state.waiting.len() >= Progress::WAITERS {
            state.waiting.retain(|waiting| !waiting.sender.is_closed());
        }
        if state.waiting.len() >= Progress::WAITERS {
            return Err(WaitError::Busy);
        }
        let (sender, receiver) = oneshot::channel();
        state.waiting.push(Waiting { missing, since: Instant::now(), sender });
        Ok(Claim::Waiting(Waiter(receiver)))
    }

    /// A generation is known to be so far. Others than the one looked at are left aside.
    pub(super) fn advance(&self, generation: i32, places: impl IntoIterator<Item = (Place, i64)>) {
        let mut state = self.state();
        if state.generation != generation {
            return;
        }
        let mut moved = false;
        for (place, next) in places {
            let reached = state.reached.entry(place).or_insert(-1);
            if *reached < next {
                *reached = next;
                moved = true;
            }
        }
        if moved {
            state.tell();
        }
    }

    /// From now on this generation is looked at. Whoever waited for the other one asks again.
    pub(super) fn turn_to(&self, generation: i32) {
        self.state().turn_to(generation);
    }

    /// Since when the one waits who has waited longest.
    pub(super) fn waiting_since(&self) -> Option<Instant> {
        let mut state = self.state();
        state.waiting.retain(|waiting| !waiting.sender.is_closed());
        state.waiting.iter().map(|waiting| waiting.since).min()
    }

    pub(super) fn set_unreadable(&self, unreadable: bool) {
        self.unreadable.store(unreadable, Ordering::Relaxed);
    }

    pub(super) fn unreadable(&self) -> bool {
        self.unreadable.load(Ordering::Relaxed)
    }
}

impl State {
    fn turn_to(&mut self, generation: i32) {
        if self.generation == generation {
            return;
        }
        self.generation = generation;
        self.reached.clear();
        for waiting in self.waiting.drain(..) {
            let _ = waiting.sender.send(false);
        }
    }

    fn tell(&mut self) {
        let reached = &self.reached;
        let done = self.waiting.extract_if(.., |waiting| {
            waiting.missing.retain(|(place, next)| reached.get(place).is_none_or(|reached| reached < next));
            waiting.missing.is_empty() || waiting.sender.is_closed()
        });
        for waiting in done {
            let _ = waiting.sender.send(true);
        }
    }
}
