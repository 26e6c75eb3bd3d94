//! Settings. clap is the one source of names, defaults and help; each setting can come from a flag, from the environment,
//! from a TOML file (its keys are the long flag names) or from its default, in this order. Whatever nobody knows is
//! refused, with the nearest name that somebody does.

mod groups;
mod secret;
mod sources;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

pub use groups::{
    CodeSettings, InternalSettings, KafkaSettings, LogFormat, PlatformSettings, PostgresSettings, RedisSettings,
    TelemetrySettings,
};
pub use secret::Secret;
pub use sources::SettingsError;

/// The exit code of bad settings (`EX_CONFIG` of sysexits.h).
pub const EXIT_BAD_SETTINGS: i32 = 78;

/// Reads the settings of this process, or ends it: with what was asked for (`--help`, `--version`), with a usage error,
/// or with [`EXIT_BAD_SETTINGS`] and the reason.
#[must_use]
pub fn parse<T: clap::Parser>() -> T {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    // Names and values that are not Unicode cannot be ours.
    let environment = std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
    let directory = std::env::current_dir().unwrap_or_default();
    match parse_from(&arguments, &environment.collect(), &directory) {
        Ok(settings) => settings,
        Err(error) => error.exit(),
    }
}

/// [`parse`] with everything it reads passed in.
pub fn parse_from<T: clap::Parser>(
    arguments: &[OsString],
    environment: &BTreeMap<String, String>,
    directory: &Path,
) -> Result<T, SettingsError> {
    let command = sources::prepare(T::command(), arguments, environment, directory)?;
    let matches = command.try_get_matches_from(arguments)?;
    Ok(T::from_arg_matches(&matches)?)
}
