//! Sessions that are over: a sorted set in Redis that everybody has a copy of.
//!
//! Scores are Redis's time in microseconds, never the same twice, so that whoever has read up to one can ask for what came
//! after it. An entry stays for as long as a token of its session can live.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError, RwLock};
use std::time::Duration;

use event_schema::UserId;
use platform::redis::Redis;
use redis::{AsyncCommands as _, RedisError, Script};
use tokio::time::Instant;
use uuid::Uuid;

use super::CHANNEL;
use crate::tokens::ACCESS_TOKEN_SECONDS;

/// How often the set is asked for what was added.
pub(super) const LOOK: Duration = Duration::from_millis(250);
/// How long an entry is kept, in seconds: a token's life, and a little for clocks.
const KEPT: i64 = ACCESS_TOKEN_SECONDS + 60;
/// Entries read at once.
const PAGE: isize = 5_000;
const KEY: &str = "sessions-over";

static ADD: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local time = redis.call('TIME')
local at = time[1] * 1000000 + time[2]
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', at - ARGV[2] * 1000000))
local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
at = math.max(at, (tonumber(last[2]) or 0) + 1)
for n = 3, #ARGV do
  redis.call('ZADD', KEYS[1], string.format('%.0f', at + n), ARGV[n])
  redis.call('PUBLISH', ARGV[1], ARGV[n])
end
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1
",
    )
});

/// The copy of one process.
pub(super) struct Revocations {
    redis: Redis,
    sessions: RwLock<HashMap<Uuid, Instant>>,
    read_to: Mutex<f64>,
}

/// What is told on the channel.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Message {
    Session(UserId, Uuid),
    Account(UserId),
}

impl Revocations {
    pub(super) fn new(redis: Redis) -> Self {
        Self { redis, sessions: RwLock::default(), read_to: Mutex::new(0.0) }
    }

    pub(super) fn contains(&self, session: Uuid) -> bool {
        self.sessions.read().unwrap_or_else(PoisonError::into_inner).contains_key(&session)
    }

    pub(super) fn add(&self, session: Uuid) {
        let mut sessions = self.sessions.write().unwrap_or_else(PoisonError::into_inner);
        if sessions.len() == sessions.capacity() {
            let now = Instant::now();
            sessions.retain(|_, until| *until > now);
        }
        sessions.insert(session, Instant::now() + Duration::from_secs(KEPT.unsigned_abs()));
    }

    pub(super) async fn publish(&self, user: UserId, sessions: &[Uuid]) -> Result<(), RedisError> {
        if sessions.is_empty() {
            return Ok(());
        }
        let mut call = ADD.key(self.redis.key(KEY));
        call.arg(self.redis.key(CHANNEL)).arg(KEPT);
        for session in sessions {
            call.arg(format!("s:{user}:{session}"));
        }
        let _: i64 = call.invoke_async(&mut self.redis.connection()).await?;
        Ok(())
    }

    /// What was added since the last call; everything at first.
    pub(super) async fn news(&self) -> Result<Vec<(UserId, Uuid)>, RedisError> {
        let mut news = Vec::new();
        loop {
            let after = *self.read_to.lock().unwrap_or_else(PoisonError::into_inner);
            let (key, after) = (self.redis.key(KEY), format!("({after:.0}"));
            let mut connection = self.redis.connection();
            let page: Vec<(String, f64)> =
                connection.zrangebyscore_limit_withscores(key, after, "+inf", 0, PAGE).await?;
            let Some((_, last)) = page.last() else { return Ok(news) };
            *self.read_to.lock().unwrap_or_else(PoisonError::into_inner) = *last;
            news.extend(page.iter().filter_map(|(member, _)| match read_message(member.as_bytes()) {
                Some(Message::Session(user, session)) => Some((user, session)),
                _ => None,
            }));
        }
    }
}

pub(super) fn account_message(user: UserId) -> String {
    format!("a:{user}")
}

/// `None` where a later version says something new.
pub(super) fn read_message(message: &[u8]) -> Option<Message> {
    let mut parts = std::str::from_utf8(message).ok()?.split(':');
    let (kind, user) = (parts.next()?, UserId(parts.next()?.parse().ok()?));
    match kind {
        "s" => Some(Message::Session(user, parts.next()?.parse().ok()?)),
        "a" => Some(Message::Account(user)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_as_written() {
        let (user, session) = (UserId(Uuid::from_u128(7)), Uuid::from_u128(8));
        assert_eq!(read_message(account_message(user).as_bytes()), Some(Message::Account(user)));
        assert_eq!(read_message(format!("s:{user}:{session}").as_bytes()), Some(Message::Session(user, session)));
        for other in ["", "a", "a:", "s:x", "s:00000000-0000-0000-0000-000000000001", "z:1", "\u{fffd}"] {
            assert_eq!(read_message(other.as_bytes()), None, "{other}");
        }
    }
}
