//! Where settings come from. Everything below flags is turned into clap's own defaults, so that clap alone judges values:
//! the environment, `NAME_FILE` for secrets, the file, and at last the stack that `./dev up` left in `.local/dev/env`.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::builder::Resettable;
use clap::{Arg, ArgAction, Command};

use super::EXIT_BAD_SETTINGS;

/// Variables with our prefix that scripts read, not the programs.
const WORDS_OF_SCRIPTS: [&str; 4] = ["CHATLOG_URL", "CHATLOG_PARTITIONS", "CHATLOG_DATA_DIR", "CHATLOG_PORT"];
const PREFIX: &str = "CHATLOG_";
const CONFIG: &str = "config";
const CONFIG_VARIABLE: &str = "CHATLOG_CONFIG";
/// The servers; when none of them is set, those of `./dev up` are used.
const SERVERS: [&str; 3] = ["KAFKA_BROKERS", "DATABASE_URL", "REDIS_URL"];
const DEV_STACK: &str = ".local/dev/env";

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// clap's own word, which includes `--help` and `--version`.
    #[error(transparent)]
    Clap(#[from] clap::Error),
    /// A variable with our prefix that nobody reads.
    #[error("the environment variable {name} is unknown{}", suggestion(.nearest.as_ref()))]
    UnknownVariable {
        /// As found.
        name: String,
        /// The most similar known name.
        nearest: Option<String>,
    },
    /// A key of the file that nobody reads.
    #[error("{path}: the key `{key}` is unknown{}", suggestion(.nearest.as_ref()))]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// As found.
        key: String,
        /// The most similar known name.
        nearest: Option<String>,
    },
    /// A file that cannot be read, or is not what it should be.
    #[error("{path}: {problem}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A secret given twice.
    #[error("both {0} and {0}_FILE are set; choose one")]
    Twice(String),
}

fn suggestion(name: Option<&String>) -> String {
    name.map(|name| format!("; did you mean {name}?")).unwrap_or_default()
}

impl SettingsError {
    /// Says what is wrong and ends the process.
    pub fn exit(self) -> ! {
        use clap::error::ErrorKind::{InvalidValue, MissingRequiredArgument, ValueValidation};
        match self {
            Self::Clap(error) if matches!(error.kind(), InvalidValue | MissingRequiredArgument | ValueValidation) => {
                let _ = error.print();
            }
            Self::Clap(error) => error.exit(),
            #[expect(clippy::print_stderr, reason = "logs are not set up yet")]
            other => eprintln!("error: {other}"),
        }
        std::process::exit(EXIT_BAD_SETTINGS)
    }
}

/// What can be set, over all subcommands.
#[derive(Default)]
struct Known {
    keys: BTreeSet<String>,
    variables: BTreeSet<String>,
    secrets: BTreeSet<String>,
}

impl Known {
    fn collect(&mut self, command: &Command) {
        for arg in command.get_arguments() {
            if let (Some(long), true) = (arg.get_long(), has_value(arg)) {
                self.keys.insert(long.to_owned());
            }
            if let Some(variable) = variable(arg) {
                if arg.is_hide_env_values_set() {
                    self.secrets.insert(variable.clone());
                }
                self.variables.insert(variable);
            }
        }
        for subcommand in command.get_subcommands() {
            self.collect(subcommand);
        }
    }

    fn check_environment(&self, environment: &BTreeMap<String, String>) -> Result<(), SettingsError> {
        let files: BTreeSet<String> = self.secrets.iter().map(|name| format!("{name}_FILE")).collect();
        let known =
            |name: &str| self.variables.contains(name) || files.contains(name) || WORDS_OF_SCRIPTS.contains(&name);
        if let Some(name) = environment.keys().find(|name| name.starts_with(PREFIX) && !known(name)) {
            let candidates = self.variables.iter().chain(&files).map(String::as_str).chain(WORDS_OF_SCRIPTS);
            return Err(SettingsError::UnknownVariable { name: name.clone(), nearest: most_similar(name, candidates) });
        }
        Ok(())
    }
}

/// Adds `--config`, checks every name, and gives each argument the value of the best source below the flags.
pub(super) fn prepare(
    command: Command,
    arguments: &[OsString],
    environment: &BTreeMap<String, String>,
    directory: &Path,
) -> Result<Command, SettingsError> {
    let command =
        command.arg(
            Arg::new(CONFIG).long(CONFIG).env(CONFIG_VARIABLE).global(true).value_name("FILE").help(
                "A TOML file with settings; its keys are the long flag names. Flags and environment go before it",
            ),
        );
    let mut known = Known::default();
    known.collect(&command);
    known.check_environment(environment)?;
    let mut values = Values::default();
    if let Some(path) = flag(arguments, "--config").or_else(|| environment.get(CONFIG_VARIABLE).cloned()) {
        values.read_file(&directory.join(path), &known)?;
    }
    values.read_environment(environment, &known)?;
    let set = |name: &&str| values.by_variable.contains_key(*name);
    let mut lowest = BTreeMap::new();
    if !SERVERS.iter().any(set) && !values.has_any_key_of(&command, &SERVERS) && !flags_name_servers(arguments) {
        lowest = dev_stack(directory);
    }
    Ok(values.apply(command, &lowest))
}

fn flags_name_servers(arguments: &[OsString]) -> bool {
    ["--kafka-brokers", "--database-url", "--redis-url"].iter().any(|name| flag(arguments, name).is_some())
}

/// The value of a flag before clap has read the arguments.
fn flag(arguments: &[OsString], name: &str) -> Option<String> {
    let mut rest = arguments.iter().filter_map(|argument| argument.to_str());
    while let Some(argument) = rest.next() {
        match argument.strip_prefix(name) {
            Some("") => return rest.next().map(str::to_owned),
            Some(value) if value.starts_with('=') => return Some(value[1..].to_owned()),
            _ => {}
        }
    }
    None
}

