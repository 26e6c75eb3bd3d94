//! `chatlog`: settings, runtime, telemetry, and what was asked for; the rest is in the library.

use std::io;
use std::process::ExitCode;

use chatlog::cli::Cli;
use chatlog::{Exit, output};
use platform::settings::{EXIT_BAD_SETTINGS, parse};
use platform::telemetry;

fn main() -> ExitCode {
    let cli: Cli = parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.into(), 1),
    };
    runtime.block_on(async {
        // Lives until the end of this block: what it still holds is sent even after an error.
        let _telemetry = match telemetry::init(&cli.command.telemetry(), "chatlog") {
            Ok(guard) => guard,
            Err(error) => return fail(&error.into(), EXIT_BAD_SETTINGS),
        };
        match chatlog::run(&cli.command).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) if reader_is_gone(&error) => ExitCode::SUCCESS,
            Err(error) => match error.downcast_ref() {
                Some(Exit(code)) => ExitCode::from(*code),
                None => fail(&error, 1),
            },
        }
    })
}

/// `chatlog … | head` is no failure.
fn reader_is_gone(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn fail(error: &anyhow::Error, code: i32) -> ExitCode {
    output::note(format_args!("error: {error:#}"));
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
