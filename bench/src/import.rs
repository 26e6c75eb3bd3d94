//! `chatlog import irc`, twice: the second time nothing is new.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Result, ensure};

use crate::Options;
use crate::report::Report;
use crate::stack::Stack;

/// Imports the given logs, or made-up ones, and then the same again.
pub fn run(stack: &Stack, options: &Options, report: &mut Report) -> Result<()> {
    let made = tempfile_folder();
    let path = if let Some(path) = &options.irc {
        path.clone()
    } else {
        make_logs(&made)?;
        made.clone()
    };
    for turn in ["first time", "again"] {
        let begin = Instant::now();
        let output = stack.command(&["import", "irc", "--room", "bench import"]).arg(&path).output()?;
        let seconds = begin.elapsed().as_secs_f64();
        ensure!(output.status.success(), "import failed: {}", String::from_utf8_lossy(&output.stderr));
        let out = String::from_utf8_lossy(&output.stdout);
        let last = out.lines().last().unwrap_or_default().to_owned();
        report.row(format!("import, {turn}"), format!("{seconds:.1} s"), last, "none");
    }
    if made.exists() {
        std::fs::remove_dir_all(&made)?;
    }
    Ok(())
}

fn tempfile_folder() -> PathBuf {
    std::env::temp_dir().join(format!("chatlog-bench-import-{}", std::process::id()))
}

/// 60 days, 1,440 lines a day, 200 nicknames.
fn make_logs(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    for day in 0..60 {
        let mut log = String::new();
        for minute in 0..1440 {
            let nick = (minute * 7 + day) % 200;
            let line = format!("[{:02}:{:02}] <nick{nick}> line {minute} of day {day}\n", minute / 60, minute % 60);
            log.push_str(&line);
        }
        let name = format!("2020-{:02}-{:02}.log", day / 28 + 1, day % 28 + 1);
        std::fs::write(folder.join(name), log)?;
    }
    Ok(())
}
