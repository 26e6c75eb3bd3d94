//! The mail server of a test: a process of its own, which ends with the test.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use mailer::{Settings, Tls};
use serde::Deserialize;
use tempfile::TempDir;
use test_support::wait_for;

/// A mail as the server read it.
#[derive(Clone, Debug, Deserialize)]
pub struct Received {
    pub from: String,
    pub to: Vec<String>,
    pub headers: Vec<(String, String)>,
    #[serde(rename = "type")]
    pub kind: String,
    pub text: String,
    pub html: String,
    pub encrypted: bool,
    pub login: Option<String>,
}

impl Received {
    pub fn header(&self, name: &str) -> &str {
        let mut found = self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let (_, value) = found.next().unwrap_or_else(|| panic!("no header {name}: {:?}", self.headers));
        assert!(found.next().is_none(), "{name} stands once: {:?}", self.headers);
        value
    }
}

/// A mail server, running or not.
pub struct MailServer {
    folder: TempDir,
    port: u16,
    process: Option<Child>,
}

impl MailServer {
    /// One that runs.
    pub fn start() -> Self {
        let mut server = Self::on(tempfile::tempdir().expect("a folder"));
        server.up();
        server
    }

    /// One that does not run yet, with this folder.
    pub fn on(folder: TempDir) -> Self {
        Self { folder, port: 0, process: None }
    }

    /// Starts it; again on the same port.
    pub fn up(&mut self) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/smtp_server.py");
        let mut process = Command::new(python())
            .arg(script)
            .arg(self.port.to_string())
            .arg(self.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python starts");
        let mut line = String::new();
        let output = process.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut line).expect("its first line");
        self.port = line.trim().parse().expect("the server says its port");
        self.process = Some(process);
    }

    /// `kill -9`
    pub fn down(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("killed");
            process.wait().expect("ended");
        }
    }

    /// From now on it behaves like this; the words are the script's.
    pub fn behave(&self, how: &str) {
        fs::write(self.folder.path().join(how), "").expect("a file");
    }

    /// And from now on no longer.
    pub fn stop_to(&self, how: &str) {
        fs::remove_file(self.folder.path().join(how)).expect("the file");
    }

    /// Settings of a mailer that uses it.
    pub fn settings(&self) -> Settings {
        Settings {
            smtp_url: Some(format!("smtp://127.0.0.1:{}", self.port).parse().expect("a URL")),
            smtp_tls: Some(Tls::None),
            smtp_timeout: 30,
            mail_rate: 1_000,
            mail_backoff: 20,
            mail_from: "Chatlog <chatlog@example.org>".parse().expect("a mailbox"),
            ..Settings::default()
        }
    }

    /// What it has accepted so far.
    pub fn received(&self) -> Vec<Received> {
        let mut files: Vec<_> = fs::read_dir(self.folder.path())
            .expect("the folder")
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
            .collect();
        files.sort();
        let read = |path| serde_json::from_slice(&fs::read(path).expect("a file")).expect("a mail");
        files.into_iter().map(read).collect()
    }

    /// Waits until it has accepted so many.
    pub async fn receives(&self, mails: usize) -> Vec<Received> {
        wait_for(format!("{mails} mails"), async || {
            let received = self.received();
            (received.len() >= mails).then_some(received)
        })
        .await
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.down();
    }
}

/// A Python that has aiosmtpd: Debian's module is Debian's Python's, which need not be the first in PATH.
fn python() -> &'static str {
    let has_it = |python: &&str| {
        let mut asked = Command::new(python);
        asked.args(["-c", "import aiosmtpd"]).stderr(Stdio::null());
        asked.status().is_ok_and(|status| status.success())
    };
    ["python3", "/usr/bin/python3"].into_iter().find(has_it).expect("a Python with aiosmtpd; ./dev test installs it")
}
