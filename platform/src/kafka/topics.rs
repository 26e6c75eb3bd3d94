//! The topics as declared in `event_schema::topics`, made so; and the log's own id in `chat.config`.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use event_schema::topics::Key;
use event_schema::{CommandId, Event, EventId, Payload, Topic, setting};
use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, ConfigResource, ConfigSource, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::client::{Client, ClientContext};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode as Code};
use rdkafka::message::{BorrowedMessage, Message as _};
use rdkafka::{Offset, TopicPartitionList};

use super::client::Quiet;
use super::read;
use super::{Kafka, KafkaError, QUESTION, config};
use crate::LogId;
use crate::clock::{Clock, Ids};
use crate::settings::KafkaSettings;

/// What became of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicReport {
    pub topic: Topic,
    /// Its name in Kafka.
    pub name: String,
    pub partitions: i32,
    pub action: TopicAction,
}

/// What was done to a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TopicAction {
    /// It was not there.
    Created,
    /// Its settings were others.
    Configured,
    /// It was as it should be.
    Unchanged,
}

/// An administrator's requests may take longer than questions: a new topic waits for its leaders.
const ADMIN: Duration = Duration::from_secs(15);

/// Makes the topics as they are declared; again: changes nothing. A topic with another number of partitions is refused.
/// The log gets its id when it has none.
pub async fn apply_topics(settings: &KafkaSettings, partitions: i32) -> Result<Vec<TopicReport>, KafkaError> {
    let admin: AdminClient<Quiet> =
        config::admin(settings).create_with_context(Quiet).map_err(|error| KafkaError::Settings(error.to_string()))?;
    let existing = existing(settings).await?;
    for topic in Topic::ALL {
        let name = config::topic_name(settings, topic);
        let wanted = topic.partitions(partitions);
        if let Some(has) = existing.get(&name).copied().filter(|has| *has != wanted) {
            return Err(KafkaError::Partitions { topic: name, has, wanted });
        }
    }
    let is_new = |topic: &Topic| !existing.contains_key(&config::topic_name(settings, *topic));
    create(&admin, settings, Topic::ALL.into_iter().filter(is_new), partitions).await?;
    let mut report = Vec::with_capacity(Topic::ALL.len());
    for topic in Topic::ALL {
        let name = config::topic_name(settings, topic);
        let action = if is_new(&topic) { TopicAction::Created } else { configure(&admin, topic, &name).await? };
        report.push(TopicReport { topic, name, partitions: topic.partitions(partitions), action });
    }
    await_topics(settings).await?;
    if log_id(settings).await?.is_none() {
        write_log_id(settings).await?;
    }
    Ok(report)
}

/// Removes every topic of this prefix. For tests and `reset`: the log is gone.
pub async fn delete_topics(settings: &KafkaSettings) -> Result<(), KafkaError> {
    let admin: AdminClient<Quiet> =
        config::admin(settings).create_with_context(Quiet).map_err(|error| KafkaError::Settings(error.to_string()))?;
    let names = Topic::ALL.map(|topic| config::topic_name(settings, topic));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for deleted in admin.delete_topics(&names, &options()).await? {
        if let Err((name, code)) = deleted
            && code != Code::UnknownTopicOrPartition
        {
            tracing::warn!(topic = name, %code, "failed to delete a topic");
        }
    }
    Ok(())
}

/// What every topic is configured with: the log is for ever.
fn wanted_config(topic: Topic) -> [(&'static str, &'static str); 3] {
    let policy = if topic.compacted() { "compact" } else { "delete" };
    [("cleanup.policy", policy), ("retention.ms", "-1"), ("retention.bytes", "-1")]
}

fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(ADMIN)).operation_timeout(Some(ADMIN))
}

/// Names and partition counts of what is there.
async fn existing(settings: &KafkaSettings) -> Result<HashMap<String, i32>, KafkaError> {
    let config = config::admin(settings);
    blocking(move || {
        let client: BaseConsumer<Quiet> =
            config.create_with_context(Quiet).map_err(|error| KafkaError::Settings(error.to_string()))?;
        let metadata = client.fetch_metadata(None, ADMIN)?;
        let count = |topic: &rdkafka::metadata::MetadataTopic| i32::try_from(topic.partitions().len());
        Ok(metadata.topics().iter().map(|topic| (topic.name().to_owned(), count(topic).unwrap_or(i32::MAX))).collect())
    })
    .await
}

