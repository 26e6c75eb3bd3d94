//! `chatlog events`: reading the log as it is.

pub mod record;
pub mod tail;

use clap::Subcommand;

/// What to do with the events.
#[derive(Subcommand, Debug)]
pub enum EventsCommand {
    /// Print events, and wait for more
    #[command(after_help = tail::EXAMPLES)]
    Tail(Box<tail::TailArgs>),
}
