//! `chatlog rebuild`: another generation of the read models, built from the log beside the live one.

use clap::{Args, Subcommand};
use event_schema::RoomId;
use platform::terminal::visible;
use platform::{Lifecycle, Platform};
use read_model::Fold;
use read_model::rebuild_status::{self, Rebuild};
use replay::progress::PhaseProgress;
use replay::rebuild::{self, GenerationStatus, Plan, RebuildError, RebuildResult, Share, State};
use serde_json::json;

use crate::args::{LogArgs, ServerArgs};
use crate::folding::{FoldArgs, room, shown, stop_on_signals};
use crate::output::{self, List};
use crate::{repair, verify};

/// For the help.
pub const EXAMPLES: &str = "\
Examples:
  chatlog rebuild                    build another generation, compare it with the log, let queries read it
  chatlog rebuild --share 25         leave three quarters of each processor to others
  chatlog rebuild --no-activate      build and compare only; run it again without, to go on
  chatlog rebuild --room ROOM        mend one room in the generations that there are
  chatlog rebuild status             the generations that there are, and how far a rebuild is
  chatlog rebuild rollback           back to the generation that was read before, at once
  chatlog rebuild drop 1             remove one that nobody needs any more

Everything goes on meanwhile. Ctrl-C (or a crash) ends it; the same command goes on where it was, by partitions.
With --room, exit codes are those of verify: 0 the room is what the log says, 1 it is not, 2 it could not be mended.";

/// Settings of `rebuild`.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct RebuildArgs {
    #[command(subcommand)]
    command: Option<RebuildCommand>,
    #[command(flatten)]
    start: StartArgs,
}

/// What else there is to do about generations.
#[derive(Subcommand, Debug)]
pub enum RebuildCommand {
    /// The generations that there are
    Status(GenerationArgs),
    /// Read the generation again that was read before
    Rollback(GenerationArgs),
    /// Let queries read this generation
    Activate(OneArgs),
    /// Remove a generation that is not read
    Drop(DropGenerationArgs),
}

/// Settings of a rebuild.
#[derive(Args, Debug)]
pub struct StartArgs {
    /// Percent of a processor that each folding thread takes
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100), value_name = "PERCENT")]
    pub share: u32,
    /// Build only; queries go on reading the present generation
    #[arg(long)]
    pub no_activate: bool,
    /// Do not compare the new generation with the log
    #[arg(long)]
    pub no_verify: bool,
    /// Only this room, in every generation that is folded: what is not as the log says is written anew
    #[arg(long, value_parser = room, value_name = "ROOM", conflicts_with_all = ["share", "no_activate", "no_verify"])]
    pub room: Option<RoomId>,
    #[command(flatten)]
    fold: FoldArgs,
    #[command(flatten)]
    projector: projector::Settings,
    #[command(flatten)]
    generation: GenerationArgs,
}

/// The servers.
#[derive(Args, Debug)]
pub struct GenerationArgs {
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    servers: ServerArgs,
}

/// One generation, and the servers.
#[derive(Args, Debug)]
pub struct OneArgs {
    /// Its number
    #[arg(value_name = "N")]
    pub number: i32,
    #[command(flatten)]
    generation: GenerationArgs,
}

/// The generation to be removed, and the servers.
#[derive(Args, Debug)]
pub struct DropGenerationArgs {
    /// Although it may still be read, or has rejections to tell that no other generation tells
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    one: OneArgs,
}

impl RebuildArgs {
    /// How it logs.
    #[must_use]
    pub fn log(&self) -> &LogArgs {
        let generation = match &self.command {
            None => &self.start.generation,
            Some(RebuildCommand::Status(args) | RebuildCommand::Rollback(args)) => args,
            Some(RebuildCommand::Activate(args)) => &args.generation,
            Some(RebuildCommand::Drop(args)) => &args.one.generation,
        };
        &generation.servers.others.log
    }
}

/// Does what was asked for.
pub async fn run(args: &RebuildArgs) -> anyhow::Result<()> {
    match &args.command {
        None => start(&args.start).await,
        Some(RebuildCommand::Status(args)) => status(args).await,
        Some(RebuildCommand::Rollback(args)) => switch(args, None).await,
        Some(RebuildCommand::Activate(args)) => switch(&args.generation, Some(args.number)).await,
        Some(RebuildCommand::Drop(args)) => remove(args).await,
    }
}

async fn connect(args: &GenerationArgs) -> anyhow::Result<Platform> {
    Ok(Platform::connect(&args.servers.platform(), Lifecycle::new()).await?)
}

