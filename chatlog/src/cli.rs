//! The commands and their words.

use clap::{Parser, Subcommand};
use platform::settings::TelemetrySettings;

use crate::{
    admin, demo, events, import, keys, log, mail, migrate, openapi, parked, rebuild, room, serve, topics, verify,
};

/// Chatlog: a chat platform whose log is the truth.
#[derive(Parser, Debug)]
#[command(name = "chatlog", version, about, propagate_version = true, after_help = EXAMPLES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  chatlog topics apply && chatlog migrate     make the log and the tables, once
  chatlog serve                               run everything in one process
  chatlog serve --roles projector             run one role
  chatlog import irc logs/                    bring old logs in
  chatlog events list                         read the log: the latest events
  chatlog events tail                         watch it
  chatlog verify                              are the tables what the log says?
  chatlog rebuild                             build them anew while everything runs

Settings come from flags, the environment, a TOML file (--config), in this order. Where no server is named at all, those
that ./dev up started for this folder are used. Exit codes: 0 done, 1 failed, 2 wrong usage, 78 wrong settings.";

/// A command.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Run the platform: any of its roles in one process, from one origin
    #[command(after_help = serve::EXAMPLES)]
    Serve(Box<serve::ServeArgs>),
    /// The topics of the log
    #[command(subcommand)]
    Topics(topics::TopicsCommand),
    /// Bring the tables up to this build and make the first generation; again: changes nothing
    #[command(after_help = migrate::EXAMPLES)]
    Migrate(Box<migrate::MigrateArgs>),
    /// Bring in logs of other chat systems
    #[command(subcommand)]
    Import(import::ImportCommand),
    /// The events of the log
    #[command(subcommand)]
    Events(events::EventsCommand),
    /// Build the read models anew from the log, beside the live ones, and change over
    #[command(after_help = rebuild::EXAMPLES)]
    Rebuild(Box<rebuild::RebuildArgs>),
    /// Fold the log again and compare every row with the tables
    #[command(after_help = verify::EXAMPLES)]
    Verify(Box<verify::VerifyArgs>),
    /// Rooms as they were
    #[command(subcommand)]
    Room(Box<room::RoomCommand>),
    /// What became of a room between two times
    #[command(after_help = room::EXAMPLES)]
    Diff(Box<room::DiffArgs>),
    /// Accounts and roles
    #[command(subcommand, after_help = admin::EXAMPLES)]
    Admin(admin::AdminCommand),
    /// The keys that access tokens are signed with
    #[command(subcommand, after_help = keys::EXAMPLES)]
    Keys(keys::KeysCommand),
    /// Keys set aside because an event of theirs could not be processed
    #[command(subcommand, after_help = parked::EXAMPLES)]
    Parked(parked::ParkedCommand),
    /// What the log holds that is not ours
    #[command(subcommand, after_help = log::EXAMPLES)]
    Log(log::LogCommand),
    /// Mails on their way, and those that could not be sent
    #[command(subcommand, after_help = mail::EXAMPLES)]
    Mail(mail::MailCommand),
    /// Make a few accounts, a channel and messages on a platform on this machine; again: changes nothing
    #[command(after_help = demo::EXAMPLES)]
    Demo(demo::DemoArgs),
    /// Print the document of the HTTP API, as /openapi.json of a running platform has it
    #[command(after_help = openapi::EXAMPLES)]
    Openapi(openapi::OpenapiArgs),
}

impl Command {
    /// How this command logs.
    #[must_use]
    pub fn telemetry(&self) -> TelemetrySettings {
        match self {
            Self::Serve(args) => args.platform.telemetry.clone(),
            Self::Topics(command) => command.log().telemetry(),
            Self::Migrate(args) => args.log.telemetry(),
            Self::Import(import::ImportCommand::Irc(args)) => args.servers.others.log.telemetry(),
            Self::Events(command) => command.log().telemetry(),
            Self::Rebuild(args) => args.log().telemetry(),
            Self::Verify(args) => args.log.telemetry(),
            Self::Room(command) => command.log().telemetry(),
            Self::Diff(args) => args.log().telemetry(),
            Self::Admin(command) => command.log().telemetry(),
            Self::Keys(command) => command.log().telemetry(),
            Self::Parked(command) => command.log().telemetry(),
            Self::Log(command) => command.log().telemetry(),
            Self::Mail(command) => command.log().telemetry(),
            Self::Demo(args) => args.log.telemetry(),
            Self::Openapi(args) => args.log.telemetry(),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_commands_are_well_formed() {
        super::Cli::command().debug_assert();
    }
}
