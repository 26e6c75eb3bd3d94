//! What the mailer counts, and how long its queue is.

use std::sync::Arc;
use std::time::Duration;

use metrics::{counter, describe_counter, describe_gauge, gauge};
use tokio_util::sync::CancellationToken;

use crate::context::MailerContext;
use crate::queue;

/// How often the queue is measured.
const LOOK: Duration = Duration::from_secs(5);

/// Says what each metric means.
pub(crate) fn describe() {
    describe_gauge!("mailer_queue_length", "Mails that wait or are being sent (state=\"waiting\") or are parked");
    describe_gauge!("mailer_queue_oldest_seconds", "Since when the oldest mail waits that is not parked");
    describe_gauge!("mailer_server_up", "1 while the mail server answers this process");
    describe_counter!("mailer_sent_total", "Mails that a server has taken");
    describe_counter!("mailer_failed_total", "Mails that were parked or dropped, by reason");
    describe_counter!("mailer_deferred_total", "Attempts that are to be repeated");
    gauge!("mailer_server_up").set(1.0);
}

pub(crate) fn sent() {
    counter!("mailer_sent_total").increment(1);
}

pub(crate) fn failed(reason: &str) {
    counter!("mailer_failed_total", "reason" => reason.to_owned()).increment(1);
}

pub(crate) fn deferred() {
    counter!("mailer_deferred_total").increment(1);
}

/// Measures the queue until the process ends.
pub(crate) async fn watch(shared: Arc<MailerContext>, soft: CancellationToken) {
    while !soft.is_cancelled() {
        match queue::size(&shared.platform.db).await {
            Ok(size) => record_queue(&shared, size),
            Err(error) => tracing::debug!(%error, "the queue of mails is not measured"),
        }
        let _ = tokio::time::timeout(LOOK, soft.cancelled()).await;
    }
}

#[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
fn record_queue(shared: &MailerContext, size: queue::Size) {
    gauge!("mailer_queue_length", "state" => "waiting").set(size.waiting as f64);
    gauge!("mailer_queue_length", "state" => "parked").set(size.parked as f64);
    let now = shared.platform.clock.now().to_datetime();
    let oldest = size.oldest.map_or(0, |oldest| (now - oldest).num_seconds().max(0));
    gauge!("mailer_queue_oldest_seconds").set(oldest as f64);
}
