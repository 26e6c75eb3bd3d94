//! The rows of one table that the fold has in memory: what was fetched, what changed.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

/// A row was asked for that nobody fetched; a fault of the caller, never of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a row of `{0}` was needed and not fetched")]
pub struct NotLoaded(pub &'static str);

/// Rows by key. A key that is known to have no row is present with `None`; a key never fetched is absent.
#[derive(Clone, Debug)]
pub struct Table<K, V> {
    name: &'static str,
    rows: HashMap<K, Option<V>>,
    dirty: HashSet<K>,
}

impl<K: Copy + Eq + Hash + Ord, V: Clone> Table<K, V> {
    /// An empty table; the name is for errors.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self { name, rows: HashMap::new(), dirty: HashSet::new() }
    }

    /// Takes in what the database said of a key.
    pub fn load(&mut self, key: K, row: Option<V>) {
        self.rows.insert(key, row);
    }

    /// Whether a key has been fetched or written.
    #[must_use]
    pub fn is_loaded(&self, key: &K) -> bool {
        self.rows.contains_key(key)
    }

    /// How many keys are in memory.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether nothing is in memory.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows in memory, in no order.
    pub fn rows(&self) -> impl Iterator<Item = (&K, &V)> {
        self.rows.iter().filter_map(|(key, row)| Some((key, row.as_ref()?)))
    }

    /// The row of a key.
    pub fn get(&self, key: &K) -> Result<Option<&V>, NotLoaded> {
        self.rows.get(key).map(Option::as_ref).ok_or(NotLoaded(self.name))
    }

    /// The row of a key, to be changed; it is written whether it changes or not.
    pub(super) fn get_mut(&mut self, key: &K) -> Result<Option<&mut V>, NotLoaded> {
        let row = self.rows.get_mut(key).ok_or(NotLoaded(self.name))?;
        if row.is_some() {
            self.dirty.insert(*key);
        }
        Ok(row.as_mut())
    }

    /// Writes a row.
    pub(super) fn put(&mut self, key: K, row: V) {
        self.rows.insert(key, Some(row));
        self.dirty.insert(key);
    }

    /// Removes a row.
    pub(super) fn remove(&mut self, key: K) {
        self.rows.insert(key, None);
        self.dirty.insert(key);
    }

    /// The rows that changed since the last call, in the order of their keys (so that concurrent writers lock alike);
    /// `None` where the row was removed.
    pub(super) fn take_dirty(&mut self) -> Vec<(K, Option<V>)> {
        let mut keys: Vec<K> = self.dirty.drain().collect();
        keys.sort_unstable();
        keys.into_iter().map(|key| (key, self.rows.get(&key).cloned().flatten())).collect()
    }

    /// Forgets all rows. Changes must have been taken before.
    pub(super) fn forget(&mut self) {
        debug_assert!(self.dirty.is_empty(), "changes of {} would be lost", self.name);
        self.rows.clear();
    }
}
