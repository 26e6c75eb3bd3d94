//! Benchmarks of the budgets: every figure is measured beside its limit in the same run, because machines differ.
//!
//! `./dev bench` starts servers of its own and runs all of it; `./dev bench send page` runs parts. The platform under test
//! is the `chatlog` program itself, in one process, over HTTP.

mod import;
mod live;
mod load;
mod page;
mod rebuild_under_load;
mod replay;
mod report;
mod send;
mod sign_up;
mod stack;

use anyhow::Result;
use clap::{Parser, ValueEnum};

/// With glibc's, reading a page would cost as much as Postgres takes for it: each answer lies in memory that the system gives
/// anew. The measure is the platform, not who asks.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Case {
    /// Commands: one message a request, and batches of 100 against a bare producer.
    Send,
    /// The projection: a backlog drained, and accepted → visible at a fixed rate.
    Live,
    /// `chatlog import irc`.
    Import,
    /// A page of 1000 against pgbench.
    Page,
    /// A rebuild against a bare COPY.
    Replay,
    /// A rebuild while people write and read: only when it is named.
    Rebuild,
    /// Signing up with an outside participant, logging in, refreshing.
    SignUp,
}

/// Measures Chatlog against its budgets, on the servers that the environment names (`KAFKA_BROKERS`, …).
#[derive(Parser, Debug)]
pub struct Options {
    /// What to measure; everything but `rebuild` when none is named.
    #[arg(value_enum)]
    cases: Vec<Case>,
    /// Seconds of each load at full speed or fixed rate.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Seconds of the same load before what is measured at full speed or fixed rate: a broker that has just started still
    /// compiles its code.
    #[arg(long, default_value_t = 10)]
    warm_up: u64,
    /// Rows of the table that pages are read from.
    #[arg(long, default_value_t = 3_000_000)]
    rows: u64,
    /// Events of the backlog that the projection drains, or of the log that is rebuilt.
    #[arg(long, default_value_t = 200_000)]
    events: u64,
    /// People who sign up.
    #[arg(long, default_value_t = 10_000)]
    sign_ups: u64,
    /// Logs to import; made-up ones of the same shape when absent.
    #[arg(long)]
    irc: Option<std::path::PathBuf>,
    /// Where the report is also written, as Markdown.
    #[arg(long, default_value = ".local/bench/report.md")]
    report: std::path::PathBuf,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    let wanted = |case| options.cases.is_empty() || options.cases.contains(&case);
    let mut report = report::Report::default();
    if wanted(Case::SignUp) {
        sign_up::run(&options, &mut report).await?;
    }
    let stack = stack::Stack::start().await?;
    if wanted(Case::Page) {
        page::run(&stack, &options, &mut report).await?;
    }
    if wanted(Case::Send) {
        send::run(&stack, &options, &mut report).await?;
    }
    if wanted(Case::Live) {
        live::run(&stack, &options, &mut report).await?;
    }
    if wanted(Case::Import) {
        import::run(&stack, &options, &mut report)?;
    }
    // The last: it leaves a backlog.
    if wanted(Case::Replay) {
        replay::run(&stack, &options, &mut report).await?;
    }
    if options.cases.contains(&Case::Rebuild) {
        rebuild_under_load::run(&stack, &options, &mut report).await?;
    }
    stack.finish().await;
    report.finish(&options.report)
}