async fn start(args: &StartArgs) -> anyhow::Result<()> {
    let servers = &args.generation.servers;
    let platform = connect(&args.generation).await?;
    let sources = args.fold.sources(&servers.kafka, &servers.others.postgres, stop_on_signals()?).await?;
    if let Some(room) = args.room {
        let repaired = repair::run(&platform, &sources, room, args.generation.json).await;
        platform.drain().await;
        return repaired;
    }
    let plan = Plan {
        share: Share::percent(args.share),
        verify: !args.no_verify,
        activate: !args.no_activate,
        projector: args.projector.clone(),
    };
    let progress = PhaseProgress::default();
    let built = shown(&progress, rebuild::rebuild(&platform, &sources, &plan, &progress)).await;
    platform.drain().await;
    match built {
        Ok(done) if args.generation.json => output::line(serde_json::to_string(&done)?)?,
        Ok(done) => print_report(&done)?,
        Err(RebuildError::Different(report)) => {
            verify::print_report(&report)?;
            anyhow::bail!("generation {} is left as it is, and not read", report.generation);
        }
        Err(error) => {
            let (phase, ..) = progress.now();
            return Err(anyhow::Error::new(error).context(format!("while: {phase}; run it again to go on")));
        }
    }
    Ok(())
}

fn print_report(done: &RebuildResult) -> anyhow::Result<()> {
    let phases: Vec<String> = done.phases.iter().map(|(name, seconds)| format!("{name} {seconds:.1} s")).collect();
    let spent: Vec<String> = done.spent.iter().map(|(name, seconds)| format!("{name} {seconds:.1} s")).collect();
    output::line(format_args!("{} events, {} rows loaded: {}", done.events, done.rows, phases.join(", ")))?;
    if !spent.is_empty() {
        output::line(format_args!("in the folding threads: {}", spent.join(", ")))?;
    }
    if let Some(report) = &done.verified {
        verify::print_report(report)?;
    }
    let read = if done.active { "is read from now on" } else { "is built and folded on; it is not read yet" };
    output::line(format_args!("generation {} {read}", done.generation))?;
    Ok(())
}

async fn status(args: &GenerationArgs) -> anyhow::Result<()> {
    let platform = connect(args).await?;
    let all = rebuild::status(&platform.db).await?;
    let current = rebuild_status::current(&platform.db).await?;
    platform.drain().await;
    let head = ["GENERATION", "STATE", "FOLD", "EVENTS", "MIB", "CREATED", "READ SINCE"];
    let mut shown = List::new(args.json, &head, |it| json!(it), cells);
    shown.add(&all)?;
    shown.end("there is no generation yet; run `chatlog migrate`")?;
    match current {
        Some(current) if args.json => output::line(json!({ "rebuild": current }))?,
        Some(current) => output::line(words_of(&current))?,
        None => {}
    }
    Ok(())
}

fn cells(it: &GenerationStatus) -> Vec<String> {
    let since = match (it.state, it.activated_at) {
        (State::Active, Some(at)) => output::time(at),
        _ => String::new(),
    };
    let state = it.state.as_str().to_owned();
    let mib = (it.bytes / (1024 * 1024)).to_string();
    let (number, fold) = (it.generation.to_string(), it.fold_version.to_string());
    vec![number, state, fold, it.events.to_string(), mib, output::time(it.created_at), since]
}

/// How far the rebuild is, or how the last one ended.
fn words_of(it: &Rebuild) -> String {
    let Rebuild { generation, state, phase, unit, done, per_second, .. } = it;
    let since = output::time(it.began_at);
    match (state, it.ended_at) {
        (rebuild_status::State::Running, _) => {
            let total = it.total.map_or_else(String::new, |total| format!(" of {total}"));
            let left = it.eta_seconds.map_or_else(String::new, |eta| format!(", {eta:.0} s left"));
            format!(
                "rebuild of generation {generation}, since {since}: {phase}: {done}{total} {unit} ({per_second:.0}/s{left})"
            )
        }
        (rebuild_status::State::Lost, _) => {
            let heard = output::time(it.updated_at);
            format!(
                "rebuild of generation {generation}, since {since}: not heard of since {heard}, in phase {phase}; run it again"
            )
        }
        (state, ended) => {
            let ended = ended.map(output::time).unwrap_or_default();
            let problem = it.problem.as_ref().map_or_else(String::new, |problem| format!(": {}", visible(problem)));
            format!("last rebuild, of generation {generation}, from {since} to {ended}: {}{problem}", state.as_str())
        }
    }
}

async fn switch(args: &GenerationArgs, to: Option<i32>) -> anyhow::Result<()> {
    let platform = connect(args).await?;
    let to = match to {
        Some(to) => Some(to),
        None => rebuild::previous(&platform.db, Fold::of(platform.log_id)).await?,
    };
    let Some(to) = to else { anyhow::bail!("there is no generation to go back to") };
    let switched = rebuild::activate(&platform.db, to, Fold::of(platform.log_id), &stop_on_signals()?).await;
    platform.drain().await;
    match switched? {
        Some(from) => output::line(format_args!("generation {to} is read from now on, instead of {from}"))?,
        None => output::line(format_args!("generation {to} is the one that is read"))?,
    }
    Ok(())
}

async fn remove(args: &DropGenerationArgs) -> anyhow::Result<()> {
    let DropGenerationArgs { force, one: OneArgs { number, generation } } = args;
    let platform = connect(generation).await?;
    let dropped = rebuild::drop_generation(&platform.db, *number, *force).await;
    platform.drain().await;
    dropped?;
    output::line(format_args!("generation {number} is gone"))?;
    Ok(())
}
