//! Folds the log again, from its beginning and without the tables: to compare the tables with it ([`verify`]), to build
//! another generation beside the live one ([`rebuild`]), and to show a room as it was ([`point_in_time`]).
//!
//! [`partition_replay`] folds one partition by the same fold and to the same bytes as the projector, in bounded memory;
//! [`log_range`] feeds it.

mod append_file;
mod checksums;
mod copy_encoder;
mod exclusions;
mod log_range;
mod partition_replay;
pub mod point_in_time;
pub mod progress;
pub mod rebuild;
pub mod routes;
mod settings;
mod spill;
mod table;
pub mod verify;

#[cfg(test)]
mod tests;

pub use progress::PhaseProgress;
pub use settings::Settings;

use platform::Platform;
use read_model::Fold;

/// Compares tables and log now and then, if the settings say so, and shows as metrics how far a rebuild is, until the process
/// ends. Runs where the projector does.
pub fn start(platform: &Platform, fold: Fold, settings: &Settings) {
    let lifecycle = &platform.lifecycle;
    lifecycle.spawn("verify", verify::schedule::run(platform.clone(), fold, settings.clone(), lifecycle.soft()));
    lifecycle.spawn("rebuild metrics", rebuild::progress_report::watch(platform.clone(), lifecycle.soft()));
}
