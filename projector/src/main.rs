//! The projector on its own; `chatlog serve` runs it beside the other roles.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    projector::run(platform::settings::parse()).await
}
