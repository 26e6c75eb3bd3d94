//! Points in time, to the microsecond, because that is what Postgres keeps: what is written is what is read back.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::json;

/// Microseconds since 1970-01-01T00:00:00Z; written as RFC 3339 in UTC with six digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Timestamp(i64);

/// A time outside the years 0001 to 9999, or text that is not RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 time between the years 0001 and 9999")]
pub struct InvalidTimestamp;

/// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999Z: what RFC 3339 can write and Postgres can keep.
const RANGE: std::ops::RangeInclusive<i64> = -62_135_596_800_000_000..=253_402_300_799_999_999;

impl Timestamp {
    /// A time from microseconds since the epoch; `None` outside the years 0001 to 9999.
    #[must_use]
    pub fn from_micros(micros: i64) -> Option<Self> {
        RANGE.contains(&micros).then_some(Self(micros))
    }

    /// So much later; the latest time that there is, at most.
    #[must_use]
    pub fn plus(self, duration: std::time::Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self::from_micros(self.as_micros().saturating_add(micros)).unwrap_or(self)
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub fn as_micros(self) -> i64 {
        self.0
    }

    /// The same time for `chrono`.
    #[must_use]
    pub fn to_datetime(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or_default()
    }
}

impl From<DateTime<Utc>> for Timestamp {
    /// Cuts to the microsecond and to the range.
    fn from(time: DateTime<Utc>) -> Self {
        Self(time.timestamp_micros().clamp(*RANGE.start(), *RANGE.end()))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_datetime().to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let time = DateTime::parse_from_rfc3339(text).map_err(|_| InvalidTimestamp)?;
        Self::from_micros(time.timestamp_micros()).ok_or(InvalidTimestamp)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        json::word(deserializer, "an RFC 3339 time", |text| text.parse().ok())
    }
}

impl JsonSchema for Timestamp {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "format": "date-time"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_and_read_back_to_the_microsecond() {
        let time: Timestamp = "2004-11-15T03:00:00.1234567+01:00".parse().expect("a time");
        assert_eq!(time.to_string(), "2004-11-15T02:00:00.123456Z");
        assert_eq!(time.to_string().parse(), Ok(time));
    }

    #[test]
    fn a_leap_second_is_the_second_after_it_as_in_postgres() {
        let time: Timestamp = "2016-12-31T23:59:60.5Z".parse().expect("a time");
        assert_eq!(time.to_string(), "2017-01-01T00:00:00.500000Z");
    }

    #[test]
    fn cuts_to_the_microsecond_before_the_epoch_too() {
        let time: Timestamp = "1969-12-31T23:59:59.9999999Z".parse().expect("a time");
        assert_eq!(time.to_string(), "1969-12-31T23:59:59.999999Z");
    }

    #[test]
    fn refuses_what_postgres_could_not_keep() {
        for time in [
            "+12000-01-01T00:00:00Z",
            "0000-01-01T00:00:00Z",
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-00:01",
            "9999-12-31T23:59:60Z",
            "2026-02-30T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01",
            "2026-01-01T00:00:00",
            "",
        ] {
            assert_eq!(time.parse::<Timestamp>(), Err(InvalidTimestamp), "{time}");
        }
        assert_eq!(Timestamp::from_micros(i64::MAX), None);
    }
}
