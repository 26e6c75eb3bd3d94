//! The projection: how fast it drains a backlog, and how long a message takes from accepted to visible.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use event_schema::message::Posted;
use event_schema::{ClientKind, CommandId, Envelope, Event, EventId, RoomId, Text, UserId, WorkspaceId};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use platform::{Lifecycle, Platform, PlatformSettings, RecordMetadata};
use read_model::{Position, ReadModel};
use reqwest::Method;
use serde_json::json;

use crate::Options;
use crate::load::Measured;
use crate::report::{Report, ms, rate};
use crate::stack::{Stack, text};

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    platform: PlatformSettings,
}

/// Connects to the same servers as the platform under test.
pub async fn connect(stack: &Stack) -> Result<(Platform, ReadModel)> {
    let arguments = [
        "bench".to_owned(),
        format!("--database-url={}", stack.database_url()),
        format!("--topic-prefix={}", stack.setting("CHATLOG_TOPIC_PREFIX")),
        format!("--redis-prefix={}", stack.setting("CHATLOG_REDIS_PREFIX")),
    ];
    let settings = Settings::try_parse_from(arguments)?;
    let platform = Platform::connect(&settings.platform, Lifecycle::new()).await?;
    let read_model = ReadModel::connect(&platform).await?;
    Ok((platform, read_model))
}

/// Measures the backlog, then the latency at 1,000 messages a second.
pub async fn run(stack: &Stack, options: &Options, report: &mut Report) -> Result<()> {
    let (platform, read_model) = connect(stack).await?;
    let author = stack.person("author").await?;
    let mut rooms = Vec::new();
    for n in 0..24 {
        rooms.push(stack.room(&author, &format!("live {n}")).await?.parse::<RoomId>()?);
    }
    let author_id: UserId = author.id.parse()?;

    // The platform stands still while the backlog is written, so that only the projection is measured.
    stack.signal("STOP")?;
    let written = write_backlog(&platform, &rooms, author_id, options.events).await;
    let cpu = stack.cpu_seconds()?;
    stack.signal("CONT")?;
    let end = written?;
    let begin = Instant::now();
    read_model.progress.wait(&end, Duration::from_mins(5)).await.context("the backlog was not folded")?;
    let seconds = begin.elapsed().as_secs_f64();
    let cpu = stack.cpu_seconds()? - cpu;
    #[expect(clippy::cast_precision_loss, reason = "a count of events")]
    let events = options.events as f64;
    report.row(
        format!("live projection, backlog of {} events in 24 rooms", options.events),
        rate(events, seconds),
        format!("{cpu:.1} s CPU of the platform in {seconds:.1} s"),
        "goal 25,000/s",
    );
    visible(stack, &read_model, &author, &rooms, options.warm_up).await?;
    let visible = visible(stack, &read_model, &author, &rooms, options.seconds).await?;
    report.row(
        "accepted → visible at 1,000 messages/s",
        format!("p99 {}", ms(visible.quantile(0.99))),
        format!("p50 {}; platform resident {} MiB", ms(visible.quantile(0.5)), stack.resident_mib()?),
        "p99 ≤ 50 ms",
    );
    Ok(())
}

fn posted(platform: &Platform, room: RoomId, author: UserId) -> Event {
    let id = EventId(platform.ids.v7());
    let content = Text::Markdown("A line of chat is about as long as this one, give or take a few words.".into());
    Event {
        key: room.into(),
        envelope: Envelope {
            id,
            source: "/chatlog/bench".into(),
            time: platform.clock.now(),
            subject: id.to_string(),
            rules: 1,
            actor: author,
            command: CommandId(id.0),
            client: ClientKind::Api,
            workspace: WorkspaceId::DEFAULT,
            traceparent: None,
        },
        payload: Posted {
            content,
            reply_to: None,
            mentions: Vec::new(),
            attachments: Vec::new(),
            client_ref: None,
            original_at: None,
        }
        .into(),
    }
}

/// Writes events straight to the log; gives the position after the last of them.
pub async fn write_backlog(platform: &Platform, rooms: &[RoomId], author: UserId, events: u64) -> Result<Position> {
    let mut end: Option<Position> = None;
    let mut count = |placed: RecordMetadata| -> Result<()> {
        let next = after(platform, &placed);
        match &mut end {
            Some(end) => end.merge(&next)?,
            None => end = Some(next),
        }
        Ok(())
    };
    let mut deliveries = FuturesUnordered::new();
    for n in 0..usize::try_from(events)? {
        deliveries.push(platform.kafka.enqueue(&posted(platform, rooms[n % rooms.len()], author))?);
        if deliveries.len() >= 20_000
            && let Some(placed) = deliveries.next().await
        {
            count(placed?)?;
        }
    }
    while let Some(placed) = deliveries.next().await {
        count(placed?)?;
    }
    end.context("nothing was written")
}

fn after(platform: &Platform, placed: &RecordMetadata) -> Position {
    Position::of(platform.log_id, placed.topic, placed.partition, placed.offset + 1)
}

async fn visible(
    stack: &Stack,
    read_model: &ReadModel,
    author: &crate::stack::Person,
    rooms: &[RoomId],
    seconds: u64,
) -> Result<Measured> {
    let begin = Instant::now();
    let mut tasks = Vec::new();
    for n in 0..seconds * 1000 {
        tokio::time::sleep_until((begin + Duration::from_millis(n)).into()).await;
        let room = rooms[usize::try_from(n)? % rooms.len()];
        let path = format!("/v1/rooms/{room}/messages");
        let request = stack.request(author, Method::POST, &path).json(&json!({"text": "How long until this is seen?"}));
        let progress = read_model.progress.clone();
        tasks.push(tokio::spawn(async move {
            let answer = request.send().await?.error_for_status()?.json().await?;
            let accepted = Instant::now();
            let position: Position = text(&answer, "position")?.parse()?;
            progress.wait(&position, Duration::from_secs(10)).await?;
            Ok::<_, anyhow::Error>(accepted.elapsed())
        }));
    }
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.push(task.await??);
    }
    Measured::from_latencies(latencies, begin.elapsed().as_secs_f64())
}

impl Stack {
    /// Stops or continues the platform's process.
    pub fn signal(&self, name: &str) -> Result<()> {
        let status = Command::new("kill").args([format!("-{name}"), self.pid().to_string()]).status()?;
        ensure!(status.success(), "could not send {name}");
        Ok(())
    }
}
