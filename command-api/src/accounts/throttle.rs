//! Wrong passwords, counted by account: many tries from many addresses wait, the owner does not.
//!
//! Every try takes a token of a bucket, and a right password gives it back: only failures count. An address from which the
//! account was logged in before has a bucket of its own; all other addresses share one. So whoever guesses from a thousand
//! addresses gets the failures of one bucket, and whoever comes from a place that the account knows does not notice. From
//! a new place the owner may have to wait while somebody guesses; setting the password by mail makes a place known.
//!
//! What is counted is the name that was said, whether anybody has it or not: a refusal tells neither that there is an account
//! nor that a username and an e-mail address are the same person's. So whoever knows both may fail with each. All of it
//! lies in Redis: while it is away nobody can log in anyway.

use std::sync::LazyLock;

use api_kit::Problem;
use api_kit::rate::{ClientAddress, Rate};
use event_schema::UserId;
use platform::Redis;
use redis::{RedisError, Script};

/// How long an address is known, in seconds: 90 days after the last log-in from it.
const KNOWN_FOR: i64 = 90 * 24 * 60 * 60;
/// How many addresses of an account are known.
const KNOWN: i64 = 20;

/// Takes a token; or says how long until there is one, and whether this is the first refusal in a while.
static ADMIT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local step, full = tonumber(ARGV[1]), tonumber(ARGV[2])
local known = redis.call('ZSCORE', KEYS[2], ARGV[3])
local bucket = known and KEYS[3] or KEYS[1]
local used = math.max(0, math.min(tonumber(redis.call('GET', bucket) or now) - now, full)) + step
if used > full then
  local first = redis.call('SET', KEYS[4], 1, 'NX', 'PX', math.ceil(full / 1000))
  return {0, known and 1 or 0, used - full, first and 1 or 0}
end
redis.call('SET', bucket, string.format('%.0f', now + used), 'PX', math.ceil(used / 1000))
return {1, known and 1 or 0, 0, 0}
",
    )
});

/// Gives a token back.
static GIVE_BACK: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local used = tonumber(redis.call('GET', KEYS[1]) or now) - now - tonumber(ARGV[1])
if used > 0 then
  redis.call('SET', KEYS[1], string.format('%.0f', now + used), 'PX', math.ceil(used / 1000))
else
  redis.call('DEL', KEYS[1])
end
return 1
",
    )
});

/// Whose password is tried.
#[derive(Clone, Copy, Debug)]
pub enum Whose<'a> {
    /// That of somebody who is logged in.
    Account(UserId),
    /// That of a name or an e-mail address, and the account that has it, if any.
    Name(&'a str, Option<UserId>),
}

impl Whose<'_> {
    /// The account, where there is one.
    #[must_use]
    pub fn user(self) -> Option<UserId> {
        match self {
            Self::Account(user) => Some(user),
            Self::Name(_, user) => user,
        }
    }
}

/// A try that may be made.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Where its token is from; none where nothing is counted.
    bucket: Option<String>,
    name: String,
    from: ClientAddress,
}

/// Why a try may not be made.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("too many wrong passwords")]
    Wait {
        /// Seconds until another one may be made.
        seconds: u64,
        /// Whether it is the first that is refused in a while.
        first: bool,
    },
    #[error(transparent)]
    Redis(#[from] RedisError),
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Wait { seconds, .. } => Self::too_many_requests(seconds)
                .detail("Too many wrong passwords for this account; wait, or set a new one by mail"),
            Refused::Redis(error) => error.into(),
        }
    }
}

/// The failures of everybody.
#[derive(Clone)]
pub struct Throttle {
    redis: Redis,
    rate: Option<Rate>,
}

impl Throttle {
    /// So many failures; none are counted without a rate.
    #[must_use]
    pub fn new(redis: Redis, rate: Option<Rate>) -> Self {
        Self { redis, rate }
    }