/// What the sources say, each value as a list of words.
#[derive(Default)]
struct Values {
    by_key: BTreeMap<String, Vec<String>>,
    by_variable: BTreeMap<String, String>,
}

impl Values {
    fn read_file(&mut self, path: &Path, known: &Known) -> Result<(), SettingsError> {
        let problem = |problem: String| SettingsError::File { path: path.to_owned(), problem };
        let text = std::fs::read_to_string(path).map_err(|error| problem(error.to_string()))?;
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| problem(error.to_string()))?;
        for (key, value) in table {
            if key == CONFIG || !known.keys.contains(&key) {
                let nearest = most_similar(&key, known.keys.iter().map(String::as_str));
                return Err(SettingsError::UnknownKey { path: path.to_owned(), key, nearest });
            }
            let words = match value {
                toml::Value::Array(items) => items.iter().map(word).collect(),
                single => word(&single).map(|word| vec![word]),
            };
            let words =
                words.ok_or_else(|| problem(format!("`{key}` is neither a word, a number, nor a list of them")))?;
            self.by_key.insert(key, words);
        }
        Ok(())
    }

    fn read_environment(&mut self, environment: &BTreeMap<String, String>, known: &Known) -> Result<(), SettingsError> {
        for name in &known.variables {
            if let Some(value) = environment.get(name) {
                self.by_variable.insert(name.clone(), value.clone());
            }
        }
        for name in &known.secrets {
            let Some(path) = environment.get(&format!("{name}_FILE")).map(PathBuf::from) else { continue };
            let secret = std::fs::read_to_string(&path)
                .map_err(|error| SettingsError::File { path, problem: error.to_string() })?;
            if self.by_variable.insert(name.clone(), secret.trim_end_matches(['\r', '\n']).to_owned()).is_some() {
                return Err(SettingsError::Twice(name.clone()));
            }
        }
        Ok(())
    }

    fn has_any_key_of(&self, command: &Command, variables: &[&str]) -> bool {
        command.get_arguments().any(|arg| {
            variable(arg).is_some_and(|name| variables.contains(&&*name))
                && arg.get_long().is_some_and(|long| self.by_key.contains_key(long))
        }) || command.get_subcommands().any(|subcommand| self.has_any_key_of(subcommand, variables))
    }

    fn apply(&self, command: Command, lowest: &BTreeMap<String, String>) -> Command {
        let command = command.mut_args(|arg| self.apply_to(arg, lowest));
        let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
        names.into_iter().fold(command, |command, name| command.mut_subcommand(name, |sub| self.apply(sub, lowest)))
    }

    fn apply_to(&self, arg: Arg, lowest: &BTreeMap<String, String>) -> Arg {
        let name = variable(&arg);
        let split = |value: &String| match arg.get_value_delimiter() {
            Some(delimiter) => value.split(delimiter).map(str::to_owned).collect(),
            None => vec![value.clone()],
        };
        let from_variable = name.as_ref().and_then(|name| self.by_variable.get(name)).map(split);
        let from_file = || arg.get_long().and_then(|long| self.by_key.get(long)).cloned();
        let from_dev = || name.as_ref().and_then(|name| lowest.get(name)).map(split);
        let value = from_variable.or_else(from_file).or_else(from_dev);
        let arg = with_help(arg, name.as_deref());
        match value {
            // An empty variable or list means: none.
            Some(words) if words.iter().all(String::is_empty) && !is_text(&arg) => arg,
            Some(words) => {
                // Not shown in the help: it may be a secret.
                let hide = arg.get_action().takes_values();
                arg.required(false).hide_default_value(hide).default_values(words)
            }
            None => arg,
        }
    }
}

/// Shows the variable in the help, and keeps clap from reading it by itself: it was read here.
fn with_help(arg: Arg, variable: Option<&str>) -> Arg {
    let Some(variable) = variable else { return arg };
    let secret = if arg.is_hide_env_values_set() { format!(", or a file: {variable}_FILE") } else { String::new() };
    let note = format!(" [env: {variable}{secret}]");
    let long = arg.get_long_help().map(|help| format!("{help}{note}"));
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let arg = arg.help(format!("{help}{note}")).env(Resettable::Reset);
    match long {
        Some(long) => arg.long_help(long),
        None => arg,
    }
}

fn variable(arg: &Arg) -> Option<String> {
    arg.get_env().and_then(|name| name.to_str()).map(str::to_owned)
}

fn has_value(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Set | ArgAction::Append | ArgAction::SetTrue | ArgAction::SetFalse)
}

/// Whether an empty value is a value: only where the default is one, too.
fn is_text(arg: &Arg) -> bool {
    arg.get_default_values().iter().any(|value| value.is_empty())
}

fn word(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Float(number) => Some(number.to_string()),
        toml::Value::Boolean(yes) => Some(yes.to_string()),
        _ => None,
    }
}

/// What `./dev up` started, found upward from the working directory, so that `chatlog import …` needs no flags.
fn dev_stack(directory: &Path) -> BTreeMap<String, String> {
    let text = directory.ancestors().find_map(|folder| std::fs::read_to_string(folder.join(DEV_STACK)).ok());
    let text = text.unwrap_or_default();
    let pairs = text.lines().filter_map(|line| line.trim().split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The candidate with the smallest edit distance, if it is near enough to be meant.
fn most_similar<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<String> {
    let near = candidates.map(|candidate| (distance(name, candidate), candidate)).min()?;
    (near.0 <= name.len().div_ceil(3)).then(|| near.1.to_owned())
}

/// Levenshtein's distance.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in other.chars().enumerate() {
            let substituted = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[other.chars().count()]
}
