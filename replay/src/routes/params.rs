//! What an administrator may ask of the past in the query string; every refusal names the parameter.

use api_kit::Problem;
use api_kit::extract::{self, invalid, time};
use event_schema::Timestamp;
use serde::Deserialize;
use utoipa::IntoParams;

/// Messages in an answer when nothing is said, and at most.
const LIMIT: (u16, u16) = (50, 1_000);

/// Query of a room as it was.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AtParams {
    /// As of then (RFC 3339), by the room's own time, which never goes back; now when absent.
    #[param(format = DateTime)]
    at: Option<String>,
    /// Messages in the answer, the newest, 1 to 1000; 50 when absent.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 1000, default = 50)]
    limit: Option<String>,
}

/// Query of what became of a room.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct DiffParams {
    /// The earlier time (RFC 3339).
    #[param(format = DateTime)]
    from: String,
    /// The later time (RFC 3339); now when absent.
    #[param(format = DateTime)]
    to: Option<String>,
    /// Messages in the answer, the first that changed, 1 to 1000; 50 when absent.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 1000, default = 50)]
    limit: Option<String>,
}

impl AtParams {
    /// As of when, and how many messages.
    pub(super) fn check(&self, now: Timestamp) -> Result<(Timestamp, usize), Problem> {
        let at = self.at.as_deref().map_or(Ok(now), |text| time("at", text))?;
        Ok((at, limit(self.limit.as_deref())?))
    }
}

impl DiffParams {
    /// From when to when, and how many messages.
    pub(super) fn check(&self, now: Timestamp) -> Result<(Timestamp, Timestamp, usize), Problem> {
        let from = time("from", &self.from)?;
        let to = self.to.as_deref().map_or(Ok(now), |text| time("to", text))?;
        if from > to {
            return Err(invalid("from", "is later than `to`"));
        }
        Ok((from, to, limit(self.limit.as_deref())?))
    }
}

fn limit(text: Option<&str>) -> Result<usize, Problem> {
    extract::limit(text, LIMIT).map(usize::from)
}
