//! `chatlog openapi`: the document of the whole API, without starting anything. It is committed as
//! `docs/generated/openapi.json`, from which clients' types are made.

use api_kit::documented;
use clap::Args;
use utoipa::openapi::{Info, OpenApi, Paths};

use crate::args::LogArgs;
use crate::output;

/// For the help.
pub const EXAMPLES: &str = "\
Examples:
  chatlog openapi > docs/generated/openapi.json     after a change of the API
  chatlog openapi | jq '.paths | keys'              what there is";

/// Settings of `openapi`.
#[derive(Args, Debug)]
pub struct OpenapiArgs {
    /// Its own log lines.
    #[command(flatten)]
    pub log: LogArgs,
}

/// Prints the document.
pub fn run() -> anyhow::Result<()> {
    output::line(rendered()?.trim_end())?;
    Ok(())
}

/// The document as it is committed.
pub fn rendered() -> serde_json::Result<String> {
    Ok(serde_json::to_string_pretty(&document())? + "\n")
}

/// The document of all roles that have routes.
#[must_use]
pub fn document() -> OpenApi {
    let mut document = empty();
    document.merge(command_api::document());
    document.merge(query_api::document());
    document.merge(replay::routes::document());
    documented::with_cookies(&mut document);
    document
}

/// What the document says beside the routes of the roles.
#[must_use]
pub fn empty() -> OpenApi {
    let mut info = Info::new("Chatlog", env!("CARGO_PKG_VERSION"));
    info.description = Some(
        "A chat platform whose log is the truth. Commands answer 202 once the log has them, with a `position`; give it \
         to a query as `at_least` to read your own writes. Errors are problems (RFC 9457)."
            .to_owned(),
    );
    OpenApi::new(info, Paths::new())
}
