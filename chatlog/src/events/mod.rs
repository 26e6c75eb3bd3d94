//! `chatlog events`: reading the log as it is.

pub mod list;
pub mod tail;

use clap::{Args, Subcommand};
use event_schema::UserId;
use platform::Kafka;
use platform::log_explorer::{self, ExploreError, Filter};

use crate::args::LogArgs;

/// What to do with the events.
#[derive(Subcommand, Debug)]
pub enum EventsCommand {
    /// Print events of the log, from either end, page by page
    #[command(after_help = list::EXAMPLES)]
    List(Box<list::ListEventsArgs>),
    /// Print events, and wait for more
    #[command(after_help = tail::EXAMPLES)]
    Tail(Box<tail::TailArgs>),
}

impl EventsCommand {
    /// How it logs.
    #[must_use]
    pub fn log(&self) -> &LogArgs {
        match self {
            Self::List(args) => &args.log,
            Self::Tail(args) => &args.log,
        }
    }

    /// Prints.
    pub async fn run(&self) -> anyhow::Result<()> {
        match self {
            Self::List(args) => list::run(args).await,
            Self::Tail(args) => tail::run(args).await,
        }
    }
}

/// Which events.
#[derive(Args, Debug)]
pub struct FilterArgs {
    /// Only this topic (more than once: these), with or without the log's prefix; otherwise all
    #[arg(long, value_name = "TOPIC")]
    pub topic: Vec<String>,
    /// Only this partition
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..))]
    pub partition: Option<i32>,
    /// Only records with this key: a room, a user, a setting's name
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// Only events of this type (more than once: these): `chat.message.posted`, with version or without, or `posted`
    #[arg(long = "type", value_name = "TYPE")]
    pub types: Vec<String>,
    /// Only events that this person caused
    #[arg(long, value_name = "USER")]
    pub actor: Option<UserId>,
}

impl FilterArgs {
    /// The same for reading.
    pub fn filter(&self, kafka: &Kafka) -> Result<Filter, ExploreError> {
        Ok(Filter {
            topics: self.topic.iter().map(|name| log_explorer::topic(kafka, name)).collect::<Result<_, _>>()?,
            partition: self.partition,
            key: self.key.clone(),
            types: self.types.clone(),
            actor: self.actor,
            ..Filter::default()
        })
    }
}
