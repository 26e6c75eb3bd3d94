//! `chatlog events tail`: prints what the log holds, from anywhere, and waits for more. It belongs to no consumer group and
//! commits nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use event_schema::Topic;
use event_schema::topics::{KeyKind, partition_of};
use platform::Kafka;
use platform::settings::KafkaSettings;
use rdkafka::consumer::{Consumer as _, StreamConsumer};
use rdkafka::{Offset, TopicPartitionList};

use super::record::Shown;
use crate::cli::LogArgs;
use crate::output;

/// For the help.
pub const EXAMPLES: &str = "\
Examples:
  chatlog events tail                                       what happens from now on
  chatlog events tail --from beginning --topic chat.rooms   everything about rooms
  chatlog events tail --from beginning --type posted --key ROOM --json --no-follow
  chatlog events tail --topic chat.rooms --partition 3 --from 1200 --limit 10

Records of one partition come in the log's order; partitions are mixed as they arrive.";

/// Settings of `events tail`.
#[derive(Args, Debug)]
pub struct TailArgs {
    /// Only this topic (more than once: these), with or without the log's prefix; otherwise all
    #[arg(long, value_name = "TOPIC")]
    pub topic: Vec<String>,
    /// Only this partition
    #[arg(long, value_name = "N")]
    pub partition: Option<i32>,
    /// Where to begin: `beginning`, `end`, or an offset (of one partition: with --topic and --partition or --key)
    #[arg(long, default_value = "end", value_parser = from, value_name = "WHERE")]
    pub from: From,
    /// Only records with this key: a room, a user, a setting's name
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// Only events of this type (more than once: these): `chat.message.posted`, with version or without, or `posted`
    #[arg(long = "type", value_name = "TYPE")]
    pub types: Vec<String>,
    /// One JSON object a line, with every header
    #[arg(long)]
    pub json: bool,
    /// End after so many events
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// End at what is the log's end now, instead of waiting for more
    #[arg(long)]
    pub no_follow: bool,
    #[command(flatten)]
    kafka: KafkaSettings,
    /// Its own log lines.
    #[command(flatten)]
    pub log: LogArgs,
}

/// Where to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// With the first record there is.
    Beginning,
    /// With the next one written.
    End,
    /// With this one.
    Offset(i64),
}

fn from(text: &str) -> Result<From, String> {
    match text {
        "beginning" => Ok(From::Beginning),
        "end" => Ok(From::End),
        number => match number.parse() {
            Ok(offset @ 0..) => Ok(From::Offset(offset)),
            _ => Err("`beginning`, `end` or an offset is expected".to_owned()),
        },
    }
}

/// After so long without a record that should be there, we say so.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where to begin in each partition, and what was its end when we began.
type Places = BTreeMap<(String, i32), Range<i64>>;

/// Prints.
pub async fn run(args: &TailArgs) -> anyhow::Result<()> {
    let kafka = Kafka::new(&args.kafka)?;
    let places = places(args, &kafka).await?;
    let mut list = TopicPartitionList::new();
    for ((topic, partition), range) in &places {
        list.add_partition_offset(topic, *partition, Offset::Offset(range.start))?;
    }
    let consumer: StreamConsumer = kafka.consumer_config("chatlog-events-tail").create()?;
    consumer.assign(&list)?;
    let names: BTreeSet<&str> = places.keys().map(|(topic, _)| topic.as_str()).collect();
    let names = names.into_iter().collect::<Vec<_>>().join(", ");
    output::note(format_args!("reading {} partitions of {names}", places.len()));
    tokio::select! {
        done = follow(args, &consumer, places) => done,
        _ = tokio::signal::ctrl_c() => Ok(()),
    }
}

/// The partitions meant by the arguments, and which of their offsets.
async fn places(args: &TailArgs, kafka: &Kafka) -> anyhow::Result<Places> {
    let meant = partitions(args, kafka).await?;
    if matches!(args.from, From::Offset(_)) && meant.len() > 1 {
        bail!("an offset is of one partition; add --topic, and --partition or --key");
    }
    let mut places = Places::new();
    for (topic, partition) in meant {
        let name = kafka.topic_name(topic);
        let (begin, end) = kafka.watermarks(topic, partition).await?;
        let start = match args.from {
            From::Beginning => begin,
            From::End => end,
            From::Offset(offset) => {
                let held = begin..=end;
                ensure!(held.contains(&offset), "{name}/{partition} holds the offsets {begin} to {}", end - 1);
                offset
            }
        };
        places.insert((name, partition), start..end);
    }
    Ok(places)
}

async fn partitions(args: &TailArgs, kafka: &Kafka) -> anyhow::Result<Vec<(Topic, i32)>> {
    let mut meant = Vec::new();
    for topic in topics(args, kafka)? {
        let count = kafka.partitions(topic).await?;
        let home = args.key.as_deref().map(|key| partition_of(key, count));
        let partitions = match args.partition.or(home) {
            Some(one) => one..one + 1,
            None => 0..count,
        };
        let name = kafka.topic_name(topic);
        ensure!(partitions.start >= 0 && partitions.end <= count, "{name} has the partitions 0 to {}", count - 1);
        meant.extend(partitions.map(|partition| (topic, partition)));
    }
    Ok(meant)
}

fn topics(args: &TailArgs, kafka: &Kafka) -> anyhow::Result<Vec<Topic>> {
    let topic = |name: &String| {
        Topic::from_name(name).or_else(|| kafka.topic_of(name)).with_context(|| {
            let names: Vec<_> = Topic::ALL.iter().map(|topic| topic.name()).collect();
            format!("there is no topic {name}; the topics are {}", names.join(", "))
        })
    };
    if !args.topic.is_empty() {
        return args.topic.iter().map(topic).collect();
    }
    // An id is no setting's name, and the other way round.
    let is_id = args.key.as_deref().map(|key| uuid::Uuid::parse_str(key).is_ok());
    let fits = |topic: &Topic| is_id.is_none_or(|is_id| (topic.key_kind() == KeyKind::Setting) != is_id);
    Ok(Topic::ALL.into_iter().filter(fits).collect())
}

async fn follow(args: &TailArgs, consumer: &StreamConsumer, mut unread: Places) -> anyhow::Result<()> {
    let mut printed = 0;
    unread.retain(|_, range| !range.is_empty());
    if unread.is_empty() && at_end(args, printed) {
        return Ok(());
    }
    while args.limit.is_none_or(|limit| printed < limit) {
        let Ok(received) = tokio::time::timeout(PATIENCE, consumer.recv()).await else {
            if !unread.is_empty() {
                output::note("Kafka is silent; still trying");
            }
            continue;
        };
        let message = received.context("the log cannot be read")?;
        let shown = Shown::from(&message);
        let (place, next) = ((shown.topic.clone(), shown.partition), shown.offset + 1);
        if args.key.as_ref().is_none_or(|key| shown.key.as_ref() == Some(key)) && shown.is_of_type(&args.types) {
            output::line(if args.json { shown.to_json()? } else { shown.to_line() })?;
            printed += 1;
        }
        if unread.get(&place).is_some_and(|range| range.end <= next) {
            unread.remove(&place);
            if unread.is_empty() && at_end(args, printed) {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Says that everything there was is read, and whether that is all that was asked for.
fn at_end(args: &TailArgs, printed: u64) -> bool {
    let then = if args.no_follow { "" } else { "; waiting for more (Ctrl-C ends)" };
    output::note(format_args!("end of the log, {printed} events printed{then}"));
    args.no_follow
}
