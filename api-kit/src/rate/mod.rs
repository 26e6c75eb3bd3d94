//! Rate limits: so many commands and queries a user, so many log-ins, sign-ups and codes an address, so many mails
//! a mailbox.
//!
//! The tokens of a bucket lie in Redis and are taken by an atomic script, so that every replica takes from the same
//! ones. Whoever asks often is given a small block of them at a time, so that most requests need no round trip; whoever
//! has used up theirs is refused without one. While Redis is away each process goes by what it let through itself:
//! never open, never closed. Pure: [`Rate`], [`Level`] and `Bucket` are told the time.

mod address;
mod bucket;
mod buckets;
mod level;
mod script;
mod settings;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use event_schema::UserId;
use http::Extensions;
use platform::clock::Clock;
use platform::redis::Redis;

use crate::problem::Problem;

pub use address::{ClientAddress, CodeAttempt, LogInAttempt, Peer, RefreshAttempt, RegistrationLook, SignUpAttempt};
pub use level::{Level, Rate, RateError, Setting};
pub use settings::RateSettings;

use bucket::{Bucket, Step};
use buckets::Buckets;

/// After Redis failed, a process goes by its own count for this long.
const AWAY_MICROS: i64 = 1_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Requests of a user that change something.
    Commands,
    /// Requests of a user that read.
    Queries,
    /// Log-ins from an address.
    LogIns,
    /// Sign-ups from an address.
    SignUps,
    /// Attempts with mailed codes, and requests for them, from an address.
    Codes,
    /// Mails with codes to a mailbox.
    Mails,
    /// Looks at sign-ups from an address.
    Registrations,
    /// Refresh tokens that are shown from an address.
    Refreshes,
}

impl Kind {
    const ALL: [Self; 8] = [
        Self::Commands,
        Self::Queries,
        Self::LogIns,
        Self::SignUps,
        Self::Codes,
        Self::Mails,
        Self::Registrations,
        Self::Refreshes,
    ];

    /// The policy's name in headers, keys and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Commands => "commands",
            Self::Queries => "queries",
            Self::LogIns => "log-ins",
            Self::SignUps => "sign-ups",
            Self::Codes => "codes",
            Self::Mails => "mails",
            Self::Registrations => "registrations",
            Self::Refreshes => "refreshes",
        }
    }
}

/// What a limited request is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    pub kind: Kind,
    /// How much of it there may be.
    pub rate: Rate,
    /// How much is left.
    pub left: u32,
    /// Seconds until nothing is used up any more.
    pub reset_seconds: u64,
    /// For a refused request the seconds until another one makes sense.
    pub retry_after: Option<u64>,
}

impl Quota {
    fn of(kind: Kind, rate: Rate, level: Level, held: u32, refused: bool) -> Self {
        Self {
            kind,
            rate,
            left: level.free(rate).saturating_add(held).min(rate.count),
            reset_seconds: seconds(level.used_micros),
            retry_after: refused.then(|| seconds(level.wait_micros(rate)).max(1)),
        }
    }

    /// `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers): the quota and its window.
    #[must_use]
    pub fn policy_header(&self) -> String {
        format!("\"{}\";q={};w={}", self.kind.as_str(), self.rate.count, seconds(self.rate.window_micros))
    }

    /// `RateLimit`: what is left, and the seconds until all of it is there again.
    #[must_use]
    pub fn standing_header(&self) -> String {
        format!("\"{}\";r={};t={}", self.kind.as_str(), self.left, self.reset_seconds)
    }

    fn verdict(&self) -> Result<(), Problem> {
        let Some(retry_after) = self.retry_after else { return Ok(()) };
        metrics::counter!("rate_limited_total", "kind" => self.kind.as_str()).increment(1);
        Err(self.problem(retry_after))
    }

    fn problem(&self, retry_after: u64) -> Problem {
        Problem::too_many_requests(retry_after)
            .detail(format!("At most {} {}", self.kind.as_str(), self.rate.in_words()))
            .limit(self.rate.count.into())
    }
}

fn seconds(micros: i64) -> u64 {
    u64::try_from(micros).unwrap_or(0).div_ceil(1_000_000)
}

/// Where a request's quota is noted for its answer; an extension. A request is counted once of each kind, whatever its
/// extractors; its answer tells the first.
#[derive(Clone, Debug, Default)]
pub struct Noted(Arc<std::sync::OnceLock<Quota>>);

impl Noted {
    /// What the request was told, if it was limited.
    #[must_use]
    pub fn quota(&self) -> Option<Quota> {
        self.0.get().copied()
    }
}

/// The limits. Cheap to clone.
#[derive(Clone)]
pub struct RateLimits(Arc<Inner>);

struct Inner {
    redis: Redis,
    clock: Clock,
    /// In the order of [`Kind::ALL`]; `None` where nothing is limited.
    classes: [Option<(Rate, Buckets)>; Kind::ALL.len()],
    spare_loopback: bool,
    away_until: AtomicI64,
}

impl RateLimits {
    /// Limits by these settings.
    #[must_use]
    pub fn new(settings: &RateSettings, redis: Redis, clock: Clock) -> Self {
        let classes = Kind::ALL.map(|kind| settings.of(kind).map(|rate| (rate, Buckets::default())));
        let spare_loopback = settings.rate_spare_loopback;
        Self(Arc::new(Inner { redis, clock, classes, spare_loopback, away_until: AtomicI64::default() }))
    }

