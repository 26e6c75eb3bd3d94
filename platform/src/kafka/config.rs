//! Options of the Kafka client, with the reason where they are not its defaults.

use event_schema::Topic;
use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;

use crate::settings::KafkaSettings;

pub(super) fn topic_name(settings: &KafkaSettings, topic: Topic) -> String {
    format!("{}{}", settings.topic_prefix, topic.name())
}

fn common(settings: &KafkaSettings) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &settings.brokers)
        .set("client.id", "chatlog")
        .set("socket.keepalive.enable", "true")
        // A request waits for its answer, not for more requests.
        .set("socket.nagle.disable", "true")
        .set("socket.timeout.ms", "10000")
        // A broker that comes back is found again within a second.
        .set("reconnect.backoff.ms", "50")
        .set("reconnect.backoff.max.ms", "1000")
        .set_log_level(RDKafkaLogLevel::Info);
    config
}

/// Called last, so that an operator can change anything.
fn with_options(mut config: ClientConfig, settings: &KafkaSettings) -> ClientConfig {
    for option in &settings.options {
        if let Some((name, value)) = option.expose().split_once('=') {
            config.set(name.trim(), value);
        }
    }
    config
}

pub(super) fn producer(settings: &KafkaSettings) -> ClientConfig {
    let mut config = common(settings);
    config
        .set("acks", "all")
        .set("enable.idempotence", "true")
        // As Java places keys.
        .set("partitioner", "murmur2_random")
        .set("compression.type", "lz4")
        // Few milliseconds fill a batch under load and are not felt without.
        .set("linger.ms", "2")
        // What is not in the log by then is told as unknown.
        .set("delivery.timeout.ms", "10000")
        .set("request.timeout.ms", "5000")
        // Beyond it callers are told at once; a slow broker must not eat the memory.
        .set("queue.buffering.max.messages", "100000")
        .set("queue.buffering.max.kbytes", "65536");
    with_options(config, settings)
}

pub(super) fn consumer(settings: &KafkaSettings, group: &str) -> ClientConfig {
    let mut config = common(settings);
    config
        .set("group.id", group)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        // An offset that the log does not have is an alarm, never a reason to begin somewhere else.
        .set("auto.offset.reset", "error")
        .set("enable.partition.eof", "false")
        .set("allow.auto.create.topics", "false")
        .set("partition.assignment.strategy", "cooperative-sticky")
        .set("session.timeout.ms", "10000")
        // Members learn of a rebalance by it: a partition that moves must not stand still for as long as a reader waits.
        .set("heartbeat.interval.ms", "300")
        .set("max.poll.interval.ms", "300000")
        .set("fetch.wait.max.ms", "100")
        .set("fetch.error.backoff.ms", "100")
        // Bounds memory: what lies ready of each partition.
        .set("queued.max.messages.kbytes", "4096")
        .set("queued.min.messages", "10000");
    with_options(config, settings)
}

pub(super) fn admin(settings: &KafkaSettings) -> ClientConfig {
    with_options(common(settings), settings)
}
