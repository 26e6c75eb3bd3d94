//! The only places that read the clock and randomness; `clippy.toml` bans them everywhere else, so that whatever depends
//! on them can be told in a test what they say.

use std::sync::Arc;

use chrono::Utc;
use event_schema::Timestamp;
use rand::RngCore as _;
use uuid::Uuid;

#[derive(Clone, Debug)]
pub struct Clock(Option<Arc<Timestamp>>);

impl Clock {
    #[must_use]
    pub fn system() -> Self {
        Self(None)
    }

    /// A clock that stands still, for tests.
    #[must_use]
    pub fn fixed(at: Timestamp) -> Self {
        Self(Some(Arc::new(at)))
    }

    /// The time, to the microsecond.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Some(at) => **at,
            #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
            None => Utc::now().into(),
        }
    }
}

/// Makes random ids and secrets.
#[derive(Clone, Debug, Default)]
pub struct Ids(());

impl Ids {
    /// Ids from the machine's randomness.
    #[must_use]
    pub fn new() -> Self {
        Self(())
    }

    /// Random bytes that nobody can guess: keys, tokens, codes.
    #[must_use]
    pub fn secret<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        #[expect(clippy::disallowed_methods, reason = "the one place that makes secrets")]
        rand::rng().fill_bytes(&mut bytes);
        bytes
    }

    /// A UUIDv7: ordered by time to the millisecond, random beyond.
    #[must_use]
    pub fn v7(&self) -> Uuid {
        #[expect(clippy::disallowed_methods, reason = "the one place that makes ids")]
        Uuid::now_v7()
    }
}
