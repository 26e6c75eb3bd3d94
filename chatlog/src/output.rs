//! Where the program speaks: results on standard output, what accompanies them on standard error. Nothing else prints.

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};

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

/// A table, its columns as wide as they need to be.
#[must_use]
pub fn table(rows: &[Vec<String>]) -> String {
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
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [vec!["TOPIC".to_owned(), "N".to_owned()], vec!["a".to_owned(), "10".to_owned()]];
        assert_eq!(super::table(&rows), "TOPIC  N\na      10");
    }
}
