//! Answers to repeated commands, kept in Redis for ten minutes and given again byte for byte.
//!
//! This is a convenience, not the promise: a repeated command has one effect because its ids derive from its key and the
//! fold drops an id it has seen. So everything here may fail: without Redis commands are simply done again.

mod entry;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use api_kit::Problem;
use http::StatusCode;
use platform::{Clock, Redis};
use redis::{RedisError, Script};

pub use entry::{Entry, Fingerprint};

use crate::answer::CommandAnswer;
use crate::command::Command;

/// How long an answer is kept, in milliseconds: as long as clients repeat what they got no answer to. A later repetition is done
/// again, with the same ids, and the fold drops it; and a user within the rate limits could fill Redis with more.
const KEPT_MS: i64 = 10 * 60 * 1000;
/// How long a command may be in progress: as long as the log may take, in milliseconds. What it leaves behind when its
/// process dies keeps a repetition waiting no longer than this.
const IN_PROGRESS_MS: i64 = 10_000;
/// After Redis failed, commands do without it for this long.
const AWAY_MICROS: i64 = 1_000_000;

/// The first answer stays, whoever comes second (`D` is the first byte of an answer).
const FINISH: &str = r"
local first = redis.call('GET', KEYS[1])
if first and string.sub(first, 1, 1) == 'D' then return first end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return false
";

const RELEASE: &str = r"
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
";

#[derive(Clone)]
pub struct Idempotency {
    redis: Redis,
    clock: Clock,
    away_until: Arc<AtomicI64>,
}

/// Where a command stands when it arrives.
enum Begun {
    /// It is the first under its key.
    First(Box<Marker>),
    Answered(CommandAnswer),
    /// Nobody can say: it is done without the store.
    Unknown,
}

impl Idempotency {
    /// Kept in this Redis.
    #[must_use]
    pub fn new(redis: Redis, clock: Clock) -> Self {
        Self { redis, clock, away_until: Arc::default() }
    }

    /// Does a command, or gives the answer that it got before. Refusals and failures are not kept: what refused it may
    /// have changed when it comes again.
    pub async fn answer(
        &self,
        command: &Command,
        fingerprint: Option<Fingerprint>,
        work: impl Future<Output = Result<CommandAnswer, Problem>>,
    ) -> Result<CommandAnswer, Problem> {
        let Some(fingerprint) = fingerprint else { return work.await };
        match self.begin(command, fingerprint).await? {
            Begun::Answered(answer) => Ok(answer),
            Begun::Unknown => work.await,
            Begun::First(marker) => {
                let answer = work.await?;
                Ok(marker.finish(answer).await)
            }
        }
    }

    async fn begin(&self, command: &Command, fingerprint: Fingerprint) -> Result<Begun, Problem> {
        if self.is_away() {
            return Ok(Begun::Unknown);
        }
        let key = self.redis.key(&format!("idempotency:{}", command.id()));
        let bytes = Entry::InProgress { fingerprint, owner: command.new_owner() }.to_bytes();
        let before: Result<Option<Vec<u8>>, RedisError> = redis::cmd("SET")
            .arg(&key)
            .arg(&bytes)
            .arg("NX")
            .arg("GET")
            .arg("PX")
            .arg(IN_PROGRESS_MS)
            .query_async(&mut self.redis.connection())
            .await;
        let before = match before {
            Ok(Some(before)) => before,
            Ok(None) => {
                return Ok(Begun::First(Box::new(Marker {
                    store: self.clone(),
                    key,
                    fingerprint,
                    bytes: Some(bytes),
                })));
            }
            Err(error) => {
                self.went_away(&error);
                return Ok(Begun::Unknown);
            }
        };
        match Entry::from_bytes(&before) {
            Some(Entry::Done { fingerprint: first, .. } | Entry::InProgress { fingerprint: first, .. })
                if first != fingerprint =>
            {
                Err(reused())
            }
            Some(Entry::Done { answer, .. }) => Ok(Begun::Answered(answer)),
            Some(Entry::InProgress { .. }) => Err(in_progress()),
            None => Ok(Begun::Unknown),
        }
    }

    fn is_away(&self) -> bool {
        self.clock.now().as_micros() < self.away_until.load(Ordering::Relaxed)
    }

    fn went_away(&self, error: &RedisError) {
        tracing::warn!(%error, "Redis unavailable; answers are not cached");
        metrics::counter!("command_api_idempotency_unavailable_total").increment(1);
        self.away_until.store(self.clock.now().as_micros() + AWAY_MICROS, Ordering::Relaxed);
    }
}

/// A command in progress. Dropped without an answer (an error, a client that hung up) it makes room for a repetition.
struct Marker {
    store: Idempotency,
    key: String,
    fingerprint: Fingerprint,
    bytes: Option<Vec<u8>>,
}

impl Marker {
    /// Keeps the answer; if a repetition was quicker, its answer is everybody's.
    async fn finish(mut self, answer: CommandAnswer) -> CommandAnswer {
        let entry = Entry::Done { fingerprint: self.fingerprint, answer: answer.clone() };
        let first: Result<Option<Vec<u8>>, RedisError> = Script::new(FINISH)
            .key(&self.key)
            .arg(entry.to_bytes())
            .arg(KEPT_MS)
            .invoke_async(&mut self.store.redis.connection())
            .await;
        match first {
            Ok(first) => {
                self.bytes = None;
                if let Some(Entry::Done { answer, .. }) = first.and_then(|first| Entry::from_bytes(&first)) {
                    return answer;
                }
            }
            Err(error) => self.store.went_away(&error),
        }
        answer
    }
}

impl Drop for Marker {
    fn drop(&mut self) {
        let Some(bytes) = self.bytes.take() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (redis, key) = (self.store.redis.clone(), std::mem::take(&mut self.key));
        runtime.spawn(async move {
            let script = Script::new(RELEASE);
            let released = script.key(key).arg(bytes).invoke_async::<i64>(&mut redis.connection()).await;
            if let Err(error) = released {
                tracing::debug!(%error, "a marker is left to expire");
            }
        });
    }
}

/// Tells whether two requests say the same; `None` for a command without a key, which nobody repeats.
#[must_use]
pub fn fingerprint(command: &Command, request: &impl serde::Serialize) -> Option<Fingerprint> {
    if !command.is_keyed() {
        return None;
    }
    let mut hasher = blake3::Hasher::new_derive_key("chatlog v1 fingerprint of a request");
    // A request that was read from JSON can be written as JSON; if not, its repetition is refused, never mixed up.
    let _ = serde_json::to_writer(&mut hasher, request);
    let mut fingerprint = Fingerprint::default();
    hasher.finalize_xof().fill(&mut fingerprint);
    Some(fingerprint)
}

/// The problem of a key that came with another body before.
#[must_use]
pub fn reused() -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency-key-reused", "Idempotency key reused")
        .detail("The key came with another body before; a new command needs a new key.")
}

fn in_progress() -> Problem {
    Problem::new(StatusCode::CONFLICT, "in-progress", "Request already in progress")
        .detail("An earlier request under this key has not been answered yet; try again.")
        .retry_after(1)
}
