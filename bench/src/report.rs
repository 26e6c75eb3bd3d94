//! What was measured, beside its limit, as a table.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};

/// The rows so far.
#[derive(Default)]
pub struct Report {
    rows: Vec<[String; 4]>,
}

/// A line for whoever waits.
#[expect(clippy::print_stderr, reason = "progress of a program that people run")]
pub fn progress(line: &str) {
    eprintln!("  {line}");
}

impl Report {
    /// A figure, what it is compared with, and what the budget wants.
    pub fn row(&mut self, what: impl Into<String>, figure: String, rebuild_under_load: String, budget: &str) {
        let row = [what.into(), figure, rebuild_under_load, budget.to_owned()];
        progress(&format!("{}: {} ({}; budget: {})", row[0], row[1], row[2], row[3]));
        self.rows.push(row);
    }

    /// Prints the table and writes it to a file.
    #[expect(clippy::print_stdout, reason = "the report is what this program is for")]
    pub fn finish(&self, path: &Path) -> Result<()> {
        let mut table =
            String::from("| what | figure | rebuild_under_load it, in the same run | budget |\n|---|---|---|---|\n");
        for [what, figure, rebuild_under_load, budget] in &self.rows {
            writeln!(table, "| {what} | {figure} | {rebuild_under_load} | {budget} |")?;
        }
        println!("\n{table}");
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, table).with_context(|| format!("writing {}", path.display()))
    }
}

/// Milliseconds with two digits.
pub fn ms(seconds: f64) -> String {
    format!("{:.2} ms", seconds * 1000.0)
}

/// A rate without digits that mean nothing.
pub fn rate(count: f64, seconds: f64) -> String {
    format!("{:.0}/s", count / seconds)
}
