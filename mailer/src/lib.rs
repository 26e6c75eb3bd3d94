//! Sends mails that the log asks for: codes that prove an address, codes for another password, notices.
//!
//! `intake` reads `chat.users` and `chat.mail` into a queue in Postgres, each event exactly once, and answers the sign-up
//! saga: the mail is durably its own from then on, whatever becomes of mail servers. `sender` takes what is due, reads
//! address and name where they are (never from the log), and hands the mail to a server, or to files. One mail per request,
//! as far as SMTP can promise it; `docs/mail.md` says where that ends.

mod backoff;
mod circuit_breaker;
mod compose;
mod context;
mod events;
mod intake;
mod metrics;
mod pace;
pub mod queue;
mod send_policy;
mod sender;
mod settings;
mod store;
mod template;
mod transport;

use std::sync::Arc;

use platform::Platform;
use platform::outbox::Relay;

pub use settings::{Settings, SettingsError, Tls};

use crate::context::MailerContext;
use crate::transport::Transport;

/// Takes in and sends mails until the process ends.
pub fn start(platform: &Platform, settings: &Settings) -> Result<(), SettingsError> {
    let transport = Transport::of(settings)?;
    metrics::describe();
    if transport.is_none() {
        tracing::info!("no mail transport configured; mails stay queued");
    }
    let connections = settings.smtp_connections;
    let shared = Arc::new(MailerContext::new(platform, settings, transport)?);
    let lifecycle = &platform.lifecycle;
    // Any number of relays may run; the first of this process does the work.
    lifecycle.spawn("relay", Relay::run(platform.clone(), lifecycle.soft()));
    lifecycle.spawn("mail intake", intake::run(Arc::clone(&shared), lifecycle.soft()));
    lifecycle.spawn("mail metrics", metrics::watch(Arc::clone(&shared), lifecycle.soft()));
    for _ in 0..connections {
        lifecycle.spawn("mail sender", sender::run(Arc::clone(&shared), lifecycle.soft()));
    }
    Ok(())
}
