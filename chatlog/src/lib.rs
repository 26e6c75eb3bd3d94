//! The program people run: the platform's roles in one process, and the tools beside it.
//!
//! [`cli`] has the commands; each lives in a module of its name. Everything is a library so that tests start what they
//! need in process; `main.rs` only puts runtime, settings and telemetry around [`run`].

pub mod admin;
pub mod args;
pub mod assets;
pub mod cli;
pub mod demo;
pub mod docs_page;
pub mod events;
pub mod folding;
pub mod import;
pub mod keys;
pub mod log;
pub mod mail;
pub mod memory;
pub mod migrate;
pub mod openapi;
pub mod output;
pub mod parked;
pub mod rebuild;
pub mod registrations;
pub mod repair;
pub mod room;
pub mod serve;
pub mod topics;
pub mod verify;

use cli::Command;

/// The end of a command that has said everything already: with this exit code, and no further words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit(pub u8);

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "exit code {}", self.0)
    }
}

impl std::error::Error for Exit {}

/// Does what was asked for.
pub async fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Serve(args) => serve::run(args).await,
        Command::Topics(command) => command.run().await,
        Command::Migrate(args) => migrate::run(args).await,
        Command::Import(import::ImportCommand::Irc(args)) => import::run_irc(args).await,
        Command::Events(command) => command.run().await,
        Command::Rebuild(args) => rebuild::run(args).await,
        Command::Verify(args) => verify::run(args).await,
        Command::Room(command) => command.run().await,
        Command::Diff(args) => args.run().await,
        Command::Admin(command) => command.run().await,
        Command::Keys(command) => command.run().await,
        Command::Parked(command) => command.run().await,
        Command::Log(command) => command.run().await,
        Command::Mail(command) => command.run().await,
        Command::Demo(args) => demo::run(args).await,
        Command::Openapi(_) => openapi::run(),
    }
}
