//! Comparing tables without an order: of each table and key, how many rows there are and the sum of their hashes.

use std::borrow::Cow;
use std::collections::HashMap;

use uuid::Uuid;

use super::table::Table;
use crate::copy_encoder::{self, Kind};

/// Found less expected; what agrees is nothing.
#[derive(Debug, Default)]
pub(crate) struct Sums(HashMap<(Table, Uuid), Sum>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    rows: i64,
    hashes: u128,
}

impl Sums {
    /// A row is in the tables.
    pub(crate) fn found(&mut self, table: Table, row: &[u8]) {
        self.change(table, row, |sum, hash| {
            sum.rows += 1;
            sum.hashes = sum.hashes.wrapping_add(hash);
        });
    }

    /// A row follows from the log.
    pub(crate) fn expected(&mut self, table: Table, row: &[u8]) {
        self.change(table, row, |sum, hash| {
            sum.rows -= 1;
            sum.hashes = sum.hashes.wrapping_sub(hash);
        });
    }

    fn change(&mut self, table: Table, row: &[u8], change: impl FnOnce(&mut Sum, u128)) {
        let sum = self.0.entry((table, key_of(row))).or_default();
        change(sum, hash(table, row));
    }

    /// Adds what was counted apart, and empties it.
    pub(crate) fn merge(&mut self, apart: &mut Self) {
        for (place, more) in apart.0.drain() {
            let sum = self.0.entry(place).or_default();
            sum.rows += more.rows;
            sum.hashes = sum.hashes.wrapping_add(more.hashes);
        }
    }

    /// Tables and keys that are counted.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn shrink(&mut self) {
        self.0.retain(|_, sum| *sum != Sum::default());
        self.0.shrink_to_fit();
    }

    /// Tables and keys whose rows differ, and by how many rows, in order.
    pub(crate) fn differing(&self) -> Vec<(Table, Uuid, i64)> {
        let differing = self.0.iter().filter(|(_, sum)| **sum != Sum::default());
        let mut differing: Vec<_> = differing.map(|((table, key), sum)| (*table, *key, sum.rows)).collect();
        differing.sort_unstable();
        differing
    }
}

pub(crate) fn key_of(row: &[u8]) -> Uuid {
    row.get(6..22).and_then(|key| Uuid::from_slice(key).ok()).unwrap_or_default()
}

/// A hash of a row's meaning.
pub(crate) fn hash(table: Table, row: &[u8]) -> u128 {
    let hash = blake3::hash(&comparable(table, row));
    hash.as_bytes().first_chunk().map_or(0, |bytes| u128::from_be_bytes(*bytes))
}

/// The row with JSON in one form: Postgres keeps it in another than it was given in.
pub(crate) fn comparable(table: Table, row: &[u8]) -> Cow<'_, [u8]> {
    let columns = table.columns();
    if columns.iter().all(|(_, kind)| *kind != Kind::Json) {
        return Cow::Borrowed(row);
    }
    let Some(fields) = copy_encoder::fields(row) else { return Cow::Borrowed(row) };
    let shown = columns.iter().zip(fields).map(|((_, kind), field)| copy_encoder::show(*kind, field));
    Cow::Owned(shown.collect::<Vec<_>>().join("\0").into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::copy_encoder::CopyTuple;

    fn receipt(room: u128, user: u128, seq: i64) -> Vec<u8> {
        let mut row = Vec::new();
        CopyTuple::of(&mut row, 3).uuid(Uuid::from_u128(room)).uuid(Uuid::from_u128(user)).bigint(seq);
        row
    }

    #[test]
    fn what_is_counted_apart_counts_the_same() {
        let (mut sums, mut apart, table) = (Sums::default(), Sums::default(), Table::Receipts);
        for room in 1..=20 {
            sums.found(table, &receipt(room, 1, 5));
            apart.expected(table, &receipt(room, 1, if room == 7 { 6 } else { 5 }));
        }
        apart.expected(table, &receipt(30, 1, 1));
        sums.merge(&mut apart);
        assert_eq!((sums.len(), apart.len()), (21, 0));
        sums.shrink();
        assert_eq!(sums.differing(), [(table, Uuid::from_u128(7), 0), (table, Uuid::from_u128(30), -1)]);
    }

    #[test]
    fn what_agrees_is_nothing_and_what_is_swapped_is_not() {
        let mut sums = Sums::default();
        let table = Table::Receipts;
        for row in &[receipt(1, 1, 5), receipt(1, 2, 6), receipt(2, 1, 7)] {
            sums.found(table, row);
        }
        for row in &[receipt(2, 1, 7), receipt(1, 2, 5), receipt(1, 1, 6)] {
            sums.expected(table, row);
        }
        assert_eq!(sums.differing(), [(table, Uuid::from_u128(1), 0)]);
        sums.found(table, &receipt(1, 2, 5));
        sums.shrink();
        assert_eq!(sums.differing(), [(table, Uuid::from_u128(1), 1)]);
    }
}
