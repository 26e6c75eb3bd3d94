//! Whether the process can serve, and what is wrong: parts register, `/readyz` lists.
//!
//! Only what keeps a process from serving at all makes it unready. A part that does not do its work while others can is
//! *degraded*: taking the process out of the balancer would help nobody, for its replicas are as badly off.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The health of the process. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Health(Arc<Mutex<BTreeMap<&'static str, Part>>>);

#[derive(Clone, Debug)]
struct Part {
    state: PartState,
    /// It has worked once.
    began: bool,
}

/// How a part is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartState {
    Ready,
    /// It does not do all of its work, and why; the process serves.
    Degraded(String),
    /// The process cannot serve, and why.
    NotReady(String),
}

/// One part's say in it.
#[derive(Clone, Debug)]
pub struct HealthCheck {
    health: Health,
    name: &'static str,
}

impl Health {
    /// A process without parts, which is ready.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a part; it is not ready until it says so.
    #[must_use]
    pub fn register(&self, name: &'static str) -> HealthCheck {
        let check = HealthCheck { health: self.clone(), name };
        check.not_ready("starting");
        check
    }

    /// The parts that are not ready, with the reason; empty when all are.
    #[must_use]
    pub fn not_ready(&self) -> Vec<(&'static str, String)> {
        self.pick(|state| if let PartState::NotReady(why) = state { Some(why.clone()) } else { None })
    }

    /// The parts that are degraded, with the reason.
    #[must_use]
    pub fn degraded(&self) -> Vec<(&'static str, String)> {
        self.pick(|state| if let PartState::Degraded(why) = state { Some(why.clone()) } else { None })
    }

    fn pick(&self, why: impl Fn(&PartState) -> Option<String>) -> Vec<(&'static str, String)> {
        let parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        parts.iter().filter_map(|(name, part)| Some((*name, why(&part.state)?))).collect()
    }
}

impl HealthCheck {
    /// The part works.
    pub fn ready(&self) {
        self.set(PartState::Ready);
    }

    /// The part has begun its work: what is wrong with it from now on degrades the process.
    pub fn begun(&self) {
        let mut parts = self.health.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(part) = parts.get_mut(self.name) {
            part.began = true;
        }
    }

    /// The part does not do its work. Until it has begun to, the process is not ready; afterwards it serves what it can.
    pub fn degraded(&self, why: impl Into<String>) {
        self.set(PartState::Degraded(why.into()));
    }

    /// Without this part the process cannot serve, and why it does not work.
    pub fn not_ready(&self, why: impl Into<String>) {
        self.set(PartState::NotReady(why.into()));
    }

    fn set(&self, state: PartState) {
        let mut parts = self.health.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = parts.get(self.name).cloned();
        let began = state == PartState::Ready || before.as_ref().is_some_and(|before| before.began);
        let state = match state {
            PartState::Degraded(why) if !began => PartState::NotReady(why),
            state => state,
        };
        parts.insert(self.name, Part { state: state.clone(), began });
        drop(parts);
        let before = before.map(|before| before.state);
        // Only changes are worth a line.
        if before.as_ref() != Some(&state) {
            self.report(before.is_some(), &state);
        }
    }

    fn report(&self, known: bool, now: &PartState) {
        let level = match now {
            PartState::Ready => 0.0,
            PartState::Degraded(_) => 1.0,
            PartState::NotReady(_) => 2.0,
        };
        metrics::gauge!("component_health", "part" => self.name).set(level);
        match now {
            PartState::NotReady(why) => tracing::info!(part = self.name, why, "component not ready"),
            PartState::Degraded(why) => tracing::info!(part = self.name, why, "component degraded"),
            PartState::Ready if known => tracing::info!(part = self.name, "component ready"),
            PartState::Ready => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_what_is_not_ready_and_why() {
        let health = Health::new();
        let log = health.register("log");
        let tables = health.register("tables");
        log.ready();
        assert_eq!(health.not_ready(), [("tables", "starting".to_owned())]);
        tables.ready();
        log.not_ready("no broker answers");
        assert_eq!(health.not_ready(), [("log", "no broker answers".to_owned())]);
    }

    #[test]
    fn a_part_that_has_begun_degrades_and_one_that_has_not_is_waited_for() {
        let health = Health::new();
        let part = health.register("part");
        part.degraded("cannot begin");
        assert_eq!(health.not_ready(), [("part", "cannot begin".to_owned())]);
        part.begun();
        part.degraded("one partition is paused");
        assert_eq!(
            (health.not_ready(), health.degraded()),
            (vec![], vec![("part", "one partition is paused".to_owned())])
        );
        part.ready();
        assert!(health.degraded().is_empty());
    }
}
