//! `chatlog events list`: prints what the log holds, from either end, and where to go on.

use std::time::Duration;

use clap::{Args, ValueEnum};
use event_schema::Timestamp;
use platform::Kafka;
use platform::log_explorer::{Ask, Bounds, Filter, Offsets, Order, Page, Reader, while_wanted};
use platform::settings::KafkaSettings;

use super::FilterArgs;
use crate::args::LogArgs;
use crate::folding::{stop_on_signals, time};
use crate::output;

/// For the help.
pub const EXAMPLES: &str = "\
Examples:
  chatlog events list                                          the latest events
  chatlog events list --order oldest --topic chat.rooms        from the beginning
  chatlog events list --key ROOM --type edited --type deleted  what was taken back in a room
  chatlog events list --topic chat.rooms --partition 3 --offset 1200..1210 --long
  chatlog events list --from 2026-01-31T12:00:00Z --to 2026-01-31T13:00:00Z --json

--from and --to mean the time at which a record was written to the log, by Kafka's clock (recorded_at). That is not the
event's own time (ce_time): imported events say there when they happened in their source.

Events of one partition come in the log's order, or its reverse; partitions are mixed by the time of writing. Where there is
more, the last line (on standard error) has the --after to go on with, beside the same filters.";

/// Settings of `events list`.
#[derive(Args, Debug)]
pub struct ListEventsArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// Only these offsets, of one partition: 1200 is that one, 1200..1300 ends before 1300; 1200.. and ..1300 have one end
    #[arg(long, value_name = "OFFSETS")]
    pub offset: Option<Offsets>,
    /// Only what was written to the log then or later
    #[arg(long, value_parser = time, value_name = "TIME")]
    pub from: Option<Timestamp>,
    /// Only what was written to the log before then
    #[arg(long, value_parser = time, value_name = "TIME")]
    pub to: Option<Timestamp>,
    /// Which end first
    #[arg(long, value_enum, default_value_t = LogEnd::Newest, value_name = "END")]
    pub order: LogEnd,
    /// Print so many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..), value_name = "N")]
    pub limit: u64,
    /// Go on where an earlier list ended
    #[arg(long, value_name = "CURSOR")]
    pub after: Option<String>,
    /// Several lines an event: every header, the value laid out
    #[arg(long, conflicts_with = "json")]
    pub long: bool,
    /// One JSON object a line, with every header
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    kafka: KafkaSettings,
    /// Its own log lines.
    #[command(flatten)]
    pub log: LogArgs,
}

/// An end of the log.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogEnd {
    /// The latest events first
    Newest,
    /// The earliest events first
    Oldest,
}

impl From<LogEnd> for Order {
    fn from(end: LogEnd) -> Self {
        match end {
            LogEnd::Newest => Self::Newest,
            LogEnd::Oldest => Self::Oldest,
        }
    }
}

/// The most events read at once.
const PAGE: u64 = 500;
/// Nobody else waits: a page may take its time.
const BOUNDS: Bounds = Bounds { records: 100_000, bytes: 16 * 1024 * 1024, time: Duration::from_secs(30) };

/// Prints.
pub async fn run(args: &ListEventsArgs) -> anyhow::Result<()> {
    let kafka = Kafka::new(&args.kafka)?;
    let filter = args.filter.filter(&kafka)?;
    let filter = Filter { offsets: args.offset, from: args.from, to: args.to, ..filter };
    let places = filter.places(&kafka).await?;
    let (stop, _guard) = while_wanted(&stop_on_signals()?);
    let mut reader = Reader::new(&kafka)?;
    let mut ask = Ask { filter, order: args.order.into(), limit: 0, after: args.after.clone(), bounds: BOUNDS };
    let mut left = args.limit;
    loop {
        ask.limit = usize::try_from(left.min(PAGE)).unwrap_or_default();
        let (asked, of, wanted) = (ask.clone(), places.clone(), stop.clone());
        let read = tokio::task::spawn_blocking(move || (reader.page(&of, &asked, &wanted), reader));
        let (page, again) = read.await?;
        reader = again;
        let Page { records, next, .. } = page?;
        left -= records.len() as u64;
        for shown in &records {
            output::line(match (args.json, args.long) {
                (true, _) => shown.to_json()?,
                (false, true) => shown.to_lines() + "\n",
                (false, false) => shown.to_line(),
            })?;
        }
        ask.after = next;
        if left == 0 || ask.after.is_none() {
            break;
        }
    }
    let printed = args.limit - left;
    match ask.after {
        Some(next) => output::note(format_args!("{printed} events; there is more: --after {next}")),
        None => output::note(format_args!("{printed} events, no more")),
    }
    tokio::task::spawn_blocking(move || drop(reader)).await?;
    Ok(())
}
