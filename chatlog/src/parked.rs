//! `chatlog parked`: keys of which an event could not be processed, and what to do about them.

use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use event_schema::{EventId, Topic, UserId};
use platform::kafka::Quiet;
use platform::log_explorer::LogRecord;
use platform::settings::KafkaSettings;
use platform::terminal::visible;
use platform::{Clock, Ids, Kafka, postgres};
use query_api::parked::store::{self, EventRow, KeyRow};
use query_api::parked::{ParkedError, Parking};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::{Message as _, Offset, TopicPartitionList};
use read_model::generations::{active_generation, search_path};
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::Exit;
use crate::args::{LogArgs, PostgresArgs};
use crate::output::{self, List};

/// Rows read at once.
const PAGE: i64 = 500;
/// How long the owner of a key may take to do what is asked.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(100);
const NOTHING: &str = "nothing is parked";
/// How long a record may take to come.
const RECORD: Duration = Duration::from_secs(5);

/// For the help.
pub const EXAMPLES: &str = "\
Examples:
  chatlog parked list                         keys that wait, since when, and why
  chatlog parked show KEY                     their events, in the log's order
  chatlog parked retry KEY                    after the cause is gone
  chatlog parked drop KEY                     give the first event up, for ever

A key is a room or a user. Retry and drop are done by the projector that owns the key, within a second; these commands wait
for it. Dropping is an event of the log (chat.room.event_dropped): every later fold leaves the event out as well. Only events
of rooms can be given up.";

/// What to do.
#[derive(Subcommand, Debug)]
pub enum ParkedCommand {
    /// List parked keys
    List(ListParkedArgs),
    /// Show the parked events of a key
    Show(ShowParkedArgs),
    /// Try the parked events of a key (or of all) again
    Retry(RetryParkedArgs),
    /// Give the first parked event of a room up, for ever
    Drop(DropParkedArgs),
}

/// How keys are shown.
#[derive(Args, Debug)]
pub struct ListParkedArgs {
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    servers: PostgresArgs,
}

/// Which key, and how it is shown.
#[derive(Args, Debug)]
pub struct ShowParkedArgs {
    /// A room or a user
    #[arg(value_name = "KEY")]
    key: Uuid,
    /// So many events
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(i64).range(1..=1000), value_name = "N")]
    limit: i64,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    kafka: KafkaSettings,
    #[command(flatten)]
    servers: PostgresArgs,
}

/// Which keys.
#[derive(Args, Debug)]
pub struct RetryParkedArgs {
    /// A room or a user
    #[arg(value_name = "KEY", required_unless_present = "all")]
    key: Option<Uuid>,
    /// Every parked key
    #[arg(long, conflicts_with = "key")]
    all: bool,
    #[command(flatten)]
    servers: PostgresArgs,
}

/// Which event.
#[derive(Args, Debug)]
pub struct DropParkedArgs {
    /// A room
    #[arg(value_name = "KEY")]
    key: Uuid,
    /// Its first parked event, as a check
    #[arg(value_name = "EVENT")]
    event: Option<EventId>,
    #[command(flatten)]
    servers: PostgresArgs,
}

impl ParkedCommand {
    /// How it logs.
    #[must_use]
    pub fn log(&self) -> &LogArgs {
        &self.servers().log
    }

    fn servers(&self) -> &PostgresArgs {
        match self {
            Self::List(args) => &args.servers,
            Self::Show(args) => &args.servers,
            Self::Retry(args) => &args.servers,
            Self::Drop(args) => &args.servers,
        }
    }

    /// Does it.
    pub async fn run(&self) -> anyhow::Result<()> {
        let settings = &self.servers().postgres;
        let control = postgres::pool(settings, postgres::CONTROL_PATH)?;
        let active = active_generation(&control).await?.context("there are no tables yet; run `chatlog migrate`")?;
        let tables = postgres::pool(settings, &search_path(active.number))?;
        let parking = Parking::new(&control, (&Ids::new(), &Clock::system()), UserId::PLATFORM);
        match self {
            Self::List(args) => list(&tables, args.json).await,
            Self::Show(args) => show(&tables, args).await,
            Self::Retry(args) => retry(&tables, &parking, args.key).await,
            Self::Drop(args) => give_up((&control, &tables), &parking, args).await,
        }
    }
}

async fn keys(tables: &PgPool) -> sqlx::Result<Vec<KeyRow>> {
    let (mut keys, mut after) = (Vec::new(), (Uuid::nil(), String::new()));
    loop {
        let page = store::keys(&mut *tables.acquire().await?, (after.0, &after.1), PAGE).await?;
        let Some(last) = page.last() else { return Ok(keys) };
        after = (last.key_id, last.topic.clone());
        keys.extend(page);
    }
}

