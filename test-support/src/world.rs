//! A log, tables and projectors of a test.

use std::cell::Cell;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use event_schema::{Event, Topic};
use futures::future::try_join_all;
use platform::{Lifecycle, Platform, postgres};
use projector::{Projector, Settings, Target, start_on};
use read_model::generations::{create_generation, search_path};
use read_model::{Fold, Partition, ReadModel};
use sqlx::{AssertSqlSafe, PgPool, Row as _};

use crate::{TestPlatform, wait_for};

/// The tables that follow from the log alone.
const TABLES: [&str; 11] = [
    "users",
    "friends",
    "rooms",
    "room_members",
    "messages",
    "message_edits",
    "reactions",
    "changes",
    "receipts",
    "rejections",
    "seen_events",
];

pub struct World {
    test: TestPlatform,
    pools: Mutex<HashMap<i32, PgPool>>,
}

/// A projector that can be ended in both ways.
pub struct Running {
    pub projector: Projector,
    lifecycle: Lifecycle,
}

impl Running {
    /// Cut as if by `kill -9`, as far as a process can do that to a part of itself.
    pub async fn crash(self) {
        self.lifecycle.hard().cancel();
        self.lifecycle.drain(Duration::from_secs(5)).await;
    }

    /// Asked to end; whether it did by itself.
    pub async fn end(self) -> bool {
        self.lifecycle.drain(Duration::from_mins(1)).await
    }
}

impl World {
    pub async fn new() -> Self {
        let test = TestPlatform::start().await.expect("servers for tests");
        Self { test, pools: Mutex::default() }
    }

    pub async fn end(self) {
        self.test.finish().await;
    }

    pub fn platform(&self) -> &Platform {
        &self.test.platform
    }

    /// Connections that see a generation.
    pub fn pool(&self, generation: i32) -> PgPool {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let pool = || {
            let pool = postgres::pool(&self.test.settings.postgres, &search_path(generation)).expect("a pool");
            // Tests wait for a connection as long as for anything else.
            let options = pool.options().clone().acquire_timeout(Duration::from_mins(1));
            options.connect_lazy_with((*pool.connect_options()).clone())
        };
        pools.entry(generation).or_insert_with(pool).clone()
    }

    /// A further, empty generation.
    pub async fn generation(&self) -> i32 {
        create_generation(&self.platform().db, self.platform().log_id).await.expect("a generation")
    }

    /// The tables that are read.
    pub fn read_model(&self) -> &ReadModel {
        &self.test.read_model
    }

    /// What this program folds.
    pub fn fold(&self) -> Fold {
        self.test.read_model.fold
    }

    /// A projector of a generation, with a life of its own.
    pub fn project(&self, generation: i32, settings: &Settings) -> Running {
        self.run(self.platform(), self.fold(), generation, settings)
    }

    /// A second program, connected to the same servers.
    pub async fn another(&self) -> Platform {
        self.test.another().await.expect("servers")
    }

    /// A projector of a generation as another program has it.
    pub fn project_with(&self, platform: &Platform, fold: Fold, generation: i32) -> Running {
        self.run(platform, fold, generation, &Settings::default())
    }

    fn run(&self, platform: &Platform, fold: Fold, generation: i32, settings: &Settings) -> Running {
        let lifecycle = Lifecycle::new();
        let target = Target { fold, generation, pool: self.pool(generation) };
        let projector = start_on(platform, settings, &target, &lifecycle, None);
        Running { projector, lifecycle }
    }

    /// Rejections in the log.
    pub async fn recorded_rejections(&self) -> i64 {
        self.ends_of(Topic::Rejections).await.into_iter().sum()
    }

    /// Ends of a topic's partitions, in order. A broker that answers late is asked again.
    async fn ends_of(&self, topic: Topic) -> Vec<i64> {
        let kafka = &self.platform().kafka;
        let partitions = wait_for("the partitions", async || kafka.partitions(topic).await.ok()).await;
        let end = async |number| kafka.watermarks(topic, number).await.ok().map(|(_, end)| end);
        let mut ends = Vec::new();
        for number in 0..partitions {
            ends.push(wait_for("an end", async || end(number).await).await);
        }
        ends
    }

