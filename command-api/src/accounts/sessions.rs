//! Sessions in Redis: a family of refresh tokens each, of which only the newest counts, and only as a hash.
//!
//! All keys of a person carry the same hash tag, so that the scripts also run where Redis is a cluster.

use event_schema::UserId;
use platform::{Clock, Ids, Redis};
use redis::{RedisError, Script};
use uuid::Uuid;

use super::refresh::RefreshToken;

/// How long a refresh token is good for when it is not used, in seconds: 14 days.
pub const LIFE: i64 = 14 * 24 * 60 * 60;

/// Takes the family's current secret and puts the next in its place; whoever brings another one ends the family.
const ROTATE: &str = r"
local current = redis.call('HGET', KEYS[1], 'current')
if not current then return 'unknown' end
if current ~= ARGV[1] then
  redis.call('DEL', KEYS[1])
  redis.call('ZREM', KEYS[2], ARGV[3])
  return 'reused'
end
redis.call('HSET', KEYS[1], 'current', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[4])
redis.call('ZADD', KEYS[2], ARGV[5], ARGV[3])
redis.call('EXPIRE', KEYS[2], ARGV[4])
return 'rotated'
";

const OPEN: &str = r"
redis.call('HSET', KEYS[1], 'current', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[3])
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[5])
redis.call('EXPIRE', KEYS[2], ARGV[2])
return 1
";

const CLOSE_ALL: &str = r"
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  redis.call('DEL', ARGV[1] .. id)
end
return redis.call('DEL', KEYS[1])
";

/// Why there is no next token.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// No such session, or it is over.
    #[error("no such session")]
    Unknown,
    /// The token was used before: its family is dead now.
    #[error("a refresh token was used twice")]
    Reused,
    /// Redis is away.
    #[error(transparent)]
    Redis(#[from] RedisError),
}

/// The sessions of everybody.
#[derive(Clone)]
pub struct Sessions {
    redis: Redis,
    clock: Clock,
    ids: Ids,
}

impl Sessions {
    /// Kept in this Redis.
    #[must_use]
    pub fn new(redis: Redis, clock: Clock, ids: Ids) -> Self {
        Self { redis, clock, ids }
    }

    /// Begins a session.
    pub async fn open(&self, user: UserId) -> Result<RefreshToken, SessionError> {
        let token = RefreshToken::new(user, self.ids.secret(), self.ids.secret());
        let now = self.seconds();
        let id = token.session_id();
        let _: i64 = Script::new(OPEN)
            .key(self.session(user, id))
            .key(self.all(user))
            .arg(token.secret_hash())
            .arg(LIFE)
            .arg(now)
            .arg(now + LIFE)
            .arg(id.to_string())
            .invoke_async(&mut self.redis.connection())
            .await?;
        Ok(token)
    }

    /// Takes a token and gives the next one. Each is taken once.
    pub async fn rotate(&self, token: &RefreshToken) -> Result<RefreshToken, SessionError> {
        let next = token.next(self.ids.secret());
        let id = token.session_id();
        let answer: String = Script::new(ROTATE)
            .key(self.session(token.user, id))
            .key(self.all(token.user))
            .arg(token.secret_hash())
            .arg(next.secret_hash())
            .arg(id.to_string())
            .arg(LIFE)
            .arg(self.seconds() + LIFE)
            .invoke_async(&mut self.redis.connection())
            .await?;
        match answer.as_str() {
            "rotated" => Ok(next),
            "reused" => Err(SessionError::Reused),
            _ => Err(SessionError::Unknown),
        }
    }

    /// Ends one session.
    pub async fn close(&self, user: UserId, session: Uuid) -> Result<(), SessionError> {
        let () = redis::pipe()
            .atomic()
            .del(self.session(user, session))
            .zrem(self.all(user), session.to_string())
            .query_async(&mut self.redis.connection())
            .await?;
        Ok(())
    }

    /// Ends every session of a person.
    pub async fn close_all(&self, user: UserId) -> Result<(), SessionError> {
        let _: i64 = Script::new(CLOSE_ALL)
            .key(self.all(user))
            .arg(self.redis.key(&format!("session:{{{user}}}:")))
            .invoke_async(&mut self.redis.connection())
            .await?;
        Ok(())
    }

    fn session(&self, user: UserId, session: Uuid) -> String {
        self.redis.key(&format!("session:{{{user}}}:{session}"))
    }

    fn all(&self, user: UserId) -> String {
        self.redis.key(&format!("sessions:{{{user}}}"))
    }

    fn seconds(&self) -> i64 {
        self.clock.now().as_micros() / 1_000_000
    }
}
