//! Verifying now and then beside the folding, told by metrics: a difference is an alert before anybody sees it.

use std::time::Duration;

use metrics::{counter, describe_counter, describe_gauge, gauge};
use platform::Platform;
use read_model::Fold;
use tokio_util::sync::CancellationToken;

use super::{Report, Scope, Sources, VerifyError, verify};
use crate::Settings;
use crate::progress::PhaseProgress;

/// Verifies at the pace that the settings say, until asked to end.
pub(crate) async fn run(platform: Platform, fold: Fold, settings: Settings, soft: CancellationToken) {
    let Some(every) = settings.verify_every() else { return };
    describe_gauge!("verify_same", "1 where the last verification found tables and log the same, 0 where not");
    describe_gauge!("verify_last_timestamp_seconds", "When the last verification ended, in seconds of Unix time");
    describe_counter!("verify_failures_total", "Verifications that could not be made");
    let sources = Sources {
        kafka: platform.kafka.clone(),
        fold,
        postgres: platform.settings.postgres.clone(),
        scratch: settings.scratch(),
        // It has time.
        parallel: 1,
        stop: soft.clone(),
    };
    while tokio::time::timeout(every, soft.cancelled()).await.is_err() {
        let seed = platform.ids.v7().as_u64_pair().1;
        let scope = match settings.projector_verify_rooms {
            0 => Scope::Whole,
            rooms => Scope::Sample { rooms, seed },
        };
        match verify(&sources, None, &scope, &PhaseProgress::default()).await {
            Ok(report) => publish_result(&report, &platform),
            Err(_) if soft.is_cancelled() => return,
            // Programs of its own fold compare it.
            Err(error @ VerifyError::OtherFold { .. }) => tracing::debug!(%error, "nothing to compare"),
            Err(error) => {
                counter!("verify_failures_total").increment(1);
                tracing::warn!(%error, "failed to compare tables and log");
            }
        }
    }
}

fn publish_result(report: &Report, platform: &Platform) {
    gauge!("verify_same").set(if report.is_same() { 1.0 } else { 0.0 });
    gauge!("verify_last_timestamp_seconds")
        .set(Duration::from_micros(platform.clock.now().as_micros().unsigned_abs()).as_secs_f64());
    match report.differences.first() {
        None => tracing::info!(report.generation, report.rows, report.events, "verify: tables equal the log"),
        Some(first) => {
            tracing::error!(report.generation, report.keys_differing, %first, "verify: tables differ from the log");
        }
    }
}