    /// Writes events to the log, in order.
    pub async fn log(&self, events: &[Event]) {
        let mut sent = Vec::new();
        for event in events {
            sent.push(self.platform().kafka.enqueue(event).expect("room in the queue"));
        }
        try_join_all(sent).await.expect("a log");
    }

    /// The partition of a key.
    pub async fn partition(&self, topic: Topic, key: &impl ToString) -> Partition {
        let number = self.platform().kafka.partition_for(topic, &key.to_string()).await.expect("partitions");
        Partition { topic, number }
    }

    /// Ends of all projected partitions.
    pub async fn ends(&self) -> Vec<(Partition, i64)> {
        let mut ends = Vec::new();
        for topic in Topic::PROJECTED {
            for (number, end) in (0..).zip(self.ends_of(topic).await) {
                ends.push((Partition { topic, number }, end));
            }
        }
        ends
    }

    /// What the checkpoints say; 0 where there is none.
    pub async fn next_offset(&self, generation: i32, partition: Partition) -> i64 {
        let pool = self.pool(generation);
        let mut connection = pool.acquire().await.expect("a connection");
        let row = read_model::checkpoint::read(&mut connection, partition).await.expect("a row");
        row.map_or(0, |row| row.next_offset)
    }

    /// Waits until everything in the log is folded.
    pub async fn folded(&self, generation: i32) {
        for (partition, end) in self.ends().await {
            self.folded_to(generation, partition, end).await;
        }
    }

    /// Waits until a partition is folded up to an offset.
    pub async fn folded_to(&self, generation: i32, partition: Partition, end: i64) {
        let seen = Cell::new(0);
        let what =
            fmt::from_fn(|f| write!(f, "{partition} up to {end} in generation {generation}, now at {}", seen.get()));
        wait_for(what, async || {
            seen.set(self.next_offset(generation, partition).await);
            (seen.get() >= end).then_some(())
        })
        .await;
    }

    /// Takes all commits of a generation back, as a crash of Postgres does with those that had not reached the disk. `then` is
    /// done in the same moment.
    pub async fn lose(&self, generation: i32, then: &'static str) {
        let mut tx = self.pool(generation).begin().await.expect("a transaction");
        for table in TABLES {
            sqlx::query(AssertSqlSafe(format!("delete from {table}"))).execute(&mut *tx).await.expect("no rows");
        }
        let back = "update checkpoints set next_offset = 0, last_event_id = null";
        sqlx::query(back).execute(&mut *tx).await.expect("no progress");
        sqlx::query(then).execute(&mut *tx).await.expect("what happens then");
        tx.commit().await.expect("a loss");
    }

    /// A hash of each table of a generation, in the order of its rows.
    pub async fn hashes(&self, generation: i32) -> Vec<(&'static str, i64, String)> {
        hashes(&self.pool(generation)).await
    }

    /// Waits for a projector to be worried about something.
    pub async fn wait_for_concern(&self, running: &Running, about: &str) {
        let concerns = || running.projector.concerns();
        let what = fmt::from_fn(|f| write!(f, "`{about}` in {:?}", concerns()));
        wait_for(what, async || concerns().iter().any(|concern| concern.contains(about)).then_some(())).await;
    }
}

/// A hash of each table, in the order of its rows.
pub async fn hashes(pool: &PgPool) -> Vec<(&'static str, i64, String)> {
    let mut hashes = Vec::new();
    for table in TABLES {
        let sql =
            format!("select count(*), coalesce(md5(string_agg(t::text, E'\n' order by t::text)), '') from {table} t");
        let row = sqlx::query(AssertSqlSafe(sql)).fetch_one(pool).await.expect("a table");
        hashes.push((table, row.get(0), row.get(1)));
    }
    hashes
}

/// Runs a query that gives a number.
pub async fn number(pool: &PgPool, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(pool).await.expect("a number")
}

/// Waits until a query gives this number.
pub async fn until_number(pool: &PgPool, sql: &'static str, expected: i64) {
    let seen = Cell::new(None::<i64>);
    let what = fmt::from_fn(|f| write!(f, "{expected} from `{sql}`, which gives {:?}", seen.get()));
    wait_for(what, async || {
        seen.set(Some(number(pool, sql).await));
        (seen.get() == Some(expected)).then_some(())
    })
    .await;
}
