//! Rows by key, of which only eight bytes each are in memory: a part of the key's hash and the row's place on a tape.
//!
//! Ten million rows take some 150 MiB. The key stands before each row on the tape, where keys that share the part of the hash
//! are told apart: of five million, one look in eight hundred reads another's key.

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::Path;

use hashbrown::HashTable;

use crate::append_file::AppendFile;

/// A table that grows copies itself; of many small ones, one at a time does.
const SHARDS: usize = 64;
/// Bits of a place: tapes of up to 256 GiB.
const PLACE_BITS: u32 = 38;
/// Bits of the hash beside it.
const MARK: u64 = u64::MAX >> PLACE_BITS;

/// The newest row of each key of `K` bytes.
#[derive(Debug)]
pub(crate) struct Spill<const K: usize> {
    tape: AppendFile,
    hash: RandomState,
    places: Vec<HashTable<Entry>>,
}

/// What is in memory of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry(u64);

impl Entry {
    fn new(mark: u64, place: u64) -> io::Result<Self> {
        if place >> PLACE_BITS > 0 {
            return Err(io::Error::other("a tape of more than 256 GiB"));
        }
        Ok(Self(mark << PLACE_BITS | place))
    }

    fn mark(self) -> u64 {
        self.0 >> PLACE_BITS
    }

    fn place(self) -> u64 {
        self.0 & (u64::MAX >> (u64::BITS - PLACE_BITS))
    }

    /// The hash by which its table knows it: all bits of it follow from the mark, because nothing else is there when the
    /// table grows. The multiplier is 2⁶⁴ divided by the golden ratio (Knuth, TAOCP 3, 6.4).
    fn hash_of(mark: u64) -> u64 {
        mark.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

impl<const K: usize> Spill<K> {
    /// No rows; the tape will lie in this folder.
    pub(crate) fn new(folder: &Path) -> Self {
        let places = (0..SHARDS).map(|_| HashTable::new()).collect();
        Self { tape: AppendFile::new(folder), hash: RandomState::new(), places }
    }

    /// The shard of a key, and its mark there.
    fn where_is(&self, key: &[u8; K]) -> (usize, u64) {
        let hash = self.hash.hash_one(key);
        (usize::try_from(hash >> 58).unwrap_or(0) % SHARDS, hash & MARK)
    }

    /// The row of a key, and what is in memory of it.
    fn find(&self, key: &[u8; K]) -> io::Result<Option<(Entry, Vec<u8>)>> {
        let (shard, mark) = self.where_is(key);
        let mut read = Ok(None);
        let found = self.places[shard].find(Entry::hash_of(mark), |entry| {
            if entry.mark() != mark {
                return false;
            }
            read = self.row_at(entry.place(), key);
            // What cannot be read ends the search, too.
            !matches!(read, Ok(None))
        });
        let row = read?;
        Ok(found.copied().zip(row))
    }

    /// The row at a place, if it is this key's.
    fn row_at(&self, place: u64, key: &[u8; K]) -> io::Result<Option<Vec<u8>>> {
        let mut record = self.tape.read(place)?;
        Ok(record.starts_with(key).then(|| record.split_off(K)))
    }

    /// The row of a key.
    pub(crate) fn get(&self, key: &[u8; K]) -> io::Result<Option<Vec<u8>>> {
        Ok(self.find(key)?.map(|(_, row)| row))
    }

    /// Writes the row of a key, instead of an earlier one.
    pub(crate) fn put(&mut self, key: &[u8; K], row: &[u8]) -> io::Result<()> {
        self.remove(key)?;
        let (shard, mark) = self.where_is(key);
        let entry = Entry::new(mark, self.tape.append(&[key, row])?)?;
        self.places[shard].insert_unique(Entry::hash_of(mark), entry, |entry| Entry::hash_of(entry.mark()));
        Ok(())
    }

    /// Removes the row of a key.
    pub(crate) fn remove(&mut self, key: &[u8; K]) -> io::Result<()> {
        let Some((entry, _)) = self.find(key)? else { return Ok(()) };
        let (shard, mark) = self.where_is(key);
        if let Ok(held) = self.places[shard].find_entry(Entry::hash_of(mark), |held| *held == entry) {
            held.remove();
        }
        Ok(())
    }

    /// The newest row of every key, in the order of their writing.
    pub(crate) fn each<E: From<io::Error>>(&self, mut each: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        let mut records = self.tape.records();
        while let Some((place, record)) = records.next()? {
            let (key, row) = record.split_first_chunk::<K>().ok_or(io::Error::from(io::ErrorKind::InvalidData))?;
            let (shard, mark) = self.where_is(key);
            let entry = Entry::new(mark, place)?;
            if self.places[shard].find(Entry::hash_of(mark), |held| *held == entry).is_some() {
                each(row)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_row_of_a_key_counts() {
        let mut spill = Spill::<2>::new(&std::env::temp_dir());
        for (key, row) in [(b"aa", "1"), (b"bb", "2"), (b"aa", "3"), (b"cc", "4")] {
            spill.put(key, row.as_bytes()).expect("written");
        }
        spill.remove(b"cc").expect("removed");
        assert_eq!(spill.get(b"aa").expect("readable").as_deref(), Some(b"3".as_slice()));
        assert_eq!(spill.get(b"cc").expect("readable"), None);
        let mut all = Vec::new();
        let each = spill.each(|row| {
            all.push(row.to_vec());
            Ok::<_, io::Error>(())
        });
        each.expect("readable");
        assert_eq!(all, [b"2", b"3"]);
    }

    #[test]
    fn keys_with_the_same_mark_are_told_apart() {
        let mut spill = Spill::<2>::new(&std::env::temp_dir());
        spill.put(b"aa", b"1").expect("written");
        // As if `zz` had the mark of `aa`.
        let ((shard, mark), (aa, _)) = (spill.where_is(b"zz"), spill.find(b"aa").expect("readable").expect("there"));
        let same = Entry::new(mark, aa.place()).expect("a short tape");
        spill.places[shard].insert_unique(Entry::hash_of(mark), same, |entry| Entry::hash_of(entry.mark()));
        assert_eq!(spill.get(b"zz").expect("readable"), None);
        spill.put(b"zz", b"2").expect("written");
        assert_eq!(spill.get(b"zz").expect("readable").as_deref(), Some(b"2".as_slice()));
        assert_eq!(spill.get(b"aa").expect("readable").as_deref(), Some(b"1".as_slice()));
        spill.remove(b"zz").expect("removed");
        assert_eq!(spill.get(b"zz").expect("readable"), None);
        assert_eq!(spill.get(b"aa").expect("readable").as_deref(), Some(b"1".as_slice()));
    }

    #[test]
    fn a_place_and_a_mark_have_room_in_one_entry() {
        let (mark, place) = (MARK, (1 << PLACE_BITS) - 1);
        let entry = Entry::new(mark, place).expect("in range");
        assert_eq!((entry.mark(), entry.place()), (mark, place));
        assert!(Entry::new(mark, place + 1).is_err());
    }
}
