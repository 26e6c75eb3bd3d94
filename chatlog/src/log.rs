//! `chatlog log`: what the log holds that is not ours.

use clap::{Args, Subcommand};
use event_schema::Topic;
use platform::foreign_records::{self, ForeignRow};
use platform::postgres;
use serde_json::{Value, json};

use crate::args::{LogArgs, PostgresArgs};
use crate::output::{self, List};

/// Examples of `chatlog log`.
pub const EXAMPLES: &str = "\
Examples:
  chatlog log foreign                         records that no Chatlog wrote, newest first
  chatlog log foreign --topic chat.rooms      of one topic
  chatlog events list --topic chat.rooms --partition 0 --from 17
                                              what one of them holds";

/// What to see of the log.
#[derive(Subcommand, Debug)]
pub enum LogCommand {
    /// List records that no Chatlog wrote: they are set aside, and reading goes on behind them
    Foreign(ForeignArgs),
}

/// Which of them.
#[derive(Args, Debug)]
pub struct ForeignArgs {
    /// Only of this topic (chat.rooms, chat.users, …)
    #[arg(long, value_parser = topic, value_name = "TOPIC")]
    topic: Option<Topic>,
    /// How many, at most
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000), value_name = "N")]
    limit: u32,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    servers: PostgresArgs,
}

fn topic(name: &str) -> Result<Topic, String> {
    let known = || Topic::ALL.map(Topic::name).join(", ");
    Topic::from_name(name).ok_or_else(|| format!("there is no such topic; there are {}", known()))
}

impl LogCommand {
    /// How it logs.
    #[must_use]
    pub fn log(&self) -> &LogArgs {
        let Self::Foreign(args) = self;
        &args.servers.log
    }

    /// Does it.
    pub async fn run(&self) -> anyhow::Result<()> {
        let Self::Foreign(args) = self;
        let db = postgres::pool(&args.servers.postgres, postgres::CONTROL_PATH)?;
        let rows = foreign_records::list(&db, args.topic, args.limit.into()).await?;
        let head = ["TOPIC", "PARTITION", "OFFSET", "SEEN", "REASON"];
        let mut shown = List::new(args.json, &head, described, cells);
        shown.add(&rows)?;
        shown.end("no foreign record was found")?;
        Ok(())
    }
}

fn cells(row: &ForeignRow) -> Vec<String> {
    let record = &row.record;
    vec![
        record.topic.name().to_owned(),
        record.partition.to_string(),
        record.offset.to_string(),
        output::time(row.seen_at),
        record.reason.clone(),
    ]
}

fn described(row: &ForeignRow) -> Value {
    let record = &row.record;
    json!({
        "log_id": row.log.0,
        "topic": record.topic.name(),
        "partition": record.partition,
        "offset": record.offset,
        "seen_at": row.seen_at.to_string(),
        "reason": record.reason,
    })
}
