//! Schemathesis over the whole API: requests made from the platform's own document, against a platform of its own, as a
//! member of real rooms. `./dev test` runs it; `target/debug/schemathesis ARGUMENTS` gives its arguments to Schemathesis.
#![expect(clippy::print_stdout, reason = "a program that reports to a terminal")]

use std::collections::BTreeSet;
use std::process::{Command, ExitCode};

use serde_json::{Value, json};
use test_support::servers::repository;
use test_support::{Api, Document, Instance, Person};

/// As `./dev test` installs it.
const PROGRAM: &str = ".local/tools/schemathesis/bin/schemathesis";
/// Its settings and hooks.
const FOLDER: &str = "deploy/local/schemathesis";

#[tokio::main]
async fn main() -> ExitCode {
    let program = repository().join(PROGRAM);
    assert!(program.exists(), "{} is missing; ./dev test installs it", program.display());
    let mut instance = Instance::on_given_servers().await;
    // It says many a wrong password in the same name.
    instance.program = instance.program.clone().with("CHATLOG_RATE_FAILED_LOG_INS", "off");
    let process = instance.serve("platform", &[]).await;
    let api = Api::new(process.url());
    let owner = Person::sign_up(&api, "owner").await;
    let facts = facts(&api, &owner).await;
    let folder = repository().join(FOLDER);
    let (report, taken) = (instance.logs.path().join("report.json"), instance.logs.path().join("taken.json"));
    let status = Command::new(program)
        .current_dir(instance.logs.path())
        .arg("--config-file")
        .arg(folder.join("schemathesis.toml"))
        .args(["run", &format!("{}/openapi.json", process.url())])
        .args(["--report", "json", "--report-json-path"])
        .arg(&report)
        .args(std::env::args().skip(1))
        .env("PYTHONPATH", &folder)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("SCHEMATHESIS_HOOKS", "hooks")
        .env("CHATLOG_FACTS", facts.to_string())
        .env("CHATLOG_TAKEN", &taken)
        .env("CHATLOG_TOKEN", &owner.token)
        .env("CHATLOG_ENDING_TOKEN", &Person::sign_up(&api, "leaver").await.token)
        .status()
        .expect("Schemathesis starts");
    let faults: Vec<_> = process.log().lines().filter(|line| line.contains("ERROR")).map(str::to_owned).collect();
    for fault in &faults {
        println!("the platform's log: {fault}");
    }
    let read = |path| {
        let text = std::fs::read_to_string(path).expect("what Schemathesis wrote");
        serde_json::from_str(&text).expect("JSON")
    };
    let unreached = summary(&read(report), &read(taken));
    if status.success() && faults.is_empty() && !unreached { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Prints what was done, and whether operations of rooms were never taken: their cases would have tried nothing but
/// refusals.
fn summary(report: &Value, taken: &Value) -> bool {
    let failures = report["failures"].as_array().expect("failures");
    let failed: BTreeSet<&str> = failures
        .iter()
        .filter_map(|failure| failure["operations"].as_array())
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let (mut accepted, mut answered, mut unreached) = (0, 0, Vec::new());
    let rates = report["valid_rates"].as_object().expect("rates");
    for (operation, phases) in rates {
        let count =
            |of: &str| phases.as_object().into_iter().flatten().filter_map(|(_, n)| n[of].as_u64()).sum::<u64>();
        accepted += count("accepted");
        answered += count("accepted") + count("unreachable") + count("conflicts") + count("rejected");
        // What administrators do is refused to the member in whose name this is done.
        if taken[operation.as_str()].is_null() && operation.contains("{room}") && !operation.contains("/v1/admin/") {
            unreached.push(operation);
        }
    }
    let operations = report["operations"]["total"].as_u64().unwrap_or(0);
    let cases = &report["test_cases"]["generated"];
    println!(
        "Schemathesis: {cases} cases of {operations} operations; of {answered} well-formed requests {accepted} were taken; \
         {} operations with failures",
        failed.len()
    );
    if !unreached.is_empty() {
        println!("never taken: {unreached:?}");
    }
    let failed = failed.len() as u64;
    println!("counted: {} passed, {failed} failed, 0 skipped", operations.saturating_sub(failed));
    !unreached.is_empty()
}

/// What the hooks put into requests: for each operation a room of its own, so that none takes another's away, with people
/// and messages in it.
async fn facts(api: &Api, owner: &Person) -> Value {
    let (member, outsider) = (Person::sign_up(api, "member").await, Person::sign_up(api, "outsider").await);
    let mut rooms = serde_json::Map::new();
    for operation in Document::of(api).await.operations() {
        let room = owner.channel("Schemathesis").await;
        let _ = member.join(&room).await.expect(202);
        let texts: Vec<String> = (0..20).map(|n| format!("message {n}")).collect();
        let (messages, position) = owner.say_all(&room, &texts).await;
        let page = owner.page(&room, &[("limit", "5"), ("at_least", &position)]).await;
        let facts = json!({"room": room.id, "messages": messages, "position": position, "cursor": page.next});
        rooms.insert(operation.name(), facts);
    }
    json!({"rooms": rooms, "users": [member.id, outsider.id, owner.id]})
}
