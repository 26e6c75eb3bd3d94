//! Rows by key, of which only a few bytes each are in memory: a hash and the row's place on a tape.
//!
//! Ten million rows take some 300 MiB. The key stands before each row on the tape, so that two keys with the same hash are
//! told apart.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};
use std::io;
use std::path::Path;

use super::tape::Tape;

/// A map that grows copies itself; of many small ones, one at a time does.
const SHARDS: usize = 64;

/// The newest row of each key of `K` bytes.
#[derive(Debug)]
pub(crate) struct Spill<const K: usize> {
    tape: Tape,
    hash: RandomState,
    places: Vec<HashMap<u64, u64, BuildHasherDefault<AsItIs>>>,
    /// Keys whose hash belongs to another one.
    others: HashMap<[u8; K], u64>,
}

impl<const K: usize> Spill<K> {
    /// No rows; the tape will lie in this folder.
    pub(crate) fn new(folder: &Path) -> Self {
        let places = (0..SHARDS).map(|_| HashMap::default()).collect();
        Self { tape: Tape::new(folder), hash: RandomState::new(), places, others: HashMap::new() }
    }

    fn hash_of(&self, key: &[u8; K]) -> u64 {
        self.hash.hash_one(key)
    }

    fn shard(&mut self, hash: u64) -> &mut HashMap<u64, u64, BuildHasherDefault<AsItIs>> {
        &mut self.places[shard_of(hash)]
    }

    /// The row of a key.
    pub(crate) fn get(&self, key: &[u8; K]) -> io::Result<Option<Vec<u8>>> {
        let hash = self.hash_of(key);
        if let Some(place) = self.places[shard_of(hash)].get(&hash)
            && let Some(row) = self.row_at(*place, key)?
        {
            return Ok(Some(row));
        }
        match self.others.get(key) {
            Some(place) => self.row_at(*place, key),
            None => Ok(None),
        }
    }

    /// The row at a place, if it is this key's.
    fn row_at(&self, place: u64, key: &[u8; K]) -> io::Result<Option<Vec<u8>>> {
        let mut record = self.tape.read(place)?;
        Ok(record.starts_with(key).then(|| record.split_off(K)))
    }

    /// Writes the row of a key, instead of an earlier one.
    pub(crate) fn put(&mut self, key: &[u8; K], row: &[u8]) -> io::Result<()> {
        let hash = self.hash_of(key);
        let holder = self.places[shard_of(hash)].get(&hash).copied();
        let taken = match holder {
            Some(place) => self.row_at(place, key)?.is_none(),
            None => false,
        };
        let place = self.tape.append(&[key, row])?;
        if taken {
            self.others.insert(*key, place);
        } else {
            self.shard(hash).insert(hash, place);
        }
        Ok(())
    }

    /// Removes the row of a key.
    pub(crate) fn remove(&mut self, key: &[u8; K]) -> io::Result<()> {
        let hash = self.hash_of(key);
        if let Some(place) = self.places[shard_of(hash)].get(&hash).copied()
            && self.row_at(place, key)?.is_some()
        {
            self.shard(hash).remove(&hash);
        } else {
            self.others.remove(key);
        }
        Ok(())
    }

    /// The newest row of every key, in the order of their writing.
    pub(crate) fn each<E: From<io::Error>>(&self, mut each: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        let mut records = self.tape.records();
        while let Some((place, record)) = records.next()? {
            let (key, row) = record.split_first_chunk::<K>().ok_or(io::Error::from(io::ErrorKind::InvalidData))?;
            let hash = self.hash_of(key);
            let newest = self.places[shard_of(hash)].get(&hash) == Some(&place) || self.others.get(key) == Some(&place);
            if newest {
                each(row)?;
            }
        }
        Ok(())
    }
}

fn shard_of(hash: u64) -> usize {
    usize::try_from(hash >> 58).unwrap_or(0) % SHARDS
}

/// For keys that are hashes already. Turned, because the shard is chosen by the bits that the map tells entries apart by.
#[derive(Clone, Copy, Debug, Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0.rotate_left(6)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
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
    fn keys_with_the_same_hash_are_told_apart() {
        let mut spill = Spill::<2>::new(&std::env::temp_dir());
        spill.put(b"aa", b"1").expect("written");
        // As if `zz` had hashed like `aa`.
        let (same, place) = (spill.hash_of(b"zz"), spill.places[shard_of(spill.hash_of(b"aa"))][&spill.hash_of(b"aa")]);
        spill.shard(same).insert(same, place);
        assert_eq!(spill.get(b"zz").expect("readable"), None);
        spill.put(b"zz", b"2").expect("written");
        assert_eq!(spill.get(b"zz").expect("readable").as_deref(), Some(b"2".as_slice()));
        assert_eq!(spill.get(b"aa").expect("readable").as_deref(), Some(b"1".as_slice()));
        spill.remove(b"zz").expect("removed");
        assert_eq!(spill.get(b"zz").expect("readable"), None);
    }
}
