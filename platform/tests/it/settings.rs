//! Where settings come from, in which order, and what is refused.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use api_kit::HttpSettings;
use clap::{CommandFactory as _, Parser};
use platform::settings::{LogFormat, PlatformSettings, SettingsError, parse_from};

/// As a service has it: shared groups, settings of its own, and subcommands.
#[derive(Parser, Debug)]
struct Program {
    #[command(flatten)]
    platform: PlatformSettings,
    #[command(flatten)]
    http: HttpSettings,
    /// A switch of this program
    #[arg(long, env = "CHATLOG_VERBOSE_TEST")]
    verbose_test: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    /// Reads files
    Import {
        /// Lines at a time
        #[arg(long, env = "CHATLOG_IMPORT_BATCH", default_value_t = 100)]
        import_batch: u32,
    },
}

const SERVERS: [(&str, &str); 3] =
    [("KAFKA_BROKERS", "kafka:9092"), ("DATABASE_URL", "postgres://db/x"), ("REDIS_URL", "redis://cache")];

fn parse(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Program, SettingsError> {
    parse_in(Path::new("/nowhere"), arguments, environment)
}

fn parse_in(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Result<Program, SettingsError> {
    let arguments: Vec<OsString> =
        std::iter::once("program").chain(arguments.iter().copied()).map(Into::into).collect();
    let environment: BTreeMap<String, String> =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    parse_from(&arguments, &environment, folder)
}

fn with_servers<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    SERVERS.iter().chain(more).copied().collect()
}

fn folder_with(name: &str, content: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
    std::fs::write(path, content).expect("a file");
    folder
}

#[test]
fn flags_go_before_environment_before_file_before_default() {
    let file = r#"log-level = "from-file""#;
    let folder = folder_with("chatlog.toml", file);
    let level = |arguments: &[&str], environment: &[(&str, &str)]| {
        let program = parse_in(folder.path(), arguments, &with_servers(environment)).expect("settings");
        program.platform.telemetry.log_level
    };
    let (in_file, in_environment) = (("CHATLOG_CONFIG", "chatlog.toml"), ("CHATLOG_LOG_LEVEL", "from-environment"));
    assert_eq!(level(&["--log-level", "from-flag"], &[in_file, in_environment]), "from-flag");
    assert_eq!(level(&[], &[in_file, in_environment]), "from-environment");
    assert_eq!(level(&[], &[in_file]), "from-file");
    assert_eq!(level(&["--config", "chatlog.toml"], &[]), "from-file");
    assert_eq!(level(&["--config=chatlog.toml"], &[]), "from-file");
    assert_eq!(level(&[], &[]), "info");
}

#[test]
fn a_file_holds_numbers_lists_and_switches() {
    let file = "database-connections = 7\ncors-origins = [\"https://a\", \"https://b\"]\nverbose-test = true\nrequest-timeout = 2.5\nimport-batch = 5";
    let folder = folder_with("chatlog.toml", file);
    let program =
        parse_in(folder.path(), &["--config", "chatlog.toml", "import"], &with_servers(&[])).expect("settings");
    assert_eq!(program.platform.postgres.max_connections, 7);
    assert_eq!(program.http.cors_origins, ["https://a", "https://b"]);
    assert_eq!(program.http.request_timeout, std::time::Duration::from_millis(2500));
    assert!(program.verbose_test);
    assert!(matches!(program.command, Some(Command::Import { import_batch: 5 })));
}

#[test]
fn the_environment_holds_lists_and_switches() {
    let environment = [
        ("CHATLOG_CORS_ORIGINS", "https://a,https://b"),
        ("CHATLOG_VERBOSE_TEST", "true"),
        ("CHATLOG_LOG_FORMAT", "text"),
        ("CHATLOG_OTLP_ENDPOINT", ""),
    ];
    let program = parse(&[], &with_servers(&environment)).expect("settings");
    assert_eq!(program.http.cors_origins, ["https://a", "https://b"]);
    assert!(program.verbose_test);
    assert_eq!(program.platform.telemetry.log_format, LogFormat::Text);
    assert_eq!(program.platform.telemetry.otlp_endpoint, None, "an empty variable is none");
    assert!(program.http.cors_origins.len() == 2 && program.platform.kafka.options.is_empty());
}

#[test]
fn an_unknown_variable_is_refused_with_the_nearest_known_one() {
    let error = parse(&[], &with_servers(&[("CHATLOG_LOG_LEVLE", "debug")])).expect_err("a typing error");
    assert_eq!(
        error.to_string(),
        "the environment variable CHATLOG_LOG_LEVLE is unknown; did you mean CHATLOG_LOG_LEVEL?"
    );
    let words = [("CHATLOG_URL", "x"), ("CHATLOG_PARTITIONS", "6"), ("CHATLOG_DATA_DIR", "x"), ("CHATLOG_PORT", "1")];
    parse(&[], &with_servers(&words)).expect("words of scripts are known");
}

#[test]
fn an_unknown_key_of_the_file_is_refused_with_the_nearest_known_one() {
    let folder = folder_with("chatlog.toml", "kafka-broker = \"x\"");
    let error = parse_in(folder.path(), &["--config", "chatlog.toml"], &with_servers(&[])).expect_err("a typing error");
    let message = error.to_string();
    assert!(message.ends_with("the key `kafka-broker` is unknown; did you mean kafka-brokers?"), "{message}");
    let folder = folder_with("chatlog.toml", "[http]\nlisten = 1");
    let error = parse_in(folder.path(), &["--config", "chatlog.toml"], &with_servers(&[])).expect_err("a table");
    assert!(matches!(error, SettingsError::UnknownKey { key, .. } if key == "http"));
}

#[test]
fn a_secret_comes_from_a_file_and_shows_nowhere() {
    let folder = folder_with("url", "postgres://user:hunter2@db/x\n");
    let path = folder.path().join("url").display().to_string();
    let servers = [SERVERS[0], SERVERS[2], ("DATABASE_URL_FILE", &path)];
    let program = parse(&[], &servers).expect("settings");
    assert_eq!(program.platform.postgres.database_url.expose(), "postgres://user:hunter2@db/x");
    assert!(!format!("{program:?}").contains("hunter2"));
    let error = parse(&["--help"], &servers).expect_err("help is no settings");
    assert!(!error.to_string().contains("hunter2"));
    let both = with_servers(&[("DATABASE_URL_FILE", &path)]);
    assert!(matches!(parse(&[], &both), Err(SettingsError::Twice(name)) if name == "DATABASE_URL"));
    assert!(parse(&[], &with_servers(&[("CHATLOG_LISTEN_FILE", "x")])).is_err(), "only secrets have files");
}

#[test]
fn values_are_judged_wherever_they_come_from() {
    for environment in
        [("CHATLOG_DATABASE_CONNECTIONS", "none"), ("CHATLOG_LISTEN", "here"), ("CHATLOG_LOG_FORMAT", "xml")]
    {
        let error = parse(&[], &with_servers(&[environment])).expect_err("a wrong value");
        assert!(error.to_string().contains(environment.1), "{error}");
    }
    let missing = parse(&[], &SERVERS[1..]).expect_err("no brokers").to_string();
    assert!(missing.contains("--kafka-brokers"), "{missing}");
}

#[test]
fn the_stack_of_dev_up_is_found_upward_when_nothing_else_is_said() {
    let env = "KAFKA_BROKERS=127.0.0.1:1\nDATABASE_URL=postgres://dev/x\nREDIS_URL=redis://dev\nCHATLOG_URL=http://x\n";
    let folder = folder_with(".local/dev/env", env);
    let below = folder.path().join("some/where");
    std::fs::create_dir_all(&below).expect("folders");
    let program = parse_in(&below, &[], &[]).expect("settings");
    assert_eq!(program.platform.kafka.brokers, "127.0.0.1:1");
    assert_eq!(program.platform.postgres.database_url.expose(), "postgres://dev/x");
    // Half of one stack and half of another would be worse than an error.
    assert!(parse_in(&below, &[], &SERVERS[..1]).is_err());
    assert!(parse_in(&below, &["--redis-url=redis://other"], &[]).is_err());
}

#[test]
fn help_documents_every_setting() {
    let help = parse(&["--help"], &[]).expect_err("help is no settings").to_string();
    for arg in Program::command().get_arguments().filter(|arg| arg.get_long().is_some()) {
        let long = arg.get_long().expect("a long name");
        let told = arg.get_help().map(ToString::to_string).unwrap_or_default();
        assert!(!told.is_empty(), "--{long} has no help");
        let variable =
            arg.get_env().and_then(|name| name.to_str()).unwrap_or_else(|| panic!("--{long} has no variable"));
        assert!(help.contains(&format!("--{long}")) && help.contains(variable), "--help does not tell --{long}");
    }
    assert!(help.contains("--config") && help.contains("DATABASE_URL_FILE"));
}
