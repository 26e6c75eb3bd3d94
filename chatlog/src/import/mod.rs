//! `chatlog import`: logs of other chat systems become events, with their own times and people.
//!
//! The way of a log: [`files`] finds it, [`irc`] reads its lines, [`clock`] says when they were written, [`read`] puts
//! them in order, [`plan`] says what they mean for the room, [`events`] makes the events, and [`run`] appends those that
//! the log does not have. Everything before [`run`] is pure or reads files only, so `--dry-run` needs no server.

pub mod append;
pub mod catchup;
pub mod clock;
pub mod events;
pub mod files;
pub mod ids;
pub mod irc;
pub mod meter;
pub mod plan;
pub mod read;
pub mod report;
pub mod run;
mod sql;

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use chrono::TimeDelta;
use clap::{Args, Subcommand};
use event_schema::UserId;
use platform::{Kafka, Lifecycle, Platform};
use read_model::ReadModel;

use crate::args::ServerArgs;
use crate::output;
use report::Report;
use run::Job;

/// What to import.
#[derive(Subcommand, Debug)]
pub enum ImportCommand {
    /// Logs of IRC channels: one file a day, `2006-06-01.log`, with lines like `[12:34] <nick> text`
    #[command(long_about = LONG_ABOUT, after_help = EXAMPLES)]
    Irc(Box<IrcArgs>),
}

const LONG_ABOUT: &str = "\
Imports logs of IRC channels: one file a day, named 2006-06-01.log (or 2006-06-01_17.log: an excerpt around 17:00).

Lines: `[HH:MM] <nick> text`, `=== nick [host]  has joined #channel`, `=== nick [host]  has left #channel`, `=== old is now
known as new`; other lines are counted as skipped, with the reason. Each nickname becomes an imported person without
credentials; hosts and addresses are dropped. Events carry the time of their line, messages also its own words for it.
Clocks of 12 hours and clocks that run past midnight are recognised.

An event is known by room, file name and line: importing again, after an interruption or with more files, appends only what
is missing. The import is done when the platform shows every message; the last line adds up.";

const EXAMPLES: &str = "\
Examples:
  chatlog import irc logs/support             the room is named `support`, after the folder
  chatlog import irc logs/2006-06-01.log --room support
  chatlog import irc logs/support --dry-run   what would come of it; needs no server";

/// Settings of `import irc`.
#[derive(Args, Debug)]
pub struct IrcArgs {
    /// Files, or folders of files
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// The room they belong to; otherwise that of their folder's name
    #[arg(long, value_name = "NAME")]
    pub room: Option<String>,
    /// Who owns a room that is new: somebody who has signed up; otherwise an imported account
    #[arg(long, value_name = "USERNAME")]
    pub owner: Option<String>,
    /// How far the logs' clocks were before UTC, for example `+02:00`
    #[arg(long, default_value = "+00:00", value_parser = utc_offset, allow_hyphen_values = true, value_name = "±HH:MM")]
    pub utc_offset: TimeDelta,
    /// Only read, and say what would come of it
    #[arg(long)]
    pub dry_run: bool,
    /// The servers.
    #[command(flatten)]
    pub servers: ServerArgs,
}

fn utc_offset(text: &str) -> Result<TimeDelta, String> {
    let offset: chrono::FixedOffset = text.parse().map_err(|_| "±HH:MM is expected, for example +02:00".to_owned())?;
    Ok(TimeDelta::seconds(offset.local_minus_utc().into()))
}

/// Imports.
pub async fn run_irc(args: &IrcArgs) -> anyhow::Result<()> {
    let (paths, room, offset) = (args.paths.clone(), args.room.clone(), args.utc_offset);
    let jobs = tokio::task::spawn_blocking(move || read_jobs(&paths, room.as_deref(), offset)).await??;
    if args.dry_run {
        for job in &jobs {
            let (counts, repaired) = (job.counts.clone(), job.room.lines.repaired);
            let report = Report { title: job.room.name.clone(), counts, repaired, ..Report::default() };
            output::line(report.lines())?;
        }
        return Ok(());
    }
    let lifecycle = Lifecycle::new();
    lifecycle.shutdown_on_signals()?;
    let log = append::patient(&args.servers.kafka)?;
    let platform = Platform::connect(&args.servers.platform(), lifecycle).await?;
    let read_model = ReadModel::connect(&platform).await?;
    let done = import(&platform, &read_model, &log, jobs, args.owner.as_deref()).await;
    platform.drain().await;
    done
}

/// Reads the files and plans each room.
pub fn read_jobs(paths: &[PathBuf], room: Option<&str>, offset: TimeDelta) -> anyhow::Result<Vec<Job>> {
    let found = files::find(paths, room)?;
    if !found.passed_over.is_empty() {
        output::note(format_args!("passed over {} files whose names are no days", found.passed_over.len()));
    }
    let job = |(name, files): (String, Vec<read::LogFile>)| {
        let lines = read::read_files(files, offset);
        let (acts, counts) = plan::plan(&lines);
        Job { room: events::Room::new(&name, lines), acts, counts, owner: None }
    };
    Ok(found.rooms.into_iter().map(job).collect())
}

/// Imports room by room; says for each what came of it, and at last for all.
pub async fn import(
    platform: &Platform,
    read_model: &ReadModel,
    log: &Kafka,
    jobs: Vec<Job>,
    owner: Option<&str>,
) -> anyhow::Result<()> {
    let owner: Option<UserId> = match owner {
        Some(username) => Some(run::find_owner(platform, username).await?),
        None => None,
    };
    let rooms = jobs.len();
    let mut all = Report { title: format!("{rooms} rooms"), ..Report::default() };
    for job in jobs {
        let job = Job { owner, ..job };
        let report =
            run::import(platform, read_model, log, &job).await.with_context(|| format!("room {}", job.room.name))?;
        output::line(format_args!("{}; {}", report.lines(), report.outcome()))?;
        all.merge(report);
    }
    if rooms > 1 {
        output::line(format_args!("{}; {}", all.lines(), all.outcome()))?;
    }
    if all.missing() > 0 {
        bail!("{} messages are not in the read models though the log has them; is the projector well?", all.missing());
    }
    if !all.complete() {
        bail!("the log rejected some messages; the last line says why");
    }
    Ok(())
}
