//! Where the program speaks: results on standard output, what accompanies them on standard error. Nothing else prints.

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};

use event_schema::Timestamp;
use platform::terminal::visible;
use serde_json::Value;

/// Prints a line of the result. A reader that has gone away (`chatlog events tail | head`) is an error of kind
/// [`io::ErrorKind::BrokenPipe`]: the caller stops, and nothing is wrong.
pub fn line(text: impl Display) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{text}")
}

/// Says something that is not part of the result. It is not worth failing for.
pub fn note(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Whether somebody watches standard error.
#[must_use]
pub fn watched() -> bool {
    io::stderr().is_terminal()
}

/// A time for people, to the second, in the form that flags such as `--from` take.
#[must_use]
pub fn time(at: impl Into<Timestamp>) -> String {
    at.into().to_datetime().to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// A list as people or programs want it: a table in the end, or a JSON object a line, as items come.
pub struct List<T> {
    /// The head and the rows so far; none where it is JSON.
    rows: Option<Vec<Vec<String>>>,
    described: fn(&T) -> Value,
    cells: fn(&T) -> Vec<String>,
}

impl<T> List<T> {
    /// Begins: `described` makes an item's object, `cells` its row under `head`.
    #[must_use]
    pub fn new(json: bool, head: &[&str], described: fn(&T) -> Value, cells: fn(&T) -> Vec<String>) -> Self {
        let head = || vec![head.iter().map(|&name| name.to_owned()).collect()];
        Self { rows: (!json).then(head), described, cells }
    }

    pub fn add(&mut self, items: &[T]) -> io::Result<()> {
        match &mut self.rows {
            None => items.iter().try_for_each(|item| line((self.described)(item))),
            Some(rows) => {
                rows.extend(items.iter().map(self.cells));
                Ok(())
            }
        }
    }

    /// Prints what is left to print. A table without rows is no result: `nothing` says so beside it.
    pub fn end(self, nothing: impl Display) -> io::Result<()> {
        match self.rows {
            None => {}
            Some(rows) if rows.len() > 1 => line(table(&rows))?,
            Some(_) => note(nothing),
        }
        Ok(())
    }
}

/// A table, its columns as wide as they need to be.
#[must_use]
pub fn table(rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| visible(cell)).collect()).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_cell_moves_the_cursor() {
        let rows = [vec!["NAME".to_owned()], vec!["a\u{1b}[2Jb\n".to_owned()]];
        assert_eq!(super::table(&rows), "NAME\na\u{fffd}[2Jb\u{fffd}");
    }

    #[test]
    fn times_are_what_flags_take() {
        let at: event_schema::Timestamp = "2026-01-31T12:00:00.25Z".parse().expect("a time");
        assert_eq!(super::time(at), "2026-01-31T12:00:00Z");
        assert!(crate::folding::time(&super::time(at)).is_ok());
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [vec!["TOPIC".to_owned(), "N".to_owned()], vec!["a".to_owned(), "10".to_owned()]];
        assert_eq!(super::table(&rows), "TOPIC  N\na      10");
    }
}
