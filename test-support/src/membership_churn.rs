//! Somebody who comes and goes while others write: events that take a rev and no seq.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::Method;
use tokio::task::JoinHandle;

use crate::person::{Person, Room};
use crate::retry::Command;

/// A visitor on their way.
pub struct Visitor {
    stop: Arc<AtomicBool>,
    visits: JoinHandle<usize>,
}

impl Visitor {
    /// Lets somebody join and leave room after room, each with keys that are repeated until they are acked.
    pub fn start(person: &Person, rooms: &[Room]) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let visits = tokio::spawn(visit(person.clone(), rooms.to_vec(), Arc::clone(&stop)));
        Self { stop, visits }
    }

    /// Lets them finish the visit they are at; how many there were.
    pub async fn finish(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        self.visits.await.expect("the visitor has not given up")
    }
}

async fn visit(person: Person, rooms: Vec<Room>, stop: Arc<AtomicBool>) -> usize {
    let mut visits = 0;
    while !stop.load(Ordering::Relaxed) {
        let path = format!("/v1/rooms/{}/members/{}", rooms[visits % rooms.len()].id, person.id);
        for method in [Method::PUT, Method::DELETE] {
            let key = format!("visit-{visits}-{method}");
            let _ = Command { method, path: path.clone(), key, body: None }.retry(&person, || {}).await;
        }
        visits += 1;
    }
    visits
}
