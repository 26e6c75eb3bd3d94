//! Tables with 3 million messages, and what Postgres says it does with a statement.

use platform::postgres;
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection, Row, raw_sql};
use test_support::TestPlatform;
use uuid::Uuid;

const TABLES: &str = include_str!("../../../../migrations/read-model/tables.sql");
const INDEXES: &str = include_str!("../../../../migrations/read-model/indexes.sql");
const ROWS: &str = include_str!("scale.sql");

/// A database of its own with the tables at scale.
pub struct Scale {
    pub db: PgConnection,
    test: TestPlatform,
}

/// A statement that the service has prepared on this connection.
pub struct Statement {
    what: &'static str,
    name: String,
}

/// The id of the n-th thing of a kind, as scale.sql makes it.
pub fn id(kind: &str, n: i64) -> Uuid {
    let kind = match kind {
        "user" => 0xa,
        "room" => 0xb,
        "message" => 0xc,
        other => panic!("no ids of {other}"),
    };
    let scattered = u64::try_from(n).expect("a count") * 2_654_435_761 % (1 << 48);
    Uuid::from_u64_pair(scattered << 16 | 0x4000, 0x8000 << 48 | kind)
}

impl Scale {
    pub async fn build() -> Self {
        let test = TestPlatform::start().await.expect("servers of ./dev up");
        let settings = &test.settings.postgres;
        let mut db = postgres::connect(settings, "scale,public").await.expect("connected");
        let tables = TABLES.replace("create table", "create unlogged table");
        for sql in ["create schema scale", &tables, ROWS, INDEXES, "vacuum analyze"] {
            raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut db).await.expect("built");
        }
        Self { db, test }
    }

    pub async fn finish(self) {
        drop(self.db);
        self.test.finish().await;
    }

    async fn run(&mut self, sql: String) -> Vec<sqlx::postgres::PgRow> {
        raw_sql(AssertSqlSafe(sql)).fetch_all(&mut self.db).await.expect("run")
    }
}

impl Statement {
    /// The statement that was prepared last.
    pub async fn newest(scale: &mut Scale, what: &'static str) -> Self {
        let newest = "select name from pg_prepared_statements order by prepare_time desc limit 1";
        let name = scale.run(newest.to_owned()).await[0].get(0);
        Self { what, name }
    }

    /// Fails unless the statement, with these arguments, only walks these indexes and reads at most so many rows. Says how
    /// many it read.
    pub async fn walks(&self, scale: &mut Scale, arguments: &str, indexes: &[&str], most: i64) -> i64 {
        self.is_planned(scale, arguments, indexes, most, 0).await
    }

    /// The same for a statement that sorts what it has looked up, once.
    pub async fn sorts(&self, scale: &mut Scale, arguments: &str, indexes: &[&str], most: i64) -> i64 {
        self.is_planned(scale, arguments, indexes, most, 1).await
    }

    async fn is_planned(&self, scale: &mut Scale, arguments: &str, indexes: &[&str], most: i64, sorts: usize) -> i64 {
        let mut read = 0;
        for mode in ["force_generic_plan", "force_custom_plan", "auto"] {
            scale.run(format!("set plan_cache_mode = {mode}")).await;
            let explain = format!("explain (analyze, format json) execute \"{}\"({arguments})", self.name);
            let plan: Value = scale.run(explain).await[0].get(0);
            let place = format!("{} ({arguments}), {mode}: {plan:#}", self.what);
            let mut seen = Seen::default();
            seen.node(&plan[0]["Plan"]);
            assert!(seen.forbidden.is_empty(), "{:?} in {place}", seen.forbidden);
            assert_eq!(seen.sorts, sorts, "sorts in {place}");
            assert!(seen.indexes.iter().all(|index| indexes.contains(&index.as_str())), "other indexes in {place}");
            assert!(seen.rows <= most + seen.rounded, "{} rows read, not {most}, in {place}", seen.rows);
            read = seen.rows;
        }
        read
    }
}

#[derive(Default)]
struct Seen {
    forbidden: Vec<String>,
    sorts: usize,
    indexes: Vec<String>,
    rows: i64,
    /// Of a node that runs several times, Postgres tells the mean of its rows, rounded: by so many they may be wrong in all.
    rounded: i64,
}

impl Seen {
    fn node(&mut self, node: &Value) {
        let kind = node["Node Type"].as_str().expect("a node").to_owned();
        let number = |field: &str| node[field].as_f64().unwrap_or_default();
        if kind.contains("Index") {
            self.indexes.extend(node["Index Name"].as_str().map(str::to_owned));
        }
        if kind.contains("Scan") && node["Relation Name"].is_string() {
            let rows =
                number("Actual Rows") + number("Rows Removed by Filter") + number("Rows Removed by Index Recheck");
            #[expect(clippy::cast_possible_truncation, reason = "a count of rows")]
            let rows = (rows * number("Actual Loops")) as i64;
            self.rows += rows;
            #[expect(clippy::cast_possible_truncation, reason = "a count of runs")]
            let runs = number("Actual Loops") as i64;
            self.rounded += runs / 2;
        }
        match kind.as_str() {
            "Sort" => self.sorts += 1,
            "Seq Scan" | "Incremental Sort" | "Hash Join" | "Merge Join" => self.forbidden.push(kind),
            _ => {}
        }
        for child in node["Plans"].as_array().into_iter().flatten() {
            self.node(child);
        }
    }
}
