//! The mailer on its own; `chatlog serve` runs it beside the other roles.

use std::process::ExitCode;

use platform::settings::{EXIT_BAD_SETTINGS, parse};
use platform::telemetry;

#[tokio::main]
async fn main() -> ExitCode {
    let program: mailer::Program = parse();
    // Lives until the end: what it still holds is sent even after an error.
    let _telemetry = match telemetry::init(&program.platform.telemetry, "chatlog-mailer") {
        Ok(guard) => guard,
        Err(error) => return fail(&error, EXIT_BAD_SETTINGS),
    };
    match mailer::run(&program).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error @ mailer::RunError::Settings(_)) => fail(&error, EXIT_BAD_SETTINGS),
        Err(error) => fail(&error, 1),
    }
}

#[expect(clippy::print_stderr, reason = "the last word of a process goes where people look")]
fn fail(error: &dyn std::error::Error, code: i32) -> ExitCode {
    eprintln!("error: {error}");
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
