//! What a verification found, for people and for programs.

use std::fmt;

use platform::terminal;
use serde::Serialize;

use crate::copy_encoder;
use crate::table::Table;

/// Characters shown of a long value, around the place where two differ.
const EXCERPT: usize = 48;

/// What was compared, and what differs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The generation looked at.
    pub generation: i32,
    pub events: u64,
    pub rows: u64,
    /// Rooms and people whose rows differ.
    pub keys_differing: u64,
    /// What differs, the first few; empty when nothing does.
    pub differences: Vec<RowDifference>,
}

impl Report {
    /// Whether the tables are what the log says.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.differences.is_empty()
    }
}

/// One difference between the log and the tables.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RowDifference {
    pub table: &'static str,
    /// The primary key: columns and values.
    pub key: Vec<(&'static str, String)>,
    #[serde(flatten)]
    pub finding: Finding,
    /// Up to where the log was folded.
    pub log: String,
}

/// In which way a row differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    /// The log has it, the table does not.
    Missing,
    /// The table has it, the log does not.
    Extra,
    /// Columns say something else.
    Changed { columns: Vec<ColumnDiffers> },
    /// A checkpoint that cannot be right.
    Checkpoint { problem: String },
    /// The rows of the key as a whole; a closer look found nothing any more.
    Rows { surplus: i64 },
}

/// A column that says something else than the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ColumnDiffers {
    pub column: &'static str,
    /// What follows from the log.
    pub expected: String,
    pub found: String,
}

impl RowDifference {
    /// A row that differs; one of the two may be absent.
    pub(crate) fn of_row(table: Table, expected: Option<&[u8]>, found: Option<&[u8]>, log: String) -> Self {
        let values = |row: Option<&[u8]>| {
            let fields = copy_encoder::fields(row.unwrap_or_default()).unwrap_or_default();
            let shown = table.columns().iter().zip(fields).map(|((_, kind), field)| copy_encoder::show(*kind, field));
            shown.collect::<Vec<_>>()
        };
        let names = table.columns().iter().map(|(name, _)| *name);
        let (theirs, ours) = (values(expected), values(found));
        let some = if ours.is_empty() { &theirs } else { &ours };
        let key = names.clone().take(table.key_columns()).zip(some.iter().cloned()).collect();
        let finding = match (expected, found) {
            (Some(_), Some(_)) => {
                let pairs = names.zip(theirs.into_iter().zip(ours));
                let differ = pairs.filter(|(_, (expected, found))| expected != found);
                let differ = differ.map(|(column, (expected, found))| ColumnDiffers { column, expected, found });
                Finding::Changed { columns: differ.collect() }
            }
            (Some(_), None) => Finding::Missing,
            (None, _) => Finding::Extra,
        };
        Self { table: table.name(), key, finding, log }
    }

    /// A checkpoint that cannot be right.
    pub(crate) fn of_checkpoint(place: String, problem: String) -> Self {
        let key = vec![("partition", place.clone())];
        Self { table: "checkpoints", key, finding: Finding::Checkpoint { problem }, log: place }
    }
}

impl fmt::Display for RowDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key: Vec<String> = self.key.iter().map(|(column, value)| format!("{column} {value}")).collect();
        write!(f, "{}, {}: ", self.table, key.join(", "))?;
        match &self.finding {
            Finding::Missing => write!(f, "the row is missing"),
            Finding::Extra => write!(f, "the row should not be there"),
            Finding::Checkpoint { problem } => return write!(f, "{problem}"),
            Finding::Rows { surplus } => write!(f, "its rows differ ({surplus:+} rows)"),
            Finding::Changed { columns } => {
                for ColumnDiffers { column, expected, found } in columns {
                    let (expected, found) = excerpts(expected, found);
                    write!(f, "\n  {column}\n    expected {expected}\n    found    {found}")?;
                }
                write!(f, "\n ")
            }
        }?;
        write!(f, " (by the log up to {})", self.log)
    }
}

/// Two values, cut to what is around the first character in which they differ.
fn excerpts(one: &str, other: &str) -> (String, String) {
    let same = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    (excerpt(one, same), excerpt(other, same))
}

fn excerpt(text: &str, around: usize) -> String {
    let begin = around.saturating_sub(EXCERPT / 2);
    let shown: String = text.chars().skip(begin).take(EXCERPT).map(terminal::harmless).collect();
    let before = if begin > 0 { "…" } else { "" };
    let after = if text.chars().count() > begin + EXCERPT { "…" } else { "" };
    format!("{before}{shown}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_are_shown_where_they_differ() {
        let one = format!("{}hello{}", "a".repeat(100), "z".repeat(100));
        let other = one.replace("hello", "hallo");
        let (one, other) = excerpts(&one, &other);
        assert!(one.contains("hello") && other.contains("hallo"), "{one} {other}");
        assert!(one.starts_with('…') && one.ends_with('…') && one.chars().count() <= EXCERPT + 2);
        assert_eq!(excerpts("a\u{1b}", "b"), ("a\u{fffd}".to_owned(), "b".to_owned()));
    }
}