/// A new topic is known to the controller first and to the brokers a moment later.
async fn await_topics(settings: &KafkaSettings) -> Result<(), KafkaError> {
    let started = Instant::now();
    loop {
        let there = existing(settings).await?;
        let mut names = Topic::ALL.map(|topic| config::topic_name(settings, topic)).into_iter();
        match names.find(|name| !there.contains_key(name)) {
            None => return Ok(()),
            Some(name) if started.elapsed() > ADMIN => return Err(KafkaError::NoTopic(name)),
            Some(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// In one request: a broker makes them in the time of one.
async fn create(
    admin: &AdminClient<Quiet>,
    settings: &KafkaSettings,
    topics: impl Iterator<Item = Topic>,
    partitions: i32,
) -> Result<(), KafkaError> {
    let topics: Vec<(Topic, String)> = topics.map(|topic| (topic, config::topic_name(settings, topic))).collect();
    if topics.is_empty() {
        return Ok(());
    }
    let new = topics.iter().map(|(topic, name)| {
        let replication = TopicReplication::Fixed(settings.replication);
        let new = NewTopic::new(name, topic.partitions(partitions), replication);
        wanted_config(*topic).into_iter().fold(new, |new, (key, value)| new.set(key, value))
    });
    for created in admin.create_topics(&new.collect::<Vec<_>>(), &options()).await? {
        match created {
            // Somebody else applies the same declaration at the same time.
            Ok(_) | Err((_, Code::TopicAlreadyExists)) => {}
            Err((_, code)) => return Err(ClientError::AdminOp(code).into()),
        }
    }
    Ok(())
}

async fn configure(admin: &AdminClient<Quiet>, topic: Topic, name: &str) -> Result<TopicAction, KafkaError> {
    let described = admin.describe_configs([&ResourceSpecifier::Topic(name)], &options()).await?;
    let current = described.into_iter().next().ok_or_else(|| KafkaError::NoTopic(name.to_owned()))?;
    let current = current.map_err(ClientError::AdminOp)?;
    let value = |key: &str| current.get(key).and_then(|entry| entry.value.as_deref());
    if wanted_config(topic).iter().all(|(key, wanted)| value(key) == Some(wanted)) {
        return Ok(TopicAction::Unchanged);
    }
    let others = overrides(&current);
    let mut alter = AlterConfig::new(ResourceSpecifier::Topic(name));
    for (key, value) in &others {
        alter = alter.set(key, value);
    }
    for (key, value) in wanted_config(topic) {
        alter = alter.set(key, value);
    }
    for altered in admin.alter_configs([&alter], &options()).await? {
        altered.map_err(|(_, code)| ClientError::AdminOp(code))?;
    }
    Ok(TopicAction::Configured)
}

/// What an operator set on the topic by hand: altering replaces all settings at once, so they are given again.
fn overrides(current: &ConfigResource) -> Vec<(String, String)> {
    let by_hand = current.entries.iter().filter(|entry| entry.source == ConfigSource::DynamicTopic);
    by_hand.filter_map(|entry| Some((entry.name.clone(), entry.value.clone()?))).collect()
}

/// How many partitions a topic has.
pub(super) fn partitions<C: ClientContext>(client: &Client<C>, name: &str) -> Result<i32, KafkaError> {
    let metadata = client.fetch_metadata(Some(name), QUESTION)?;
    let topic = metadata.topics().iter().find(|topic| topic.name() == name && topic.error().is_none());
    let count = topic.map_or(0, |topic| topic.partitions().len());
    match i32::try_from(count) {
        Ok(count @ 1..) => Ok(count),
        _ => Err(KafkaError::NoTopic(name.to_owned())),
    }
}

async fn write_log_id(settings: &KafkaSettings) -> Result<(), KafkaError> {
    let ids = Ids::new();
    let payload = setting::Changed { name: setting::LOG_ID.to_owned(), value: ids.v7().to_string().into(), version: 1 };
    let (id, command) = (EventId(ids.v7()), CommandId(ids.v7()));
    let key = Key::Name(setting::LOG_ID.to_owned());
    let event = Event::by_platform("/chatlog/topics", (id, command), Clock::system().now(), key, payload);
    // Twice written is as good as once, and an idempotent producer waits half a second for its id.
    let mut settings = settings.clone();
    settings.options.push("enable.idempotence=false".to_owned().into());
    let sent = Kafka::new(&settings)?.send(&event).await;
    sent.map(drop).map_err(|error| KafkaError::Record(format!("the log's id was not written: {error}")))
}

/// Reads `chat.config` whole; it is small, and compacted.
pub(super) async fn log_id(settings: &KafkaSettings) -> Result<Option<LogId>, KafkaError> {
    let topic = config::topic_name(settings, Topic::Config);
    let mut config = config::consumer(settings, "chatlog-log-id");
    // The end is told by an empty answer, which the broker need not hold back.
    config.set("enable.partition.eof", "true").set("fetch.wait.max.ms", "1");
    blocking(move || {
        let consumer: BaseConsumer<Quiet> =
            config.create_with_context(Quiet).map_err(|error| KafkaError::Settings(error.to_string()))?;
        partitions(consumer.client(), &topic)?;
        let mut all = TopicPartitionList::new();
        all.add_partition_offset(&topic, 0, Offset::Beginning)?;
        consumer.assign(&all)?;
        let mut found = None;
        loop {
            match consumer.poll(ADMIN) {
                Some(Ok(message)) => found = read_log_id(&message)?.or(found),
                Some(Err(ClientError::PartitionEOF(_))) => return Ok(found),
                Some(Err(error)) => return Err(error.into()),
                None => return Err(ClientError::MessageConsumption(Code::OperationTimedOut).into()),
            }
        }
    })
    .await
}

fn read_log_id(message: &BorrowedMessage<'_>) -> Result<Option<LogId>, KafkaError> {
    // Other settings may be of a version that is not known here; only the log's own id matters.
    if message.key() != Some(setting::LOG_ID.as_bytes()) {
        return Ok(None);
    }
    let event = read(Topic::Config, message)
        .map_err(|error| KafkaError::Record(format!("the log's id at offset {}: {error}", message.offset())))?;
    let Payload::SettingChanged(changed) = event.payload else { return Ok(None) };
    let id = changed.value.as_str().and_then(|text| text.parse().ok());
    id.map(|id| Some(LogId(id))).ok_or_else(|| KafkaError::Record("the log's id is not a UUID".to_owned()))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, KafkaError> + Send + 'static,
) -> Result<T, KafkaError> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(KafkaError::Client(ClientError::Canceled)))
}
