//! Whether the process can serve, and why not: parts register, `/readyz` lists.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The health of the process. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Health(Arc<Mutex<BTreeMap<&'static str, Option<String>>>>);

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
        let parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        parts.iter().filter_map(|(name, why)| Some((*name, why.clone()?))).collect()
    }
}

impl HealthCheck {
    pub fn ready(&self) {
        self.set(None);
    }

    /// The part does not work, and why.
    pub fn not_ready(&self, why: impl Into<String>) {
        self.set(Some(why.into()));
    }

    fn set(&self, why: Option<String>) {
        let mut parts = self.health.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = parts.insert(self.name, why.clone());
        drop(parts);
        // Only changes are worth a line.
        match (before.flatten(), why) {
            (before, Some(why)) if before.as_deref() != Some(&*why) => {
                tracing::info!(part = self.name, why, "component not ready");
            }
            (Some(_), None) => tracing::info!(part = self.name, "component ready"),
            _ => {}
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
}
