//! The guide for frontend developers, run from top to bottom: its samples as one module, what they print as it says.

use std::process::Stdio;
use std::time::Duration;

use test_support::System;
use test_support::servers::repository;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

const PATIENCE: Duration = Duration::from_mins(2);
/// Printed between the samples.
const MARK: &str = "=== sample ";

/// A sample, and what it prints.
#[derive(Debug)]
struct Sample {
    line: usize,
    code: String,
    prints: String,
}

/// Fenced blocks of a page: their language, their first line, their text.
fn blocks(page: &str) -> Vec<(String, usize, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, usize, String)> = None;
    for (number, line) in page.lines().enumerate() {
        match (line.strip_prefix("```"), open.take()) {
            (Some(language), None) => open = Some((language.to_owned(), number + 2, String::new())),
            (Some(_), Some(block)) => blocks.push(block),
            (None, Some((language, first, text))) => open = Some((language, first, text + line + "\n")),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block does not end");
    blocks
}

/// The samples; a `text` block is what the one before it prints.
fn samples(page: &str) -> Vec<Sample> {
    let mut samples: Vec<Sample> = Vec::new();
    for (language, line, text) in blocks(page) {
        match (language.as_str(), samples.last_mut()) {
            ("js", _) => samples.push(Sample { line, code: text, prints: String::new() }),
            ("text", Some(last)) if last.prints.is_empty() => last.prints = text,
            (other, _) => panic!("line {line}: nobody runs a block of {other:?} here"),
        }
    }
    samples
}

/// One module of all samples, each of which says first that it begins.
fn module(samples: &[Sample]) -> String {
    let begun = |(n, sample): (usize, &Sample)| format!("console.log(\"{MARK}{n}\");\n{}", sample.code);
    samples.iter().enumerate().map(begun).collect()
}

async fn run(code: &str, api: &str) -> (bool, String, String) {
    let mut node = Command::new("node")
        .args(["--input-type=module", "-"])
        .env("API", api)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("node is in PATH; ./dev test puts one there");
    node.stdin.take().expect("its input").write_all(code.as_bytes()).await.expect("the samples are taken");
    let output = tokio::time::timeout(PATIENCE, node.wait_with_output()).await.expect("an end").expect("an output");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

#[tokio::test]
async fn every_sample_of_the_guide_prints_what_it_says() {
    let page = std::fs::read_to_string(repository().join("docs/frontend.md")).expect("the guide");
    let samples = samples(&page);
    assert!(samples.len() > 5, "{samples:?}");
    let system = System::shared().await;
    let (ended_well, printed, complaint) = run(&module(&samples), &system.replica(0).url()).await;
    let mut parts = printed.split(MARK).skip(1);
    for sample in &samples {
        let part =
            parts.next().unwrap_or_else(|| panic!("the sample at line {} never began\n{complaint}", sample.line));
        let said = part.split_once('\n').map_or("", |(_, said)| said);
        assert_eq!(said, sample.prints, "what the sample at line {} prints\n{complaint}", sample.line);
    }
    assert!(ended_well, "{complaint}");
}
