//! The mailer on its own; `chatlog serve` runs it beside the other roles.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    mailer::run(platform::settings::parse()).await
}
