//! Sending: one message a request, and batches of 100 beside a bare producer of the same records.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use serde_json::json;

use crate::Options;
use crate::load;
use crate::report::{Report, ms};
use crate::stack::{Person, Stack};

const TEXT: &str = "A line of chat is about as long as this one, give or take a few words.";
const CONNECTIONS: usize = 64;
const BATCH: usize = 100;

/// Measures single messages at full speed and at 1,000/s, then batches.
pub async fn run(stack: &Stack, options: &Options, report: &mut Report) -> Result<()> {
    let sender = stack.person("sender").await?;
    let rooms: Arc<Vec<String>> = Arc::new(rooms(stack, &sender).await?);
    let requests = Requests { stack_url: stack.url.clone(), http: stack.http.clone(), person: sender.clone() };

    let singles = |seconds| {
        let (single, to) = (requests.clone(), Arc::clone(&rooms));
        load::closed(CONNECTIONS, seconds, move |connection, _| {
            single.post(&to[connection % to.len()], "messages", &json!({"text": TEXT}))
        })
    };
    singles(options.warm_up).await?;
    let cpu = stack.cpu_seconds()?;
    let fast = singles(options.seconds).await?;
    let cpu = stack.cpu_seconds()? - cpu;
    report.row(
        "send, one message a request, 64 connections",
        format!("{:.0} accepted/s", fast.per_second()),
        format!("p99 {}; {cpu:.1} s CPU of the platform in {:.1} s", ms(fast.quantile(0.99)), fast.seconds),
        "goal 5,000/s",
    );

    let steady = load::open(1000, options.seconds, |n| {
        requests.post(&rooms[usize::try_from(n).unwrap_or(0) % rooms.len()], "messages", &json!({"text": TEXT}))
    })
    .await?;
    report.row(
        "send, one message a request, 1,000/s",
        format!("p99 {}", ms(steady.quantile(0.99))),
        format!("p50 {}", ms(steady.quantile(0.5))),
        "p99 ≤ 25 ms",
    );

    batches(stack, options, report, requests, rooms).await
}

async fn batches(
    stack: &Stack,
    options: &Options,
    report: &mut Report,
    requests: Requests,
    rooms: Arc<Vec<String>>,
) -> Result<()> {
    let brokers = std::env::var("KAFKA_BROKERS")?;
    let topic = bare_topic(stack, &brokers).await?;
    let seconds = options.seconds;
    let bare = tokio::task::spawn_blocking(move || bare_producer(&brokers, &topic, seconds)).await??;
    let messages: Vec<_> = (0..BATCH).map(|_| json!({"text": TEXT})).collect();
    let body = json!({"messages": messages});
    let batches = load::closed(8, options.seconds, move |connection, _| {
        requests.post(&rooms[connection % rooms.len()], "messages/batch", &body)
    })
    .await?;
    let ours = batches.per_second() * 100.0;
    report.row(
        "send, batches of 100",
        format!("{ours:.0} messages/s, {:.2} ×", ours / bare),
        format!("bare librdkafka producer {bare:.0} messages/s"),
        "≥ 0.5 ×",
    );
    Ok(())
}

async fn rooms(stack: &Stack, owner: &Person) -> Result<Vec<String>> {
    let mut rooms = Vec::new();
    for n in 0..16 {
        rooms.push(stack.room(owner, &format!("bench {n}")).await?);
    }
    Ok(rooms)
}

/// What a task needs to post, without borrowing the stack.
#[derive(Clone)]
struct Requests {
    stack_url: String,
    http: reqwest::Client,
    person: Person,
}

impl Requests {
    fn post(
        &self,
        room: &str,
        what: &str,
        body: &serde_json::Value,
    ) -> impl Future<Output = Result<()>> + Send + use<> {
        let url = format!("{}/v1/rooms/{room}/{what}", self.stack_url);
        let request = self.person.sign(self.http.post(url)).json(body);
        async move {
            let answer = request.send().await?.error_for_status()?;
            answer.bytes().await?;
            Ok(())
        }
    }
}

/// A topic that nobody reads, with as many partitions as those of the platform. Reading two million records of a foreign
/// form would be the platform's work in the measurement that follows.
async fn bare_topic(stack: &Stack, brokers: &str) -> Result<String> {
    let topic = format!("{}bare", stack.setting("CHATLOG_TOPIC_PREFIX"));
    let partitions = stack.setting("CHATLOG_PARTITIONS").parse()?;
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new().set("bootstrap.servers", brokers).create()?;
    let new = NewTopic::new(&topic, partitions, TopicReplication::Fixed(-1));
    for created in admin.create_topics([&new], &AdminOptions::new()).await? {
        created.map_err(|(name, code)| anyhow!("{name}: {code}"))?;
    }
    Ok(topic)
}

/// The limit: the same bytes from the same machine to the same broker, with nothing around the producer.
fn bare_producer(brokers: &str, topic: &str, seconds: u64) -> Result<f64> {
    let producer: ThreadedProducer<DefaultProducerContext> = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("compression.type", "lz4")
        .set("linger.ms", "5")
        .create()?;
    let value = serde_json::to_vec(&json!({"content": {"format": "markdown", "text": TEXT}}))?;
    let headers = || {
        let mut headers = rdkafka::message::OwnedHeaders::new();
        for n in 0..12 {
            let header = rdkafka::message::Header { key: "ce_attribute", value: Some(&format!("{n:036}")) };
            headers = headers.insert(header);
        }
        headers
    };
    let begin = Instant::now();
    let mut sent: u32 = 0;
    while begin.elapsed() < Duration::from_secs(seconds) {
        let key = uuid::Uuid::from_u128(u128::from(sent % 16)).to_string();
        let record = BaseRecord::to(topic).key(&key).payload(&value).headers(headers());
        match producer.send(record) {
            Ok(()) => sent += 1,
            // The queue is full: let it drain a little, as any sender must.
            Err(_) => producer.poll(Duration::from_millis(1)),
        }
    }
    producer.flush(Duration::from_secs(30)).context("the bare producer did not drain")?;
    Ok(f64::from(sent) / begin.elapsed().as_secs_f64())
}
