//! The tokens in Redis: one key a bucket, the time at which it will have drained; it expires then.

use std::sync::LazyLock;

use platform::redis::Redis;
use redis::{RedisError, Script};

use super::level::{Level, Rate};

/// [`Level::take`] by Redis's own clock, so that the clocks of the processes need not agree.
static TAKE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local step, full, want = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local used = tonumber(redis.call('GET', KEYS[1]) or now) - now
used = math.max(0, math.min(used, full))
local granted = math.min(want, math.floor((full - used) / step))
used = used + granted * step
if granted > 0 then
  redis.call('SET', KEYS[1], string.format('%.0f', now + used), 'PX', math.ceil(used / 1000))
end
return {granted, used}
",
    )
});

/// Takes up to `want` tokens: how many there were, and the level then.
pub(super) async fn take(redis: &Redis, key: &str, rate: Rate, want: u32) -> Result<(u32, Level), RedisError> {
    let mut call = TAKE.prepare_invoke();
    call.key(key).arg(rate.step_micros()).arg(rate.full_micros()).arg(want);
    let (granted, used_micros): (u32, i64) = call.invoke_async(&mut redis.connection()).await?;
    Ok((granted, Level { used_micros }))
}
