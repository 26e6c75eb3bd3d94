//! The API as a contract: its document is committed as it is today, and may not break what was published.

mod compare;
mod comparing;

use std::path::Path;

use serde_json::Value;

/// The document as it is today, for clients and generators; made by `chatlog openapi`.
const TODAY: &str = "../docs/generated/openapi.json";
/// The document that clients were promised.
const PUBLISHED: &str = "tests/published/openapi.json";

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_committed_document_is_todays() {
    assert!(
        read(TODAY) == chatlog::openapi::rendered().expect("a document"),
        "the API has changed: cargo run -p chatlog -- openapi > docs/generated/openapi.json, and commit it"
    );
}

#[test]
fn nothing_that_was_published_is_broken() {
    let published: Value = serde_json::from_str(&read(PUBLISHED)).expect("JSON");
    let today = serde_json::to_value(chatlog::openapi::document()).expect("a document");
    let breaks = compare::breaks(&published, &today);
    assert!(
        breaks.is_empty(),
        "clients of the published API would break:\n  {}\nWhere no client can have relied on it, publish today's \
         document (cp docs/generated/openapi.json chatlog/{PUBLISHED}) and say so in CHANGELOG.md.",
        breaks.join("\n  ")
    );
}
