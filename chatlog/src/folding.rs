//! What `verify`, `rebuild`, `room` and `diff` share: how they fold the log by themselves, and how they show it.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use event_schema::{RoomId, Timestamp};
use platform::settings::{KafkaSettings, PostgresSettings};
use platform::{Kafka, Lifecycle};
use read_model::generations::Fold;
use replay::progress::PhaseProgress;
use replay::verify::Sources;
use tokio_util::sync::CancellationToken;

use crate::import::meter::Meter;

/// How often a bar moves.
const LOOK: Duration = Duration::from_millis(250);

/// Limits of a tool that folds the log.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Limits")]
pub struct FoldArgs {
    /// Partitions folded at the same time
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64), value_name = "N")]
    pub parallel: u16,
    /// Folder of scratch files, which have no names and go with the process; about the size of the log [default: the
    /// system's temporary folder]
    #[arg(long, env = "CHATLOG_SCRATCH", value_name = "FOLDER")]
    pub scratch: Option<PathBuf>,
}

impl FoldArgs {
    /// The folder meant.
    #[must_use]
    pub fn scratch(&self) -> PathBuf {
        self.scratch.clone().unwrap_or_else(std::env::temp_dir)
    }

    /// Log and tables.
    pub async fn sources(
        &self,
        kafka: &KafkaSettings,
        postgres: &PostgresSettings,
        stop: CancellationToken,
    ) -> anyhow::Result<Sources> {
        let kafka = Kafka::new(kafka)?;
        let log_id = kafka.log_id().await?.context("the log has no id yet; run `chatlog topics apply` first")?;
        let postgres = postgres.clone();
        let fold = Fold::of(log_id);
        Ok(Sources { kafka, fold, postgres, scratch: self.scratch(), parallel: self.parallel.into(), stop })
    }
}

/// Ends a tool on Ctrl-C and SIGTERM: what is done stays, what is half done is taken back.
pub fn stop_on_signals() -> anyhow::Result<CancellationToken> {
    let lifecycle = Lifecycle::new();
    lifecycle.shutdown_on_signals()?;
    Ok(lifecycle.soft())
}

/// Shows a bar for each phase of a piece of work while it goes on.
pub async fn shown<T>(progress: &PhaseProgress, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    let mut meter: Option<(&'static str, Meter)> = None;
    loop {
        let done = tokio::time::timeout(LOOK, &mut work).await;
        let (phase, so_far, total) = progress.now();
        if meter.as_ref().is_none_or(|(shown, _)| *shown != phase) && !phase.is_empty() {
            if let Some((_, before)) = meter.take() {
                before.finish();
            }
            meter = Some((phase, Meter::start(phase, total)));
        }
        if let Some((_, meter)) = &mut meter {
            meter.set(so_far);
        }
        if let Ok(done) = done {
            if let Some((_, meter)) = meter.take() {
                meter.finish();
            }
            return done;
        }
    }
}

/// The value parser of rooms.
pub fn room(text: &str) -> Result<RoomId, String> {
    text.parse().map_err(|_| "a room's id is expected, a UUID".to_owned())
}

/// The value parser of times.
pub fn time(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| "a time is expected, like 2026-01-31T12:00:00Z".to_owned())
}