async fn list(tables: &PgPool, json: bool) -> anyhow::Result<()> {
    let mut shown = List::new(json, &["KEY", "WHERE", "OFFSET", "SINCE", "EVENTS", "REASON"], described, cells);
    shown.add(&keys(tables).await?)?;
    shown.end(NOTHING)?;
    Ok(())
}

fn cells(key: &KeyRow) -> Vec<String> {
    vec![
        key.key_id.to_string(),
        format!("{}/{}", key.topic, key.partition),
        key.first_offset.to_string(),
        output::time(key.since),
        key.events.to_string(),
        key.reason.clone().unwrap_or_else(|| "being tried".to_owned()),
    ]
}

fn described(key: &KeyRow) -> Value {
    json!({
        "key": key.key_id,
        "topic": key.topic,
        "partition": key.partition,
        "offset": key.first_offset,
        "since": key.since,
        "events": key.events,
        "reason": key.reason,
    })
}

async fn show(tables: &PgPool, args: &ShowParkedArgs) -> anyhow::Result<()> {
    let rows = store::events(&mut *tables.acquire().await?, args.key, ("", -1), args.limit).await?;
    if rows.is_empty() {
        bail!("nothing of key {} is parked", args.key);
    }
    let kafka = Kafka::new(&args.kafka)?;
    let (places, json) = (rows.clone(), args.json);
    let lines = tokio::task::spawn_blocking(move || {
        let consumer: BaseConsumer<Quiet> = kafka.consumer_config("chatlog-parked").create_with_context(Quiet)?;
        places.iter().map(|place| record(&kafka, &consumer, place, json)).collect::<anyhow::Result<Vec<_>>>()
    });
    for (row, line) in rows.iter().zip(lines.await??) {
        match (&row.reason, args.json) {
            (Some(reason), false) => {
                output::line(format_args!("{line}\n    cannot be processed: {}", visible(reason)))?;
            }
            _ => output::line(line)?,
        }
    }
    Ok(())
}

/// The record of a parked event, as the log has it; blocks.
fn record(kafka: &Kafka, consumer: &BaseConsumer<Quiet>, place: &EventRow, json: bool) -> anyhow::Result<String> {
    let topic = Topic::from_name(&place.topic).context("a topic of another version")?;
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(&kafka.topic_name(topic), place.partition, Offset::Offset(place.at_offset))?;
    consumer.assign(&list)?;
    let began = std::time::Instant::now();
    while began.elapsed() < RECORD {
        match consumer.poll(LOOK) {
            Some(Ok(message)) if message.offset() == place.at_offset => {
                let shown = LogRecord::of(topic, &message);
                if !json {
                    return Ok(shown.to_line());
                }
                let mut object: Value = serde_json::from_str(&shown.to_json()?)?;
                object["reason"] = place.reason.clone().into();
                return Ok(object.to_string());
            }
            // The client keeps trying.
            _ => {}
        }
    }
    bail!("{}/{}: no record at offset {} in time", place.topic, place.partition, place.at_offset)
}

async fn retry(tables: &PgPool, parking: &Parking, key: Option<Uuid>) -> anyhow::Result<()> {
    let all = if let Some(key) = key {
        vec![key]
    } else {
        let mut all: Vec<Uuid> = keys(tables).await?.into_iter().map(|key| key.key_id).collect();
        all.dedup();
        all
    };
    let mut asked = Vec::new();
    for one in all {
        match parking.retry(one).await {
            // Of all that were parked, this one is not any more: somebody else was quicker.
            Err(ParkedError::NotParked(_)) if key.is_none() => {}
            Err(error) => return Err(error.into()),
            Ok(()) => asked.push(one),
        }
    }
    for key in &asked {
        done(tables, *key).await?;
        print_report(tables, *key).await?;
    }
    if asked.is_empty() {
        output::note(NOTHING);
    }
    Ok(())
}

/// Has the first event of a key given up. The owner does so only if it stands first and cannot be processed even now.
async fn give_up(
    (control, tables): (&PgPool, &PgPool),
    parking: &Parking,
    args: &DropParkedArgs,
) -> anyhow::Result<()> {
    let event = parking.drop(args.key, args.event).await?;
    done(control, args.key).await?;
    let given_up = store::is_given_up(&mut *control.acquire().await?, args.key, event).await?;
    let sentence =
        if given_up { "is given up" } else { "is not given up: it is no longer the first that cannot be processed" };
    output::line(format_args!("event {event} {sentence}"))?;
    print_report(tables, args.key).await?;
    if given_up { Ok(()) } else { Err(Exit(1).into()) }
}

