//! Writes what follows from the event types: the documents in `docs/generated`, which are made anew each time, and the
//! golden records and published schemas in `tests/golden` and `tests/published`, which are written once and never again.

use std::path::Path;
use std::process::ExitCode;
use std::{fs, io};

#[path = "../tests/it/support/mod.rs"]
mod support;

use support::MANIFEST;

fn main() -> io::Result<ExitCode> {
    write_docs()?;
    freeze()
}

fn write(folder: &Path, path: &str, text: &str) -> io::Result<()> {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap_or(folder))?;
    fs::write(path, text)
}

fn write_docs() -> io::Result<()> {
    let folder = support::docs();
    let files = support::generated_docs();
    for (path, text) in &files {
        write(&folder, path, text)?;
    }
    // Other crates generate into the same folder; the schemas are ours alone.
    for stray in support::read_all(&folder.join("schemas"))?.keys() {
        if !files.contains_key(&format!("schemas/{stray}")) {
            fs::remove_file(folder.join("schemas").join(stray))?;
        }
    }
    Ok(())
}

fn freeze() -> io::Result<ExitCode> {
    let folder = support::frozen();
    let mut kept = support::read_frozen()?;
    if support::manifest(&kept) != support::read_manifest()? {
        complain(
            "files in tests/golden or tests/published were edited, added or removed by hand; put them back as they were",
        );
        return Ok(ExitCode::FAILURE);
    }
    let mut refused = Vec::new();
    for (path, text) in support::to_publish(&kept) {
        let breaks = support::breaks_published(&kept, &path, &text);
        if breaks.is_empty() {
            write(&folder, &path, &text)?;
            kept.insert(path, text);
        } else {
            refused.push(format!("{path} would break readers, give the event a new version: {}", breaks.join("; ")));
        }
    }
    for (path, text) in support::golden() {
        match kept.get(&path) {
            None => {
                write(&folder, &path, &text)?;
                kept.insert(path, text);
            }
            Some(before) if *before != text => refused.push(format!(
                "{path} would change: give the changed sample a name of its own, or the event a new version"
            )),
            Some(_) => {}
        }
    }
    write(&folder, MANIFEST, &support::manifest(&kept))?;
    for problem in &refused {
        complain(problem);
    }
    Ok(if refused.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[expect(clippy::print_stderr, reason = "a program for a developer's terminal")]
fn complain(problem: &str) {
    eprintln!("{problem}");
}
