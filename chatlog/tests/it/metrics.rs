//! What operators see of the projector: every number that is promised is on the page, with words, and moves.

use std::process::Stdio;
use std::time::Duration;

use chatlog::import::append;
use event_schema::message::Posted;
use event_schema::{ClientKind, CommandId, Envelope, Event, EventId, RoomId, Text, UserId, WorkspaceId, envelope};
use read_model::rebuild_status::{self, State, Step};
use sqlx::Executor as _;
use test_support::TestPlatform;

use crate::folding::chatlog;
use crate::world::{World, folder};

/// A port that is free now.
fn port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.local_addr().expect("an address").port()
}

struct Page {
    url: String,
    client: reqwest::Client,
}

impl Page {
    async fn read(&self) -> Option<String> {
        self.client.get(&self.url).send().await.ok()?.text().await.ok()
    }

    /// The page as soon as it says so.
    async fn that(&self, what: &str, says: impl Fn(&str) -> bool) -> String {
        let mut last = String::new();
        let seen = async {
            loop {
                last = self.read().await.unwrap_or_default();
                if says(&last) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_mins(1), seen).await;
        assert!(waited.is_ok(), "{what} is not on the page:\n{last}");
        last
    }
}

/// The sum of a metric over all series that have these labels, in thousandths.
#[expect(clippy::cast_possible_truncation, reason = "the numbers of a test are small")]
fn value(page: &str, name: &str, labels: &[&str]) -> i64 {
    let series = page.lines().filter(|line| line.split(['{', ' ']).next() == Some(name));
    let ours = series.filter(|line| labels.iter().all(|label| line.contains(label)));
    let sum: f64 = ours.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum();
    (sum * 1_000.0).round() as i64
}

/// Whether the page has the metric, and words about it.
fn has(page: &str, name: &str) -> bool {
    let starts = ["{", " ", "_bucket{"].map(|after| format!("{name}{after}"));
    let there = page.lines().any(|line| starts.iter().any(|start| line.starts_with(start)));
    there && page.contains(&format!("# HELP {name} "))
}

/// Somebody's message; whether it counts does not matter.
fn post(room: RoomId, world: &World) -> Event {
    let id = EventId(world.platform().ids.v7());
    let envelope = Envelope {
        id,
        source: "/chatlog/test".to_owned(),
        time: world.platform().clock.now(),
        subject: id.to_string(),
        rules: envelope::RULES,
        actor: UserId(id.0),
        command: CommandId(id.0),
        client: ClientKind::Api,
        workspace: WorkspaceId::DEFAULT,
        traceparent: None,
    };
    let payload = Posted {
        content: Text::Plain("late".to_owned()),
        reply_to: None,
        mentions: Vec::new(),
        attachments: Vec::new(),
        client_ref: None,
        original_at: None,
    };
    Event { key: room.into(), envelope, payload: payload.into() }
}

const PROMISED: [&str; 21] = [
    "projector_lag_events",
    "projector_lag_seconds",
    "projector_batch_events",
    "projector_commit_seconds",
    "projector_events_total",
    "projector_fenced_total",
    "projector_retries_total",
    "projector_stopped_partitions",
    "projector_parked_keys",
    "projector_parked_events",
    "projector_parked_oldest_seconds",
    "projector_folds_active",
    "rebuild_phase",
    "rebuild_done",
    "rebuild_total",
    "rebuild_per_second",
    "rebuild_eta_seconds",
    "rebuild_generation",
    "rebuild_failed",
    "verify_same",
    "verify_last_timestamp_seconds",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_promised_number_is_on_the_page() {
    let test = TestPlatform::start().await.expect("servers");
    let listen = format!("127.0.0.1:{}", port());
    let mut projector = chatlog(&test, &["serve", "--roles", "projector", "--projector-verify-every", "1"])
        .env("CHATLOG_INTERNAL_LISTEN", &listen)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program");
    let page = Page { url: format!("http://{listen}/metrics"), client: reqwest::Client::new() };
    let world = World { log: append::patient(&test.settings.kafka).expect("a client"), test };
    let lines = |hour: u32| (0..60).map(move |n| format!("[{hour:02}:{n:02}] <owner> line {n}\n"));
    let (_kept, hall) = folder(&[("2020-01-01.log", lines(0).collect())]);
    world.import(&[hall]).await;

    let all = |page: &str| PROMISED.iter().all(|name| has(page, name));
    let missing = |page: &str| PROMISED.iter().filter(|name| !has(page, name)).copied().collect::<Vec<_>>();
    let seen = page.that("everything", |page| all(page) && value(page, "verify_same", &[]) == 1_000).await;
    assert_eq!(missing(&seen), [""; 0]);
    let rooms = ["generation=\"1\"", "topic=\"chat.rooms\""];
    assert!(value(&seen, "projector_events_total", &rooms) >= 60_000, "{seen}");
    assert!(value(&seen, "projector_batch_events_count", &rooms) >= 1_000);
    assert_eq!(value(&seen, "projector_batch_events_sum", &rooms), value(&seen, "projector_events_total", &rooms));
    let nothing = ["projector_lag_events", "projector_lag_seconds", "projector_parked_keys", "projector_fenced_total"];
    for name in nothing {
        assert_eq!(value(&seen, name, &rooms), 0, "{name}");
    }
    assert_eq!((value(&seen, "projector_folds_active", &[]), value(&seen, "rebuild_generation", &[])), (1_000, 0));

    // A rebuild of another process.
    let db = &world.platform().db;
    rebuild_status::begin(db, 2).await.expect("written");
    let step = |done| Step { phase: "load", unit: "events", done, total: 1_000_000 };
    rebuild_status::advance(db, 2, step(0)).await.expect("written");
    rebuild_status::advance(db, 2, step(250)).await.expect("written");
    let seen = page.that("the rebuild", |page| value(page, "rebuild_done", &[]) == 250_000).await;
    let phase = |name: &str| value(&seen, "rebuild_phase", &[&format!("phase=\"{name}\"")]);
    assert_eq!((phase("load"), phase("index"), value(&seen, "rebuild_total", &[])), (1_000, 0, 1_000_000_000));
    assert!(value(&seen, "rebuild_eta_seconds", &[]) > 0 && value(&seen, "rebuild_generation", &[]) == 2_000);
    rebuild_status::end(db, 2, State::Failed, Some("for a reason")).await.expect("written");
    page.that("its failure", |page| value(page, "rebuild_failed", &[]) == 1_000).await;

    // Somebody takes all partitions, and more comes; then a table stands in the way.
    let pool = world.read_model().pool();
    pool.execute("update checkpoints set epoch = epoch + 1").await.expect("taken");
    let (_kept, hall) = folder(&[("2020-01-02.log", lines(1).collect())]);
    world.import(&[hall]).await;
    page.that("the fence", |page| value(page, "projector_fenced_total", &rooms) >= 1_000).await;
    pool.execute("alter table messages rename to messages_elsewhere").await.expect("renamed");
    let room: uuid::Uuid = sqlx::query_scalar("select room_id from rooms").fetch_one(&pool).await.expect("a room");
    world.platform().kafka.send(&post(RoomId(room), &world)).await.expect("a log");
    let lag = |page: &str| (value(page, "projector_lag_events", &rooms), value(page, "projector_lag_seconds", &rooms));
    page.that("the lag", |page| {
        lag(page).0 > 0 && lag(page).1 > 0 && value(page, "projector_retries_total", &rooms) > 0
    })
    .await;
    pool.execute("alter table messages_elsewhere rename to messages").await.expect("renamed");
    page.that("the end of the lag", |page| lag(page) == (0, 0)).await;
    projector.kill().await.expect("killed");
    world.test.finish().await;
}
