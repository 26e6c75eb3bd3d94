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
    /// What makes up for partitions that fell back, so that a topic's number goes on growing.
    fallen: HashMap<Topic, i64>,
    waiting: Vec<Waiting>,
}

struct Waiting {
    /// All that is waited for: what is reached may be lost again before the rest is.
    wanted: Vec<(Place, i64)>,
    since: Instant,
    /// Told `true` when all is reached, `false` when another generation became active.
    sender: oneshot::Sender<bool>,
}

/// Whether a position is reached already.
pub(super) enum PositionCheck {
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
        let reached: i64 = state.reached.iter().filter(|((of, _), _)| *of == topic).map(|(_, next)| next).sum();
        reached + state.fallen.get(&topic).copied().unwrap_or_default()
    }

    pub(super) fn claim(&self, generation: i32, position: &Position) -> Result<PositionCheck, WaitError> {
        let mut state = self.state();
        state.turn_to(generation);
        let wanted: Vec<_> = position
            .offsets
            .iter()
            // What is not projected cannot be waited for: no read model holds it.
            .filter(|((topic, _), _)| Topic::PROJECTED.contains(topic))
            .map(|(place, next)| (*place, *next))
            .collect();
        if includes(&state.reached, &wanted) {
            return Ok(PositionCheck::Reached);
        }
        if state.waiting.len() >= Progress::WAITERS {
            state.waiting.retain(|waiting| !waiting.sender.is_closed());
        }
        if state.waiting.len() >= Progress::WAITERS {
            return Err(WaitError::Busy);
        }
        let (sender, receiver) = oneshot::channel();
        state.waiting.push(Waiting { wanted, since: Instant::now(), sender });
        Ok(PositionCheck::Waiting(Waiter(receiver)))
    }

    /// The owner of a partition says how far it is. That counts even where it is less than was known: Postgres may come back
    /// from a crash without its last commits, and what is lost must not be claimed until it is folded again. The late word of
    /// an earlier owner does no harm: whoever waits because of it waits until the next heartbeat.
    pub(super) fn record(&self, generation: i32, place: Place, next: i64) {
        let mut state = self.state();
        if state.generation != generation {
            return;
        }
        let before = state.reached.insert(place, next);
        match before {
            Some(before) if before == next => {}
            Some(before) if before > next => *state.fallen.entry(place.0).or_default() += before - next + 1,
            _ => state.release(),
        }
    }

    /// The checkpoints of a generation were read. Others than the one looked at are left aside. What was read may be older than
    /// what an owner has said since, so that less than is known says nothing.
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
            state.release();
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

    /// Tells those who have waited for what is reached now.
    fn release(&mut self) {
        let reached = &self.reached;
        let is_done = |waiting: &mut Waiting| includes(reached, &waiting.wanted) || waiting.sender.is_closed();
        for waiting in self.waiting.extract_if(.., is_done) {
            let _ = waiting.sender.send(true);
        }
    }
}

fn includes(reached: &HashMap<Place, i64>, wanted: &[(Place, i64)]) -> bool {
    wanted.iter().all(|(place, next)| reached.get(place).is_some_and(|reached| reached >= next))
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use uuid::Uuid;

    use super::*;
    use platform::LogId;

    const GENERATION: i32 = 1;
    const ONE: Place = (Topic::Rooms, 0);
    const OTHER: Place = (Topic::Rooms, 1);

    fn board() -> Board {
        let board = Board::default();
        board.turn_to(GENERATION);
        board
    }

    fn position(offsets: &[(Place, i64)]) -> Position {
        Position { log: LogId(Uuid::nil()), offsets: offsets.iter().copied().collect() }
    }

    fn waiter(board: &Board, offsets: &[(Place, i64)]) -> Option<Waiter> {
        match board.claim(GENERATION, &position(offsets)).expect("room") {
            PositionCheck::Reached => None,
            PositionCheck::Waiting(waiter) => Some(waiter),
        }
    }

    #[test]
    fn what_its_owner_takes_back_is_not_reached_any_more() {
        let board = board();
        board.record(GENERATION, ONE, 10);
        assert!(waiter(&board, &[(ONE, 10)]).is_none());
        let stamp = board.sum(GENERATION, Topic::Rooms);
        board.record(GENERATION, ONE, 8);
        assert_eq!(board.reached(GENERATION, ONE.0, ONE.1), Some(8));
        let mut waiting = waiter(&board, &[(ONE, 10)]).expect("lost");
        assert!(board.sum(GENERATION, Topic::Rooms) > stamp, "what was read before is worth nothing");
        assert!(waiting.reached().now_or_never().is_none());
        board.record(GENERATION, ONE, 10);
        assert_eq!(waiting.reached().now_or_never(), Some(true));
    }

    #[test]
    fn what_is_lost_while_somebody_waits_for_more_is_waited_for_again() {
        let board = board();
        let mut waiting = waiter(&board, &[(ONE, 10), (OTHER, 5)]).expect("nothing is reached");
        board.record(GENERATION, ONE, 10);
        board.record(GENERATION, ONE, 8);
        board.record(GENERATION, OTHER, 5);
        assert!(waiting.reached().now_or_never().is_none());
        board.record(GENERATION, ONE, 11);
        assert_eq!(waiting.reached().now_or_never(), Some(true));
    }

    #[test]
    fn an_old_look_and_another_generation_take_nothing_back() {
        let board = board();
        board.record(GENERATION, ONE, 10);
        board.advance(GENERATION, [(ONE, 9)]);
        board.record(GENERATION + 1, ONE, 3);
        assert_eq!(board.reached(GENERATION, ONE.0, ONE.1), Some(10));
    }
}
