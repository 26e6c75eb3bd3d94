//! `chatlog verify`: are the tables what the log says?

use anyhow::Context as _;
use clap::Args;
use event_schema::RoomId;
use platform::settings::{KafkaSettings, PostgresSettings};
use replay::progress::PhaseProgress;
use replay::verify::{Report, Scope, verify};

use crate::Exit;
use crate::args::LogArgs;
use crate::folding::{FoldArgs, room, shown, stop_on_signals};
use crate::output;

/// For the help.
pub const EXAMPLES: &str = "\
Examples:
  chatlog verify                        every table and digest of the active generation
  chatlog verify --room ROOM            what is about one room
  chatlog verify --sample 100           a hundred rooms, others each time
  chatlog verify --generation 3 --json

Nothing is written and nothing has to stand still: tables and checkpoints are read at one moment, and the log is folded up
to it. Exit codes: 0 the same, 1 different, 2 could not be checked.";

/// Exit codes beside 0.
const DIFFERENT: u8 = 1;
const UNKNOWN: u8 = 2;

/// Settings of `verify`.
#[derive(Args, Debug)]
pub struct VerifyArgs {
    /// Only what is about this room (more than once: these)
    #[arg(long, value_parser = room, value_name = "ROOM")]
    pub room: Vec<RoomId>,
    /// Only what is about so many rooms, by chance
    #[arg(long, conflicts_with = "room", value_name = "N")]
    pub sample: Option<u32>,
    /// Chooses the same rooms again [default: others each time]
    #[arg(long, requires = "sample", value_name = "N")]
    pub seed: Option<u64>,
    /// This generation [default: the active one]
    #[arg(long, value_name = "N")]
    pub generation: Option<i32>,
    /// One JSON object
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    fold: FoldArgs,
    #[command(flatten)]
    kafka: KafkaSettings,
    #[command(flatten)]
    postgres: PostgresSettings,
    /// Its own log lines.
    #[command(flatten)]
    pub log: LogArgs,
}

impl VerifyArgs {
    fn scope(&self) -> Scope {
        match self.sample {
            Some(rooms) => {
                let seed = self.seed.unwrap_or_else(|| platform::Ids::new().v7().as_u64_pair().1);
                Scope::Sample { rooms, seed }
            }
            None if self.room.is_empty() => Scope::Whole,
            None => Scope::Rooms(self.room.clone()),
        }
    }
}

/// Compares, and says what differs.
pub async fn run(args: &VerifyArgs) -> anyhow::Result<()> {
    let report = match compare(args).await {
        Ok(report) => report,
        Err(error) => {
            output::note(format_args!("could not be checked: {error:#}"));
            return Err(Exit(UNKNOWN).into());
        }
    };
    if args.json {
        output::line(serde_json::to_string(&report)?)?;
    } else {
        print_report(&report)?;
    }
    if report.is_same() { Ok(()) } else { Err(Exit(DIFFERENT).into()) }
}

async fn compare(args: &VerifyArgs) -> anyhow::Result<Report> {
    let sources = args.fold.sources(&args.kafka, &args.postgres, stop_on_signals()?).await?;
    let scope = args.scope();
    if let Scope::Sample { rooms, seed } = &scope {
        output::note(format_args!("{rooms} rooms, chosen by --seed {seed}"));
    }
    let progress = PhaseProgress::default();
    shown(&progress, verify(&sources, args.generation, &scope, &progress)).await.context("verify")
}

/// For people: the first difference first.
pub(crate) fn print_report(report: &Report) -> std::io::Result<()> {
    let Report { generation, events, rows, keys_differing, .. } = report;
    if report.is_same() {
        return output::line(format_args!(
            "generation {generation} is what the log says: {rows} rows, {events} events folded again"
        ));
    }
    for difference in &report.differences {
        output::line(difference)?;
    }
    output::line(format_args!(
        "generation {generation} differs from the log at {keys_differing} rooms or people; {rows} rows compared, {events} \
         events folded again"
    ))
}
