//! The last lines of an import: what was read, what came of it, and that it adds up.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use super::plan::Counts;

/// What an import did.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The room, or how many.
    pub title: String,
    pub counts: Counts,
    /// Lines in which bytes had to be replaced or taken out.
    pub repaired: u64,
    /// Messages of the plan that are in the room now.
    pub imported: u64,
    /// Messages that this run appended.
    pub new: u64,
    /// Messages of the plan that the log rejected, by reason.
    pub rejected: BTreeMap<String, u64>,
    /// From the first event to the last row.
    pub took: Duration,
}

impl Report {
    /// Messages of the plan that are neither in the room nor rejected.
    #[must_use]
    pub fn missing(&self) -> u64 {
        let rejected: u64 = self.rejected.values().sum();
        self.counts.messages.saturating_sub(self.imported + rejected)
    }

    /// Whether every message of the plan is in the room.
    #[must_use]
    pub fn complete(&self) -> bool {
        self.imported == self.counts.messages
    }

    /// The lines read, and what they were; both sides are equal.
    #[must_use]
    pub fn lines(&self) -> String {
        let Counts { lines, messages, joins, leaves, renames, skipped } = &self.counts;
        let total: u64 = skipped.values().sum();
        let mut text = format!(
            "{}: {lines} lines read = {messages} messages + {joins} joins + {leaves} leaves + {renames} renames + {total} \
             skipped",
            self.title
        );
        let reasons: Vec<String> = skipped.iter().map(|(skip, count)| format!("{} {count}", skip.as_str())).collect();
        if !reasons.is_empty() {
            let _ = write!(text, " ({})", reasons.join(", "));
        }
        if self.repaired > 0 {
            let _ = write!(text, "; {} lines were not clean UTF-8 and were repaired", self.repaired);
        }
        text
    }

    /// What came of it.
    #[must_use]
    pub fn outcome(&self) -> String {
        let mut text = format!("{} messages imported, {} new", self.imported, self.new);
        if self.new > 0 && !self.took.is_zero() {
            #[expect(clippy::cast_precision_loss, reason = "a rate to read")]
            let rate = self.new as f64 / self.took.as_secs_f64();
            let _ = write!(text, ", in {:.1} s ({rate:.0} messages/s)", self.took.as_secs_f64());
        }
        for (reason, count) in &self.rejected {
            let _ = write!(text, ", {count} rejected by the log ({reason})");
        }
        if self.missing() > 0 {
            let _ = write!(text, ", {} missing", self.missing());
        }
        text
    }

    /// Adds another room's report.
    pub fn merge(&mut self, other: Self) {
        self.counts.merge(&other.counts);
        self.repaired += other.repaired;
        self.imported += other.imported;
        self.new += other.new;
        self.took += other.took;
        for (reason, count) in other.rejected {
            *self.rejected.entry(reason).or_default() += count;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::irc::Skip;
    use super::*;

    #[test]
    fn the_last_line_says_all() {
        let counts = Counts {
            lines: 12,
            messages: 5,
            joins: 2,
            leaves: 1,
            renames: 1,
            skipped: BTreeMap::from([(Skip::Action, 2), (Skip::Empty, 1)]),
        };
        let mut report = Report {
            title: "room".to_owned(),
            counts,
            imported: 3,
            new: 2,
            rejected: BTreeMap::from([("room_archived".to_owned(), 1)]),
            took: Duration::from_millis(500),
            ..Report::default()
        };
        assert_eq!(
            report.lines(),
            "room: 12 lines read = 5 messages + 2 joins + 1 leaves + 1 renames + 3 skipped (action 2, empty text 1)"
        );
        assert_eq!(
            report.outcome(),
            "3 messages imported, 2 new, in 0.5 s (4 messages/s), 1 rejected by the log (room_archived), 1 missing"
        );
        report.merge(report.clone());
        assert!(report.counts.adds_up() && !report.complete());
        assert_eq!(report.missing(), 2);
    }
}