    /// Counts a request of a user.
    pub async fn user(&self, extensions: &Extensions, kind: Kind, user: UserId) -> Result<(), Problem> {
        self.request(extensions, kind, user.0.as_u128()).await
    }

    /// Counts more of a request of a user than the one that every request is: a batch is as many commands as it has messages. All
    /// of it or, once it is refused, an error.
    pub async fn user_more(&self, kind: Kind, user: UserId, more: u32) -> Result<(), Problem> {
        for _ in 0..more {
            let Some(quota) = self.take(kind, user.0.as_u128()).await else { return Ok(()) };
            quota.verdict()?;
        }
        Ok(())
    }

    /// Counts a request from an address.
    pub async fn address(&self, extensions: &Extensions, kind: Kind) -> Result<(), Problem> {
        let address = extensions.get::<ClientAddress>().copied().unwrap_or_default();
        if self.0.spare_loopback && address.is_loopback() {
            return Ok(());
        }
        self.request(extensions, kind, address.key()).await?;
        // Whoever has many networks of IPv6 has not as many times the limit.
        for wider in address.wider_keys() {
            if let Some(quota) = self.take_of(kind, wider.key, wider.scale).await {
                quota.verdict()?;
            }
        }
        Ok(())
    }

    /// Counts a mail to a mailbox, by the key under which its address is compared, whether anybody has it or not. Beside
    /// what is counted of the request itself, and not told unless refused.
    pub async fn mailbox(&self, email_key: &str) -> Result<(), Problem> {
        let hash = blake3::derive_key("chatlog v1 rate of a mailbox", email_key.as_bytes());
        let (key, _) = hash.split_first_chunk::<16>().unwrap_or((&[0; 16], &[]));
        let quota = self.take(Kind::Mails, u128::from_be_bytes(*key)).await;
        quota.map_or(Ok(()), |quota| quota.verdict())
    }

    async fn request(&self, extensions: &Extensions, kind: Kind, key: u128) -> Result<(), Problem> {
        let noted = extensions.get::<Noted>();
        if noted.and_then(Noted::quota).is_some_and(|quota| quota.kind == kind) {
            return Ok(());
        }
        let Some(quota) = self.take(kind, key).await else { return Ok(()) };
        if let Some(noted) = noted {
            let _ = noted.0.set(quota);
        }
        quota.verdict()
    }

    /// Takes one token; `None` where nothing is limited.
    pub async fn take(&self, kind: Kind, key: u128) -> Option<Quota> {
        self.take_of(kind, key, 1).await
    }

    /// The same of a bucket that holds so many times as much.
    async fn take_of(&self, kind: Kind, key: u128, scale: u32) -> Option<Quota> {
        let (rate, buckets) = self.0.classes[kind as usize].as_ref()?;
        let rate = &rate.scaled(scale);
        let bucket = buckets.get(key);
        // Who asks while a block is on its way waits for it instead of fetching another.
        let mut bucket = bucket.lock().await;
        let (level, refused) = loop {
            match bucket.take(*rate, self.now()) {
                Step::Granted(level) => break (level, false),
                Step::Refused(level) => break (level, true),
                Step::Ask(want) => match self.ask(kind, key, *rate, want).await {
                    Some((granted, level)) => bucket.given(*rate, self.now(), granted, level),
                    None => match bucket.take_alone(*rate, self.now()) {
                        (level, true) => break (level, false),
                        (level, false) => break (level, true),
                    },
                },
            }
        };
        Some(Quota::of(kind, *rate, level, bucket.held(), refused))
    }

    /// Asks Redis for tokens: how many there were, and how the bucket stands now. `None` while it is away.
    async fn ask(&self, kind: Kind, key: u128, rate: Rate, want: u32) -> Option<(u32, Level)> {
        if self.now() < self.0.away_until.load(Ordering::Relaxed) {
            return None;
        }
        let name = self.0.redis.key(&format!("rate:{}:{key:032x}", kind.as_str()));
        match script::take(&self.0.redis, &name, rate, want).await {
            Ok(taken) => Some(taken),
            Err(error) => {
                tracing::warn!(%error, "Redis unavailable; counting rate limits in this process only");
                metrics::counter!("rate_limits_unavailable_total").increment(1);
                self.0.away_until.store(self.now() + AWAY_MICROS, Ordering::Relaxed);
                None
            }
        }
    }

    fn now(&self) -> i64 {
        self.0.clock.now().as_micros()
    }
}

type SharedBucket = Arc<tokio::sync::Mutex<Bucket>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_structured_fields() {
        let rate = Rate { count: 100, window_micros: 60_000_000 };
        let level = Level { used_micros: 30_000_001 };
        let quota = Quota::of(Kind::LogIns, rate, level, 0, false);
        assert_eq!(quota.policy_header(), r#""log-ins";q=100;w=60"#);
        assert_eq!(quota.standing_header(), r#""log-ins";r=49;t=31"#);
        assert_eq!(quota.retry_after, None);
        let full = Quota::of(Kind::LogIns, rate, Level { used_micros: 60_000_000 }, 0, true);
        assert_eq!((full.left, full.retry_after), (0, Some(1)));
    }

    #[test]
    fn kinds_stand_where_they_are_looked_up() {
        for (n, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, n);
        }
    }
}
