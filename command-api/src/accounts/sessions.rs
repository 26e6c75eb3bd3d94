//! Sessions in Redis: a family of refresh tokens each, of which only the newest counts, and only as a hash.
//!
//! All keys of a person carry the same hash tag, so that the scripts also run where Redis is a cluster.

use api_kit::Access;
use event_schema::UserId;
use platform::{Clock, Ids, Redis};
use redis::{RedisError, Script};
use uuid::Uuid;

use super::refresh::RefreshToken;

/// How long a refresh token is good for when it is not used, in seconds: 14 days.
pub const LIFE: i64 = 14 * 24 * 60 * 60;

/// How long it is known that a token was used twice, in seconds.
const REUSED_FOR: i64 = api_kit::tokens::ACCESS_TOKEN_SECONDS + 60;

/// Takes the family's current secret and puts the next in its place; whoever brings another one ends the family. Of such a
/// family a mark stays for as long as its access tokens live, so that whatever was not done about them is done next time.
const ROTATE: &str = r"
local family = redis.call('HMGET', KEYS[1], 'current', 'began', 'reused')
if family[3] then return 'reused before' end
if not family[1] then return 'unknown' end
if tonumber(family[2] or 0) < tonumber(ARGV[6]) then
  redis.call('DEL', KEYS[1])
  redis.call('ZREM', KEYS[2], ARGV[3])
  return 'unknown'
end
if family[1] ~= ARGV[1] then
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'reused', 1)
  redis.call('EXPIRE', KEYS[1], ARGV[7])
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
redis.call('HSET', KEYS[1], 'current', ARGV[1], 'began', ARGV[6])
redis.call('EXPIRE', KEYS[1], ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[3])
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[5])
redis.call('EXPIRE', KEYS[2], ARGV[2])
return 1
";

const CLOSE_ALL: &str = r"
local ids = redis.call('ZRANGE', KEYS[1], 0, -1)
for _, id in ipairs(ids) do
  redis.call('DEL', ARGV[1] .. id)
end
redis.call('DEL', KEYS[1])
return ids
";

/// Why there is no next token.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// No such session, or it is over.
    #[error("no such session")]
    Unknown,
    /// The token was used before: its family is dead now.
    #[error("a refresh token was used twice")]
    Reused {
        /// Whether nobody has noticed before.
        first: bool,
    },
    #[error(transparent)]
    Redis(#[from] RedisError),
}

/// The sessions of everybody.
#[derive(Clone)]
pub struct Sessions {
    redis: Redis,
    access: Access,
    clock: Clock,
    ids: Ids,
}

impl Sessions {
    /// Kept in this Redis.
    #[must_use]
    pub fn new(redis: Redis, access: Access, clock: Clock, ids: Ids) -> Self {
        Self { redis, access, clock, ids }
    }

    /// Begins a session, as of this second.
    pub async fn open(&self, user: UserId, began: i64) -> Result<RefreshToken, SessionError> {
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
            .arg(began)
            .invoke_async(&mut self.redis.connection())
            .await?;
        Ok(token)
    }

    /// Takes a token and gives the next one, unless its session began before this second. Each is taken once; one that
    /// comes again ends its session, access tokens included.
    pub async fn rotate(&self, token: &RefreshToken, not_before: i64) -> Result<RefreshToken, SessionError> {
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
            .arg(not_before)
            .arg(REUSED_FOR)
            .invoke_async(&mut self.redis.connection())
            .await?;
        match answer.as_str() {
            "rotated" => Ok(next),
            "reused" | "reused before" => {
                // It is told all the same: the next time would not be the first.
                if let Err(error) = self.access.end_sessions(token.user, &[id]).await {
                    tracing::warn!(%error, user = %token.user, "failed to revoke a stolen session; its access token is valid until it expires");
                }
                Err(SessionError::Reused { first: answer == "reused" })
            }
            _ => Err(SessionError::Unknown),
        }
    }

    /// Ends one session. Its tokens are taken away first: whoever gets no answer can ask again.
    pub async fn close(&self, user: UserId, session: Uuid) -> Result<(), SessionError> {
        let () = redis::pipe()
            .atomic()
            .del(self.session(user, session))
            .zrem(self.all(user), session.to_string())
            .query_async(&mut self.redis.connection())
            .await?;
        self.access.end_sessions(user, &[session]).await?;
        Ok(())
    }

    /// Ends every session of a person, whose row says so already.
    pub async fn close_all(&self, user: UserId) -> Result<(), SessionError> {
        self.access.account_changed(user).await;
        let ids: Vec<String> = Script::new(CLOSE_ALL)
            .key(self.all(user))
            .arg(self.redis.key(&format!("session:{{{user}}}:")))
            .invoke_async(&mut self.redis.connection())
            .await?;
        let ids: Vec<Uuid> = ids.iter().filter_map(|id| id.parse().ok()).collect();
        self.access.end_sessions(user, &ids).await?;
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
