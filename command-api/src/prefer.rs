//! `Prefer: wait=N` (RFC 7240 §4.3): how long a client is willing to wait for the fold.

use std::time::Duration;

use http::{HeaderMap, HeaderName};

pub const PREFER: HeaderName = HeaderName::from_static("prefer");
/// The answer's header, which says that the preference was followed.
pub const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
/// Nobody waits longer than this; who asks for more waits this long.
pub const LONGEST: Duration = Duration::from_secs(10);

/// The time that a client wants to wait, capped. What is not understood is not preferred (RFC 7240 §2).
#[must_use]
pub fn wait(headers: &HeaderMap) -> Option<Duration> {
    headers
        .get_all(PREFER)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .find_map(|preference| {
            let (name, value) = preference.split(';').next()?.split_once('=')?;
            if !name.trim().eq_ignore_ascii_case("wait") {
                return None;
            }
            let seconds: u64 = value.trim().trim_matches('"').parse().ok()?;
            Some(Duration::from_secs(seconds).min(LONGEST))
        })
        .filter(|wait| !wait.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[&str]) -> Option<u64> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(PREFER, value.parse().expect("a header"));
        }
        wait(&headers).map(|wait| wait.as_secs())
    }

    #[test]
    fn finds_wait_among_other_preferences() {
        assert_eq!(of(&["wait=2"]), Some(2));
        assert_eq!(of(&["respond-async, Wait = \"3\"; foo=bar"]), Some(3));
        assert_eq!(of(&["return=minimal", "wait=4"]), Some(4));
    }

    #[test]
    fn nobody_waits_for_ever() {
        assert_eq!(of(&["wait=86400"]), Some(10));
    }

    #[test]
    fn what_is_not_understood_is_not_preferred() {
        for value in ["", "wait", "wait=", "wait=soon", "wait=-1", "wait=0", "waiting=2"] {
            assert_eq!(of(&[value]), None, "{value}");
        }
    }
}
