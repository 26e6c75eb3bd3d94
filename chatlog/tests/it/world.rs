//! A platform for a test, with the roles it needs in this process.

use std::path::PathBuf;

use chatlog::cli::{Cli, Command};
use chatlog::import::run::Job;
use chatlog::import::{append, read_jobs, run};
use chatlog::serve::ServeArgs;
use chrono::TimeDelta;
use clap::Parser as _;
use event_schema::{RoomId, Topic};
use platform::{Kafka, Platform};
use tempfile::TempDir;
use test_support::{TestPlatform, http_settings};

/// Settings of `serve` for the servers of a test.
pub fn serve_args(test: &TestPlatform) -> ServeArgs {
    let flags = ["chatlog", "serve", "--kafka-brokers", "-", "--database-url", "-", "--redis-url", "-"];
    let Command::Serve(args) = Cli::parse_from(flags).command else { unreachable!("serve was asked for") };
    ServeArgs { platform: test.settings.clone(), http: http_settings(), ..*args }
}

/// A platform whose log is being folded.
pub struct World {
    pub test: TestPlatform,
    pub log: Kafka,
}

impl World {
    pub async fn start() -> Self {
        let test = TestPlatform::start().await.expect("servers");
        projector::start(&test.platform, test.read_model.fold, &serve_args(&test).projector);
        let log = append::patient(&test.settings.kafka).expect("a client");
        Self { test, log }
    }

    pub fn read_model(&self) -> &read_model::ReadModel {
        &self.test.read_model
    }

    pub fn platform(&self) -> &Platform {
        &self.test.platform
    }

    /// Imports these files into the room of their folder's name.
    pub async fn import(&self, paths: &[PathBuf]) -> chatlog::import::report::Report {
        let job = job(paths);
        run::import(self.platform(), self.read_model(), &self.log, &job).await.expect("imported")
    }

    /// Records of rooms and people in the log.
    pub async fn records(&self) -> i64 {
        let kafka = &self.platform().kafka;
        let mut records = 0;
        for topic in [Topic::Rooms, Topic::Users] {
            for partition in 0..kafka.partitions(topic).await.expect("partitions") {
                records += kafka.watermarks(topic, partition).await.expect("watermarks").1;
            }
        }
        records
    }

    /// The messages of a room as the API shows them, oldest first.
    pub async fn items(&self, room: RoomId) -> Vec<serde_json::Value> {
        let rows: Vec<String> = sqlx::query_scalar("select item from messages where room_id = $1 order by seq")
            .bind(room.0)
            .fetch_all(&self.read_model().pool())
            .await
            .expect("messages");
        rows.iter().map(|row| serde_json::from_str(row).expect("JSON")).collect()
    }

    /// How many events of the room were rejected.
    pub async fn rejections(&self) -> i64 {
        let pool = self.read_model().pool();
        sqlx::query_scalar("select count(*) from rejections").fetch_one(&pool).await.expect("a count")
    }
}

/// The one room that these paths mean.
pub fn job(paths: &[PathBuf]) -> Job {
    let mut jobs = read_jobs(paths, None, TimeDelta::zero()).expect("logs");
    assert_eq!(jobs.len(), 1);
    jobs.remove(0)
}

/// A folder `hall` with these logs.
pub fn folder(logs: &[(&str, String)]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let hall = folder.path().join("hall");
    std::fs::create_dir(&hall).expect("a folder");
    for (name, text) in logs {
        std::fs::write(hall.join(name), text).expect("a file");
    }
    (folder, hall)
}
