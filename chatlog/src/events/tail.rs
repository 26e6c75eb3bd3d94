//! `chatlog events tail`: prints what the log holds, from anywhere, and waits for more. It belongs to no consumer group and
//! commits nothing.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use event_schema::Topic;
use platform::Kafka;
use platform::log_explorer::{Start, Tail};
use platform::settings::KafkaSettings;

use super::FilterArgs;
use crate::args::LogArgs;
use crate::output;

/// For the help.
pub const EXAMPLES: &str = "\
Examples:
  chatlog events tail                                       what happens from now on
  chatlog events tail --from beginning --topic chat.rooms   everything about rooms
  chatlog events tail --from beginning --type posted --key ROOM --json --no-follow
  chatlog events tail --topic chat.rooms --partition 3 --from 1200 --limit 10
  chatlog events tail --from 2026-01-31T12:00:00Z           what was written to the log since then

A time is the one at which a record was written to the log, by Kafka's clock, not the event's own time (ce_time).
Records of one partition come in the log's order; partitions are mixed as they arrive.";

/// Settings of `events tail`.
#[derive(Args, Debug)]
pub struct TailArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// Where to begin: `beginning`, `end`, a time, or an offset (of one partition: with --topic and --partition or --key)
    #[arg(long, default_value = "end", value_parser = from, value_name = "WHERE")]
    pub from: Start,
    /// One JSON object a line, with every header
    #[arg(long)]
    pub json: bool,
    /// End after so many events
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// End at what is the log's end now, instead of waiting for more
    #[arg(long)]
    pub no_follow: bool,
    #[command(flatten)]
    kafka: KafkaSettings,
    /// Its own log lines.
    #[command(flatten)]
    pub log: LogArgs,
}

fn from(text: &str) -> Result<Start, String> {
    match text {
        "beginning" => return Ok(Start::Beginning),
        "end" => return Ok(Start::End),
        _ => {}
    }
    match (text.parse(), text.parse()) {
        (Ok(offset @ 0..), _) => Ok(Start::Offset(offset)),
        (_, Ok(time)) => Ok(Start::Time(time)),
        _ => Err("`beginning`, `end`, an offset, or a time like 2026-01-31T12:00:00Z is expected".to_owned()),
    }
}

/// After so long without a record that should be there, we say so.
const PATIENCE: Duration = Duration::from_secs(5);

/// Prints.
pub async fn run(args: &TailArgs) -> anyhow::Result<()> {
    let kafka = Kafka::new(&args.kafka)?;
    let tail = Tail::open(&kafka, &args.filter.filter(&kafka)?, args.from.clone()).await?;
    let names: BTreeSet<&str> = tail.places().map(|(topic, _): (Topic, _)| topic.name()).collect();
    let names = names.into_iter().collect::<Vec<_>>().join(", ");
    output::note(format_args!("reading {} partitions of {names}", tail.places().count()));
    tokio::select! {
        done = follow(args, tail) => done,
        _ = tokio::signal::ctrl_c() => Ok(()),
    }
}

async fn follow(args: &TailArgs, mut tail: Tail) -> anyhow::Result<()> {
    let (mut printed, mut told) = (0, false);
    while args.limit.is_none_or(|limit| printed < limit) {
        if tail.is_caught_up() && !told {
            told = true;
            let then = if args.no_follow { "" } else { "; waiting for more (Ctrl-C ends)" };
            output::note(format_args!("end of the log, {printed} events printed{then}"));
        }
        if told && args.no_follow {
            break;
        }
        let Ok(received) = tokio::time::timeout(PATIENCE, tail.next()).await else {
            if !tail.is_caught_up() {
                output::note("Kafka is silent; still trying");
            }
            continue;
        };
        if let Some(shown) = received.context("the log cannot be read")? {
            output::line(if args.json { shown.to_json()? } else { shown.to_line() })?;
            printed += 1;
        }
    }
    Ok(())
}
