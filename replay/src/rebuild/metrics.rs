//! How far the rebuild is, as metrics.

use metrics::{describe_gauge, gauge};
use read_model::rebuild_status::{Rebuild, State};

/// Names them for `/metrics`.
pub(super) fn describe() {
    describe_gauge!("rebuild_phase", "1 for the phase in which a rebuild is, 0 for the others");
    describe_gauge!(
        "rebuild_done",
        "What the rebuild has done of its phase: events, in `tables` rows, in `index` indexes"
    );
    describe_gauge!("rebuild_total", "Of so many, 0 where that is not known");
    describe_gauge!("rebuild_per_second", "So many a second, on average over the phase");
    describe_gauge!("rebuild_eta_seconds", "Until the end of the phase at this rate, NaN where that cannot be said");
    describe_gauge!("rebuild_generation", "The generation that a rebuild builds, 0 while none is at work");
    describe_gauge!("rebuild_failed", "1 where the last rebuild ended with an error or without a word");
}

/// The phases of a rebuild.
const PHASES: [&str; 7] = ["load", "index", "catch up", "tables", "log", "closer look", "activate"];

/// How far the rebuild is that is at work anywhere, or how the last one ended.
#[expect(clippy::cast_precision_loss, reason = "nobody reads a metric beyond 2^52")]
pub(super) fn show(found: Option<&Rebuild>) {
    let running = found.filter(|it| it.state == State::Running);
    let phase = running.map_or("", |it| &*it.phase);
    for known in PHASES {
        gauge!("rebuild_phase", "phase" => known).set(if known == phase { 1.0 } else { 0.0 });
    }
    gauge!("rebuild_done").set(running.map_or(0.0, |it| it.done as f64));
    gauge!("rebuild_total").set(running.and_then(|it| it.total).map_or(0.0, |total| total as f64));
    gauge!("rebuild_per_second").set(running.map_or(0.0, |it| it.per_second));
    gauge!("rebuild_eta_seconds").set(running.and_then(|it| it.eta_seconds).unwrap_or(f64::NAN));
    gauge!("rebuild_generation").set(running.map_or(0.0, |it| it.generation.into()));
    let failed = found.is_some_and(|it| matches!(it.state, State::Failed | State::Lost));
    gauge!("rebuild_failed").set(if failed { 1.0 } else { 0.0 });
}
