//! `chatlog topics`: the log's topics as declared, made so or shown.

use anyhow::Context as _;
use clap::{Args, Subcommand};
use event_schema::Topic;
use event_schema::topics::DEFAULT_PARTITIONS;
use platform::Kafka;
use platform::kafka::{KafkaError, TopicAction, apply_topics};
use platform::settings::KafkaSettings;

use crate::args::LogArgs;
use crate::output;

/// What to do with the topics.
#[derive(Subcommand, Debug)]
pub enum TopicsCommand {
    /// Make the topics as they are declared; again: changes nothing
    #[command(after_help = "\
Examples:
  chatlog topics apply
  chatlog topics apply --partitions 6         fixed for the life of the log: a key never moves")]
    Apply(ApplyArgs),
    /// Show the topics, their partitions and how many records they hold
    #[command(after_help = "\
Examples:
  chatlog topics list")]
    List(ListTopicsArgs),
}

/// Settings of `topics apply`.
#[derive(Args, Debug)]
pub struct ApplyArgs {
    /// Partitions of each topic when it is made; another number than a topic has is refused
    #[arg(
        long,
        env = "CHATLOG_PARTITIONS",
        default_value_t = DEFAULT_PARTITIONS,
        value_parser = clap::value_parser!(i32).range(1..=1000),
        value_name = "N"
    )]
    pub partitions: i32,
    #[command(flatten)]
    kafka: KafkaSettings,
    #[command(flatten)]
    log: LogArgs,
}

/// Settings of `topics list`.
#[derive(Args, Debug)]
pub struct ListTopicsArgs {
    #[command(flatten)]
    kafka: KafkaSettings,
    #[command(flatten)]
    log: LogArgs,
}

impl TopicsCommand {
    /// How it logs.
    #[must_use]
    pub fn log(&self) -> &LogArgs {
        match self {
            Self::Apply(args) => &args.log,
            Self::List(args) => &args.log,
        }
    }

    /// Does it.
    pub async fn run(&self) -> anyhow::Result<()> {
        match self {
            Self::Apply(args) => apply(args).await,
            Self::List(args) => list(&args.kafka).await,
        }
    }
}

async fn apply(args: &ApplyArgs) -> anyhow::Result<()> {
    let reports = apply_topics(&args.kafka, args.partitions).await?;
    let row = |report: &platform::kafka::TopicReport| {
        let action = match report.action {
            TopicAction::Created => "created",
            TopicAction::Configured => "configured anew",
            TopicAction::Unchanged => "unchanged",
        };
        vec![report.name.clone(), format!("{} partitions", report.partitions), action.to_owned()]
    };
    output::line(output::table(&reports.iter().map(row).collect::<Vec<_>>()))?;
    let log_id = Kafka::new(&args.kafka)?.log_id().await?.context("the log has no id though it was just given one")?;
    output::line(format_args!("log {log_id}"))?;
    Ok(())
}

async fn list(settings: &KafkaSettings) -> anyhow::Result<()> {
    let kafka = Kafka::new(settings)?;
    let mut rows = vec![["TOPIC", "PARTITIONS", "RECORDS", "HOLDS"].map(str::to_owned).to_vec()];
    let mut missing = false;
    for topic in Topic::ALL {
        let (partitions, records) = match kafka.partitions(topic).await {
            Ok(partitions) => (partitions.to_string(), records(&kafka, topic, partitions).await?.to_string()),
            Err(KafkaError::NoTopic(_)) => {
                missing = true;
                ("missing".to_owned(), "-".to_owned())
            }
            Err(error) => return Err(error.into()),
        };
        rows.push(vec![kafka.topic_name(topic), partitions, records, topic.describe().to_owned()]);
    }
    output::line(output::table(&rows))?;
    if missing {
        output::note("some topics are missing; run `chatlog topics apply`");
    }
    Ok(())
}

async fn records(kafka: &Kafka, topic: Topic, partitions: i32) -> Result<i64, KafkaError> {
    let mut records = 0;
    for partition in 0..partitions {
        let (begin, end) = kafka.watermarks(topic, partition).await?;
        records += end - begin;
    }
    Ok(records)
}