/// Waits until nothing is asked about a key any more, and nothing of it is being tried.
async fn done(db: &PgPool, key: Uuid) -> anyhow::Result<()> {
    let asked = "select exists (select from control.parked_requests where key_id = $1)";
    let waited = tokio::time::timeout(PATIENCE, async {
        while sqlx::query_scalar::<_, bool>(asked).bind(key).fetch_one(db).await? {
            tokio::time::sleep(LOOK).await;
        }
        Ok::<_, sqlx::Error>(())
    });
    match waited.await {
        Ok(answered) => Ok(answered?),
        Err(_) => bail!("no projector has answered; it will be done when one runs"),
    }
}

/// Says what has become of a key.
async fn print_report(tables: &PgPool, key: Uuid) -> anyhow::Result<()> {
    let began = std::time::Instant::now();
    loop {
        let first = store::events(&mut *tables.acquire().await?, key, ("", -1), 1).await?.into_iter().next();
        match first {
            None => output::line(format_args!("{key}: nothing is parked any more"))?,
            Some(EventRow { reason: Some(reason), event_id, at_offset, .. }) => {
                let reason = visible(&reason);
                output::line(format_args!("{key}: stays parked at offset {at_offset}, event {event_id}: {reason}"))?;
            }
            Some(_) if began.elapsed() < PATIENCE => {
                tokio::time::sleep(LOOK).await;
                continue;
            }
            Some(EventRow { at_offset, .. }) => output::line(format_args!("{key}: at offset {at_offset}, going on"))?,
        }
        return Ok(());
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use sqlx::AssertSqlSafe;
    use test_support::TestPlatform;

    use super::*;
    use crate::cli::Cli;

    const KEYS: [Uuid; 2] = [Uuid::from_u128(1), Uuid::from_u128(2)];

    /// Two rooms of which an event is parked, and an owner that does this with what is asked. No projector runs.
    async fn parked(answer: &str) -> TestPlatform {
        let test = TestPlatform::start().await.expect("servers of ./dev up");
        let tables = test.read_model.pool();
        for key in KEYS {
            let insert = "insert into parked values ($1, 'chat.rooms', 0, 0, $1, 'chat.message.posted.v1', 'because')";
            sqlx::query(insert).bind(key).execute(&tables).await.expect("parked");
        }
        for sql in [
            format!(
                "create function control.owner() returns trigger language plpgsql as $$ begin
                     delete from control.parked_requests where id = new.id; {answer}; return null; end $$"
            ),
            "create trigger owner after insert on control.parked_requests
             for each row execute function control.owner()"
                .to_owned(),
        ] {
            sqlx::query(AssertSqlSafe(sql)).execute(&tables).await.expect("an owner");
        }
        test
    }

    /// Does what the command line says, on this platform's tables.
    async fn command(test: &TestPlatform, words: &[&str]) -> anyhow::Result<()> {
        let flags = ["--database-url", test.settings.postgres.database_url.expose()];
        let all = ["chatlog", "parked"].iter().chain(words).chain(&flags);
        crate::run(&Cli::parse_from(all).command).await
    }

    #[tokio::test]
    async fn who_drops_is_told_whether_the_event_is_given_up() {
        let key = KEYS[0].to_string();
        let declines = parked("null").await;
        let refused = command(&declines, &["drop", &key]).await.expect_err("declined");
        assert_eq!(refused.downcast_ref(), Some(&Exit(1)), "{refused}");
        declines.finish().await;
        let takes = "insert into control.dropped_events
                     values (new.topic, new.partition, new.key_id, new.event_id, null);
                     delete from g1.parked where key_id = new.key_id";
        let gives_up = parked(takes).await;
        command(&gives_up, &["drop", &key]).await.expect("given up");
        gives_up.finish().await;
    }

    #[tokio::test]
    async fn a_key_that_is_gone_meanwhile_is_passed_over() {
        // Both are listed; while the first is asked for, somebody else frees the second.
        let test = parked("delete from g1.parked where key_id <> new.key_id").await;
        command(&test, &["retry", "--all"]).await.expect("the first is tried again");
        let gone = command(&test, &["retry", &KEYS[1].to_string()]).await.expect_err("asked for by name");
        assert!(gone.to_string().contains("nothing of key"), "{gone}");
        test.finish().await;
    }
}
