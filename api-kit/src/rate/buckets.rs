//! The buckets that a process keeps: bounded, the least recently used go.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::SharedBucket;

/// The most of each half; a bucket takes about 150 bytes.
const HALF: usize = 10_000;

/// Buckets by key. When the recent half is full, it becomes the older one, and the former older one is forgotten: what
/// matters is in Redis. So addresses without number cost nothing but forgetting.
#[derive(Default)]
pub(super) struct Buckets(Mutex<Halves>);

#[derive(Default)]
struct Halves {
    recent: HashMap<u128, SharedBucket>,
    older: HashMap<u128, SharedBucket>,
}

impl Buckets {
    /// The bucket of a key.
    pub(super) fn get(&self, key: u128) -> SharedBucket {
        let mut halves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = halves.recent.get(&key) {
            return SharedBucket::clone(bucket);
        }
        if halves.recent.len() >= HALF {
            halves.older = std::mem::take(&mut halves.recent);
        }
        let bucket = halves.older.remove(&key).unwrap_or_default();
        halves.recent.insert(key, SharedBucket::clone(&bucket));
        bucket
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn keys_without_number_are_forgotten_and_those_in_use_are_not() {
        let buckets = Buckets::default();
        let used = buckets.get(u128::MAX);
        for key in 0..5 * HALF as u128 {
            buckets.get(key);
            assert!(Arc::ptr_eq(&used, &buckets.get(u128::MAX)), "{key}");
        }
        let halves = buckets.0.lock().expect("not poisoned");
        assert!(halves.recent.len() <= HALF && halves.older.len() <= HALF);
    }
}
