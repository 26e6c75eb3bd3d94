//! Kafka, Postgres and Redis: given ones for most tests, private ones for tests that kill them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// Where the three servers are.
#[derive(Clone, Debug)]
pub struct Servers {
    /// `KAFKA_BROKERS`
    pub brokers: String,
    /// `DATABASE_URL`, without a test's own database.
    pub database: String,
    /// `REDIS_URL`
    pub redis: String,
}

pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the workspace")
}

impl Servers {
    /// Those of the environment, else those of `./dev test`, else those of `./dev up`.
    pub fn given() -> Self {
        let environment = std::env::vars().collect();
        let file = |name: &str| read_env(&repository().join(".local").join(name).join("env"));
        [environment, file("test"), file("dev")].iter().find_map(Self::of).expect(
            "no servers: KAFKA_BROKERS, DATABASE_URL and REDIS_URL are not set and ./dev up has not been run; \
             ./dev test starts servers for the tests",
        )
    }

    fn of(variables: &BTreeMap<String, String>) -> Option<Self> {
        let get = |name: &str| variables.get(name).filter(|value| !value.is_empty()).cloned();
        Some(Self { brokers: get("KAFKA_BROKERS")?, database: get("DATABASE_URL")?, redis: get("REDIS_URL")? })
    }
}

fn read_env(file: &Path) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let pairs = text.lines().filter_map(|line| line.trim().split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Three servers of one's own, which can be killed. They end with the test process, however it ends.
pub struct PrivateServers {
    folder: TempDir,
    /// Where they are; ports stay over a restart.
    pub servers: Servers,
}

impl PrivateServers {
    pub fn start() -> Self {
        let parent = repository().join(".local/test");
        std::fs::create_dir_all(&parent).expect("a folder for servers");
        let folder = tempfile::Builder::new().prefix("faults-").tempdir_in(parent).expect("a folder for servers");
        script("start", folder.path(), "all");
        let servers = Servers::of(&read_env(&folder.path().join("env"))).expect("addresses of the servers");
        Self { folder, servers }
    }

    /// `kill -9` to a server and all its children.
    pub fn kill(&self, server: &str) {
        script("kill", self.folder.path(), server);
    }

    /// Stops a server without ending it (`SIGSTOP`): its connections stay, nothing answers.
    pub fn freeze(&self, server: &str) {
        script("freeze", self.folder.path(), server);
    }

    /// Lets a frozen server go on.
    pub fn thaw(&self, server: &str) {
        script("thaw", self.folder.path(), server);
    }

    /// Starts a server again: same port, same data. Returns when it answers.
    pub fn restart(&self, server: &str) {
        script("start", self.folder.path(), server);
    }

    /// Where a server's log is.
    pub fn log(&self, server: &str) -> PathBuf {
        self.folder.path().join("log").join(format!("{server}.log"))
    }
}

impl Drop for PrivateServers {
    fn drop(&mut self) {
        let removed = run_script("remove", self.folder.path(), "all");
        if !std::thread::panicking() {
            removed.expect("servers.sh remove");
        }
    }
}

fn script(action: &str, set: &Path, server: &str) {
    if let Err(why) = run_script(action, set, server) {
        panic!("servers.sh {action} {server}: {why}");
    }
}

fn run_script(action: &str, set: &Path, server: &str) -> Result<(), String> {
    let output = Command::new(repository().join("deploy/local/servers.sh"))
        .args([action.as_ref(), set.as_os_str(), server.as_ref()])
        .env("SET_OWNER", std::process::id().to_string())
        .stdin(Stdio::null())
        .output()
        .map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)))
}