    /// Asks to try a password.
    pub async fn admit(&self, whose: Whose<'_>, from: ClientAddress) -> Result<Attempt, Refused> {
        let name = name_of(whose);
        let Some(rate) = self.rate else { return Ok(Attempt { bucket: None, name, from }) };
        let (address, all) = (address_of(&name, from), self.key(&name, "failures"));
        let own = self.key(&name, &format!("failures:{address}"));
        let (admitted, known, wait_micros, first): (bool, bool, u64, bool) = ADMIT
            .key(&all)
            .key(self.key(&name, "known"))
            .key(&own)
            .key(self.key(&name, "told"))
            .arg(rate.step_micros())
            .arg(rate.full_micros())
            .arg(address)
            .invoke_async(&mut self.redis.connection())
            .await?;
        if !admitted {
            return Err(Refused::Wait { seconds: wait_micros.div_ceil(1_000_000).max(1), first });
        }
        Ok(Attempt { bucket: Some(if known { own } else { all }), name, from })
    }

    /// The password was right: the try does not count, and its address is known from now on.
    pub async fn succeeded(&self, attempt: &Attempt) {
        self.give_back(attempt).await;
        self.remember(&attempt.name, attempt.from).await;
    }

    /// Nothing was tried after all.
    pub async fn give_back(&self, attempt: &Attempt) {
        let (Some(bucket), Some(rate)) = (&attempt.bucket, self.rate) else { return };
        let mut connection = self.redis.connection();
        let given: Result<i64, _> = GIVE_BACK.key(bucket).arg(rate.step_micros()).invoke_async(&mut connection).await;
        if let Err(error) = given {
            tracing::debug!(%error, "a try that did not fail is counted");
        }
    }

    /// The owner is here, whatever was tried from elsewhere: by any of these names they may log in from here.
    pub async fn is_owner(&self, names: &[&str], from: ClientAddress) {
        for name in names {
            self.remember(&name_of(Whose::Name(name, None)), from).await;
        }
    }

    async fn remember(&self, name: &str, from: ClientAddress) {
        if self.rate.is_none() {
            return;
        }
        let key = self.key(name, "known");
        let noted: Result<(), RedisError> = async {
            let mut connection = self.redis.connection();
            let (seconds, _): (i64, i64) = redis::cmd("TIME").query_async(&mut connection).await?;
            redis::pipe()
                .atomic()
                .zadd(&key, address_of(name, from), seconds)
                .ignore()
                .zremrangebyrank(&key, 0, isize::try_from(-KNOWN - 1).unwrap_or(isize::MIN))
                .ignore()
                .zrembyscore(&key, 0, seconds - KNOWN_FOR)
                .ignore()
                .expire(&key, KNOWN_FOR)
                .ignore()
                .query_async(&mut connection)
                .await
        }
        .await;
        if let Err(error) = noted {
            tracing::debug!(%error, "an address is not known");
        }
    }

    /// All keys of a name carry the same hash tag, so that the scripts also run where Redis is a cluster.
    fn key(&self, name: &str, what: &str) -> String {
        self.redis.key(&format!("log-in:{{{name}}}:{what}"))
    }
}

/// What failures are counted by; a name could be somebody's secret, typed into the wrong field.
fn name_of(whose: Whose<'_>) -> String {
    match whose {
        Whose::Account(user) => user.to_string(),
        Whose::Name(name, _) => short(blake3::derive_key("chatlog v1 name of a log-in", name.as_bytes())),
    }
}

/// An address as it is known: nobody can look for one.
fn address_of(name: &str, from: ClientAddress) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("chatlog v1 known address");
    hasher.update(name.as_bytes()).update(&from.key().to_be_bytes());
    short(*hasher.finalize().as_bytes())
}

fn short(hash: [u8; 32]) -> String {
    blake3::Hash::from_bytes(hash).to_hex().chars().take(32).collect()
}
