//! Randomness that can be had again: a seed, printed when a test fails, and everything that follows from it.

use platform::Ids;

/// Another run of the same choices: `SYSTEM_TEST_SEED=… ./dev test -p system-tests`.
const SEED: &str = "SYSTEM_TEST_SEED";

/// Choices that follow from a seed (`SplitMix64`).
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

/// The seed of this run: the environment's, or a new one.
pub fn seed() -> u64 {
    std::env::var(SEED).ok().and_then(|text| text.parse().ok()).unwrap_or_else(entropy)
}

/// A number that nobody can foresee.
pub(crate) fn entropy() -> u64 {
    Ids::new().v7().as_u64_pair().1
}

/// What to put before what went wrong.
pub fn again(seed: u64) -> String {
    format!("the same choices again: {SEED}={seed}")
}

/// A few letters that no other run has, for names of databases, topics and accounts.
pub fn unique() -> String {
    let id = Ids::new().v7().simple().to_string();
    id[id.len() - 12..].to_owned()
}

impl Random {
    /// The choices of a seed; each `stream` (a writer, say) has its own.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut random = Self { state: seed ^ stream.wrapping_mul(0x9e37_79b9_7f4a_7c15) };
        random.next();
        random
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        // The remainder is not quite even, which no choice here minds.
        usize::try_from(self.next() % u64::try_from(end.max(1)).unwrap_or(1)).unwrap_or(0)
    }

    /// True `percent` times out of a hundred.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn choose<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}
