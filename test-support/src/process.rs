//! A running `chatlog serve`, which ends when it is dropped, and when the test process dies.

use std::fmt::Write as _;
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::program::Program;
use crate::{port, wait_for_within};

const START: Duration = Duration::from_secs(90);
/// Lines of a log that are shown when a test fails.
const TAIL: usize = 60;

/// A process of the system under test.
pub struct Process {
    name: String,
    program: Program,
    arguments: Vec<String>,
    listen: SocketAddr,
    internal: SocketAddr,
    log: PathBuf,
    running: Option<Running>,
}

struct Running {
    child: Child,
    /// Kills the child when the pipe to it closes, which happens however this process ends.
    guard: Child,
}

impl Process {
    /// Starts `chatlog serve` with these roles (none: all of them) and its log in `folder`.
    pub fn serve(program: &Program, name: &str, roles: &[&str], folder: &Path) -> Self {
        let mut arguments = vec!["serve".to_owned()];
        if !roles.is_empty() {
            arguments.extend(["--roles".to_owned(), roles.join(",")]);
        }
        let (listen, internal) = (port::free(), port::free());
        let program = program.clone().with("CHATLOG_INTERNAL_LISTEN", internal.to_string());
        let program = program.with("CHATLOG_LISTEN", listen.to_string());
        let log = folder.join(format!("{name}.log"));
        let mut process = Self { name: name.to_owned(), program, arguments, listen, internal, log, running: None };
        process.start();
        process
    }

    /// Starts it (again): same ports, its log goes on.
    pub fn start(&mut self) {
        let log = File::options().create(true).append(true).open(&self.log).expect("a log file");
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        let child = self
            .program
            .command(&arguments)
            .stdout(log.try_clone().expect("the log file once more"))
            .stderr(log)
            .spawn()
            .expect("the program starts");
        let guard = Command::new("sh")
            .args(["-c", "cat >/dev/null; kill -KILL \"$0\" 2>/dev/null", &child.id().to_string()])
            .stdin(Stdio::piped())
            .spawn()
            .expect("sh starts");
        self.running = Some(Running { child, guard });
    }

    /// Returns when it says that it can serve.
    pub async fn ready(&mut self) {
        let url = format!("http://{}/readyz", self.internal);
        let http = reqwest::Client::new();
        let what = format!("{} is ready", self.name);
        wait_for_within(&what, START, async || {
            assert!(self.exit().is_none(), "{} ended by itself\n{}", self.name, self.log_tail());
            let answer = http.get(&url).send().await.ok()?;
            if answer.status().is_success() { Some(()) } else { None }
        })
        .await;
    }

    /// What `/readyz` answers: status and text.
    pub async fn readiness(&self) -> (u16, String) {
        let answer = reqwest::get(format!("http://{}/readyz", self.internal)).await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a text"))
    }

    /// `kill -9`, and nothing of it is left.
    pub fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            let _ = running.child.kill();
            let _ = running.child.wait();
            let _ = running.guard.kill();
            let _ = running.guard.wait();
        }
    }

    /// Asks it to end (`SIGTERM`).
    pub fn terminate(&self) {
        self.signal("-TERM");
    }

    /// Stops it without ending it (`SIGSTOP`): its connections stay, and it does nothing.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on after [`Self::freeze`].
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let running = self.running.as_ref().expect("it runs");
        let sent = Command::new("kill").args([signal, &running.child.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "kill {signal}");
    }

    /// How it ended, if it has.
    pub fn exit(&mut self) -> Option<ExitStatus> {
        self.running.as_mut()?.child.try_wait().expect("a child can be asked")
    }

    /// `http://…` of the API.
    pub fn url(&self) -> String {
        format!("http://{}", self.listen)
    }

    /// Address of the API.
    pub fn address(&self) -> SocketAddr {
        self.listen
    }

    /// What it has written.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The end of what it has written.
    pub fn log_tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        let mut tail = format!("--- the end of {}'s log\n", self.name);
        for line in &lines[lines.len().saturating_sub(TAIL)..] {
            let _ = writeln!(tail, "{line}");
        }
        tail
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            #[expect(clippy::print_stdout, reason = "the test runner shows it when the test fails")]
            {
                println!("{}", self.log_tail());
            }
        }
        self.kill();
    }
}
