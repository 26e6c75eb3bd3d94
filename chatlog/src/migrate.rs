//! `chatlog migrate`: the tables as this build needs them, and the first generation of the read models.

use anyhow::{Context as _, ensure};
use clap::Args;
use platform::settings::{KafkaSettings, PostgresSettings};
use platform::{Kafka, postgres};
use read_model::{generations, integrity};

use crate::args::LogArgs;
use crate::output;

/// For the help.
pub const EXAMPLES: &str = "\
Examples:
  chatlog topics apply && chatlog migrate     the topics go first: tables are folded from one log, and remember which";

/// Settings of `migrate`.
#[derive(Args, Debug)]
pub struct MigrateArgs {
    #[command(flatten)]
    kafka: KafkaSettings,
    #[command(flatten)]
    postgres: PostgresSettings,
    /// Its own log lines.
    #[command(flatten)]
    pub log: LogArgs,
}

/// Migrates.
pub async fn run(args: &MigrateArgs) -> anyhow::Result<()> {
    let log_id = Kafka::new(&args.kafka)?.log_id().await?;
    let log_id = log_id.context("the log has no id yet; run `chatlog topics apply` first")?;
    let pool = postgres::pool(&args.postgres, postgres::CONTROL_PATH)?;
    postgres::migrate(&pool).await.context("the migrations stopped")?;
    command_api::accounts::skeletons::fill(&pool).await.context("names of accounts could not be compared")?;
    let generation = generations::ensure_generation(&pool, log_id).await?;
    ensure!(
        generation.log_id == log_id,
        "the read models of generation {} were folded from log {}, but this is log {log_id}: restore the one or rebuild \
         the other",
        generation.number,
        generation.log_id
    );
    let missing = integrity::missing(&mut *pool.acquire().await?, generation.number).await?;
    ensure!(missing.is_empty(), "{}", integrity::describe(generation.number, &missing));
    pool.close().await;
    output::line(format_args!(
        "the tables are up to date; generation {} of the read models is active (log {log_id})",
        generation.number
    ))?;
    Ok(())
}
