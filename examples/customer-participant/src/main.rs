//! An outside participant of Chatlog's sign-up: opens a customer account with balance 0 for everybody who signs up, and
//! closes it again when the sign-up is rejected. It knows the topics and its own tables, and nothing of Chatlog's services.
//! What it does and why is told in `docs/joining-the-sign-up.md`.

mod accounts;
mod answer;
mod log;

use anyhow::{Context as _, Result};
use clap::Parser;

use crate::accounts::Accounts;
use crate::log::{Log, Read};

/// Opens a customer account with balance 0 for everybody who signs up.
#[derive(Parser, Debug)]
#[command(version)]
struct Settings {
    /// Kafka's brokers
    #[arg(long, env = "KAFKA_BROKERS", value_name = "HOST:PORT,…")]
    brokers: String,
    /// The database with its own tables (schema `customers`)
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database: String,
    /// What stands before the names of the topics
    #[arg(long, env = "CHATLOG_TOPIC_PREFIX", default_value = "", value_name = "TEXT")]
    topic_prefix: String,
    /// Its name among the participants
    #[arg(long, default_value = "customer", value_name = "NAME")]
    step: String,
    /// Refuse everybody
    #[arg(long)]
    fail: bool,
    /// Refuse those whose username begins like this
    #[arg(long, value_name = "PREFIX")]
    fail_names: Option<String>,
}

impl Settings {
    fn refuses(&self, username: &str) -> bool {
        self.fail || self.fail_names.as_ref().is_some_and(|prefix| username.starts_with(prefix.as_str()))
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let settings = Settings::parse();
    let accounts = Accounts::connect(&settings.database).await.context("the database")?;
    let log = Log::connect(&settings.brokers, &settings.topic_prefix).context("the log")?;
    tokio::select! {
        ended = take_part(&settings, &accounts, &log) => ended,
        stopped = tokio::signal::ctrl_c() => stopped.context("signals"),
    }
}

/// One record after the other, in the log's order: done, answered, and only then behind us. Killed anywhere, it does and
/// answers the last one again, with the same effect and the same answer.
async fn take_part(settings: &Settings, accounts: &Accounts, log: &Log) -> Result<()> {
    loop {
        let Read { place, event } = log.next().await?;
        if let Some(event) = event {
            let outcome = accounts.take(&event, |username| settings.refuses(username)).await?;
            if let Some(answer) = outcome.and_then(|outcome| answer::to(&event, &settings.step, outcome)) {
                log.say(&answer).await?;
            }
        }
        log.pass(&place)?;
    }
}
