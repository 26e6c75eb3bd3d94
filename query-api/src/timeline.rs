//! What happened in a room, rev by rev: arithmetic on rev and seq, no I/O.
//!
//! Posts have no row in `changes`: between two changes only posts happen, each with the next rev and the next seq. So the
//! seq of the post at rev R is `last_seq + (R − rev)` of the last change before it.

use std::ops::RangeInclusive;

use crate::store::changes::ChangeRow;

/// What happened at a rev.
#[derive(Clone, Copy, Debug)]
pub enum Happening<'a> {
    /// The message with this seq was posted.
    Post(i64),
    Change(&'a ChangeRow),
}

/// The revs after one and up to another.
#[derive(Clone, Copy, Debug)]
pub struct Timeline<'a> {
    rows: &'a [ChangeRow],
    /// Rev and seq of the last change before the first rev.
    base: (i64, i64),
    revs: (i64, i64),
}

impl<'a> Timeline<'a> {
    /// `rows` are the changes of these revs, in order, after the last one before them.
    #[must_use]
    pub fn new(rows: &'a [ChangeRow], after: i64, to: i64) -> Self {
        let known = rows.partition_point(|row| row.rev <= after);
        let base = rows[..known].last().map_or((0, 0), |row| (row.rev, row.last_seq));
        Self { rows: &rows[known..], base, revs: (after, to) }
    }

    /// Each rev once, in order, and what happened.
    pub fn revs(self) -> impl Iterator<Item = (i64, Happening<'a>)> {
        let (mut rows, (mut base_rev, mut base_seq)) = (self.rows.iter().peekable(), self.base);
        (self.revs.0 + 1..=self.revs.1).map(move |rev| match rows.next_if(|row| row.rev == rev) {
            Some(row) => {
                (base_rev, base_seq) = (row.rev, row.last_seq);
                (rev, Happening::Change(row))
            }
            None => (rev, Happening::Post(base_seq + rev - base_rev)),
        })
    }

    /// The messages posted: a closed range of seq.
    #[must_use]
    pub fn posts(self) -> Option<RangeInclusive<i64>> {
        let mut posts = self.revs().filter_map(|(_, happening)| match happening {
            Happening::Post(seq) => Some(seq),
            Happening::Change(_) => None,
        });
        let first = posts.next()?;
        Some(first..=posts.last().unwrap_or(first))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    proptest! {
        #[test]
        fn every_rev_is_told_as_it_was(posts in proptest::collection::vec(any::<bool>(), 0..60), from in 0_usize..60, count in 0_usize..60) {
            // A room in which these things happened one after another, the first of them its creation.
            let mut told = vec![None];
            let mut rows = Vec::new();
            let mut seq = 0;
            rows.push(ChangeRow { rev: 1, kind: "room.created".into(), subject_id: Uuid::nil(), last_seq: 0 });
            for is_post in posts {
                let rev = i64::try_from(told.len()).expect("few") + 1;
                if is_post {
                    seq += 1;
                    told.push(Some(seq));
                } else {
                    rows.push(ChangeRow { rev, kind: "message.edited".into(), subject_id: Uuid::nil(), last_seq: seq });
                    told.push(None);
                }
            }
            let after = from.min(told.len());
            let to = (after + count).min(told.len());
            let (after_rev, to_rev) = (i64::try_from(after).expect("few"), i64::try_from(to).expect("few"));
            // What the statement reads.
            let last_before = rows.iter().filter(|row| row.rev <= after_rev).count().saturating_sub(1);
            let read: Vec<ChangeRow> = rows[last_before..].iter().filter(|row| row.rev <= to_rev).cloned().collect();

            let timeline = Timeline::new(&read, after_rev, to_rev);
            let seen: Vec<_> = timeline.revs().map(|(rev, happening)| (rev, match happening {
                Happening::Post(seq) => Some(seq),
                Happening::Change(row) => { assert_eq!(row.rev, rev); None }
            })).collect();
            let expected: Vec<_> = (after_rev + 1..).zip(told[after..to].iter().copied()).collect();
            prop_assert_eq!(&seen, &expected);
            let posted: Vec<i64> = expected.iter().filter_map(|(_, seq)| *seq).collect();
            prop_assert_eq!(timeline.posts().map_or_else(Vec::new, Iterator::collect), posted);
        }
    }
}
