//! The `chatlog` program, found beside the test, with the settings of one instance.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// The program and what its environment says.
#[derive(Clone, Debug)]
pub struct Program {
    path: PathBuf,
    settings: Vec<(String, String)>,
}

impl Program {
    /// The program of this build. Cargo tells a test nothing of another package's programs: they lie one folder above
    /// tests (`target/debug/deps/…`) and beside each other.
    pub fn find() -> Self {
        let own = std::env::current_exe().expect("the path of this program");
        let folder = own.ancestors().skip(1).find(|folder| !folder.ends_with("deps")).expect("target/debug");
        let path = folder.join("chatlog");
        assert!(
            path.exists(),
            "{} is missing: build it first (cargo build -p chatlog); ./dev test does so",
            path.display()
        );
        Self { path, settings: Vec::new() }
    }

    /// Another program of this build, with the same settings.
    pub fn sibling(&self, name: &str) -> Self {
        let path = self.path.with_file_name(name);
        assert!(
            path.exists(),
            "{} is missing: build it first (cargo build --workspace); ./dev test does so",
            path.display()
        );
        Self { path, settings: self.settings.clone() }
    }

    /// The same program with one setting more; a later one replaces an earlier one.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.settings.push((name.to_owned(), value.into()));
        self
    }

    /// A call of it. Settings of whoever runs the tests are not passed on.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.path);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("CHATLOG_") {
                command.env_remove(name);
            }
        }
        command.args(arguments).envs(self.settings.iter().cloned()).stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    pub fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program starts")
    }

    /// Runs it to its end, which must be a good one; what it said on standard output.
    pub fn run(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "chatlog {}: {}\n{said}\n{}",
            arguments.join(" "),
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        said
    }
}
