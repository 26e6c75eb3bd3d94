//! What an administrator may ask of the past in the query string; every refusal names the parameter.

use event_schema::Timestamp;
use platform::Problem;
use serde::Deserialize;
use utoipa::IntoParams;

/// Messages in an answer when nothing is said, and at most.
const LIMIT: (usize, usize) = (50, 1_000);

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
            return Err(Problem::invalid("from", "`from` is later than `to`"));
        }
        Ok((from, to, limit(self.limit.as_deref())?))
    }
}

fn time(field: &'static str, text: &str) -> Result<Timestamp, Problem> {
    // In a query string an unescaped `+` means a space, before a time's offset.
    let parsed = text.parse().or_else(|error| match text.rsplit_once(' ') {
        Some((time, offset)) => format!("{time}+{offset}").parse(),
        None => Err(error),
    });
    parsed.map_err(|error| Problem::invalid(field, format!("`{field}` is {error}")))
}

fn limit(text: Option<&str>) -> Result<usize, Problem> {
    let Some(text) = text else { return Ok(LIMIT.0) };
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse::<usize>() {
        Ok(limit) if is_number && (1..=LIMIT.1).contains(&limit) => Ok(limit),
        Ok(1..) | Err(_) if is_number => {
            let detail = format!("`limit` is more than {}, the most in one answer", LIMIT.1);
            Err(Problem::limit_exceeded("limit", LIMIT.1 as u64, detail))
        }
        _ => Err(Problem::invalid("limit", format!("`limit` is not a whole number from 1 to {}", LIMIT.1))),
    }
}
