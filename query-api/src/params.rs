//! What a reader may ask for in the query string, checked without I/O; every refusal names the parameter.

use event_schema::{MessageId, RoomId, Timestamp, UserId};
use platform::Problem;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::cursor;

/// Items on a page when nothing is said.
pub const DEFAULT_LIMIT: i64 = 50;
/// The most items on a page.
pub const MAX_LIMIT: i64 = 1000;
/// The most ids in one request for several things.
pub const MAX_IDS: usize = 100;

/// Query of a room's history, as it came.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HistoryParams {
    /// Messages on the page, 1 to 1000; 50 when absent.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 1000, default = 50)]
    limit: Option<String>,
    /// A cursor (`next` of a page): the messages next to it, older than it.
    before: Option<String>,
    /// A cursor (`prev` of a page): the messages next to it, newer than it.
    after: Option<String>,
    /// A message's id: the page with this message in its middle.
    #[param(value_type = Option<Uuid>)]
    around: Option<String>,
    /// Only messages created at this time (RFC 3339) or later.
    #[param(format = DateTime)]
    from: Option<String>,
    /// Only messages created before this time (RFC 3339).
    #[param(format = DateTime)]
    to: Option<String>,
    /// A position: the answer includes what it stands for, or is 503 `behind`.
    #[expect(dead_code, reason = "read by the Reader extractor before the handler; here it is named and documented")]
    at_least: Option<String>,
}

/// Query of a list in pages.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListParams {
    /// Items on the page, 1 to 1000; 50 when absent.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 1000, default = 50)]
    limit: Option<String>,
    /// A cursor (`next` of a page): the items after it.
    after: Option<String>,
    /// A position: the answer includes what it stands for, or is 503 `behind`.
    #[expect(dead_code, reason = "read by the Reader extractor before the handler; here it is named and documented")]
    at_least: Option<String>,
}

/// Query of a list in pages, of which positions say nothing.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ParkedParams {
    /// Items on the page, 1 to 1000; 50 when absent.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 1000, default = 50)]
    limit: Option<String>,
    /// A cursor (`next` of a page): the items after it.
    after: Option<String>,
}

/// Query of the sign-ups in pages.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RegistrationsParams {
    /// Items on the page, 1 to 1000; 50 when absent.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 1000, default = 50)]
    limit: Option<String>,
    /// A cursor (`next` of a page): the items after it.
    after: Option<String>,
    /// Only those: `pending`, `registered` or `rejected`.
    status: Option<String>,
}

/// Query of a thread in pages.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ThreadParams {
    /// Messages on the page, 1 to 1000; 50 when absent.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 1000, default = 50)]
    limit: Option<String>,
    /// A cursor (`next` of a page): the replies next to it, older than it.
    before: Option<String>,
    /// A cursor (`prev` of a page): the replies next to it, newer than it.
    after: Option<String>,
    /// A position: the answer includes what it stands for, or is 503 `behind`.
    #[expect(dead_code, reason = "read by the Reader extractor before the handler; here it is named and documented")]
    at_least: Option<String>,
}

/// Query of what happened in a room.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ChangesParams {
    /// The last rev that the reader knows of; 0 when absent.
    #[param(value_type = Option<i64>, minimum = 0, default = 0)]
    after_rev: Option<String>,
    /// Revs in the answer, 1 to 1000; 50 when absent.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 1000, default = 50)]
    limit: Option<String>,
    /// A position: the answer includes what it stands for, or is 503 `behind`.
    #[expect(dead_code, reason = "read by the Reader extractor before the handler; here it is named and documented")]
    at_least: Option<String>,
}

/// Query of an outcome.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OutcomeParams {
    /// The position that the command was answered with.
    pub position: String,
}

/// Query of one thing.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OneParams {
    /// A position: the answer includes what it stands for, or is 503 `behind`.
    #[expect(dead_code, reason = "read by the Reader extractor before the handler; here it is named and documented")]
    at_least: Option<String>,
}

/// Query of friends.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FriendsParams {
    /// `true`: those who have added the reader and whom the reader has not added.
    #[param(value_type = Option<bool>, default = false)]
    incoming: Option<String>,
    /// Items on a page, 1 to 1000; 50 when absent.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 1000, default = 50)]
    limit: Option<String>,
    /// A cursor (`next` of a page): what comes after it.
    after: Option<String>,
    /// A position: the answer includes what it stands for, or is 503 `behind`.
    #[expect(dead_code, reason = "read by the Reader extractor before the handler; here it is named and documented")]
    at_least: Option<String>,
}

impl FriendsParams {
    /// Whether it is about those who would be friends.
    pub fn incoming(&self) -> Result<bool, Problem> {
        match self.incoming.as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(invalid("incoming", "is neither `true` nor `false`")),
        }
    }

    /// The number of items on the page.
    pub fn limit(&self) -> Result<i64, Problem> {
        limit(self.limit.as_deref())
    }

    /// The place that `after` stands at.
    pub fn after<T>(
        &self,
        parse: impl FnOnce(&str) -> Result<T, cursor::InvalidCursor>,
        start: T,
    ) -> Result<T, Problem> {
        self.after.as_deref().map_or(Ok(start), |after| parse(after).map_err(|error| invalid("after", error)))
    }
}

/// Query of several people.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct IdsParams {
    /// Ids with commas between them, at most 100.
    ids: String,
    /// A position: the answer includes what it stands for, or is 503 `behind`.
    #[expect(dead_code, reason = "read by the Reader extractor before the handler; here it is named and documented")]
    at_least: Option<String>,
}

/// A query of a room's history that makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryQuery {
    /// Messages on the page.
    pub limit: i64,
    /// Where the page lies.
    pub at: At,
    /// Inclusive.
    pub from: Option<Timestamp>,
    /// Exclusive.
    pub to: Option<Timestamp>,
}

/// Where a page of history lies, in the reader's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// At the newest message.
    Newest,
    /// On the older side of a seq.
    Before(i64),
    /// On the newer side of a seq.
    After(i64),
    /// Around a message.
    Around(MessageId),
}

impl At {
    /// A short name for metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Before(_) => "before",
            Self::After(_) => "after",
            Self::Around(_) => "around",
        }
    }
}

impl HistoryParams {
    /// Checks every parameter, and which of them go together.
    pub fn check(&self, room: RoomId) -> Result<HistoryQuery, Problem> {
        let given = [
            ("before", self.before.is_some()),
            ("after", self.after.is_some()),
            ("around", self.around.is_some()),
            ("from", self.from.is_some()),
            ("to", self.to.is_some()),
        ];
        let is_given = |name| given.contains(&(name, true));
        for (one, other) in
            [("before", "after"), ("before", "around"), ("after", "around"), ("around", "from"), ("around", "to")]
        {
            if is_given(one) && is_given(other) {
                return Err(invalid(other, format!("`{one}` and `{other}` exclude each other")));
            }
        }
        let cursor = |field, text: &str| cursor::parse_history(room, text).map_err(|error| invalid(field, error));
        let at = match (&self.before, &self.after, &self.around) {
            (Some(before), ..) => At::Before(cursor("before", before)?),
            (_, Some(after), _) => At::After(cursor("after", after)?),
            (.., Some(around)) => {
                At::Around(around.parse().map_err(|_| invalid("around", "is not the id of a message (a UUID)"))?)
            }
            _ => At::Newest,
        };
        let (from, to) = (time("from", self.from.as_deref())?, time("to", self.to.as_deref())?);
        if let (Some(from), Some(to)) = (from, to)
            && from > to
        {
            return Err(invalid("from", "is later than `to`"));
        }
        Ok(HistoryQuery { limit: limit(self.limit.as_deref())?, at, from, to })
    }

    /// The same for a stream of the whole room: what makes pages has no place there.
    pub fn check_stream(&self, room: RoomId) -> Result<HistoryQuery, Problem> {
        let given = [
            ("limit", self.limit.is_some()),
            ("before", self.before.is_some()),
            ("after", self.after.is_some()),
            ("around", self.around.is_some()),
        ];
        match given.into_iter().find(|(_, is_given)| *is_given) {
            Some((field, _)) => Err(invalid(field, "is for pages: a stream holds the whole room, or a range of time")),
            None => self.check(room),
        }
    }
}

impl ListParams {
    /// The number of items on the page.
    pub fn limit(&self) -> Result<i64, Problem> {
        limit(self.limit.as_deref())
    }

    /// The place that `after` stands at.
    pub fn after<T>(
        &self,
        parse: impl FnOnce(&str) -> Result<T, cursor::InvalidCursor>,
        start: T,
    ) -> Result<T, Problem> {
        match &self.after {
            Some(after) => parse(after).map_err(|error| invalid("after", error)),
            None => Ok(start),
        }
    }
}

impl ParkedParams {
    /// The number of items on the page.
    pub fn limit(&self) -> Result<i64, Problem> {
        limit(self.limit.as_deref())
    }

    /// The place that `after` stands at.
    pub fn after<T>(
        &self,
        parse: impl FnOnce(&str) -> Result<T, cursor::InvalidCursor>,
        start: T,
    ) -> Result<T, Problem> {
        self.after.as_deref().map_or(Ok(start), |after| parse(after).map_err(|error| invalid("after", error)))
    }
}

impl RegistrationsParams {
    /// The number of items on the page.
    pub fn limit(&self) -> Result<i64, Problem> {
        limit(self.limit.as_deref())
    }

    /// The place that `after` stands at.
    pub fn after(&self) -> Result<Option<(Timestamp, Uuid)>, Problem> {
        let parse = |after: &String| cursor::parse_registrations(after).map_err(|error| invalid("after", error));
        self.after.as_ref().map(parse).transpose()
    }

    /// What they must be.
    pub fn status(&self) -> Result<Option<&str>, Problem> {
        match self.status.as_deref() {
            status @ (None | Some("pending" | "registered" | "rejected")) => Ok(status),
            Some(_) => Err(invalid("status", "is neither `pending` nor `registered` nor `rejected`")),
        }
    }
}

impl ThreadParams {
    /// Where the page lies among the replies to a message, and how many it holds.
    pub fn check(&self, message: MessageId) -> Result<(At, i64), Problem> {
        let cursor = |field, text: &str| cursor::parse_replies(message, text).map_err(|error| invalid(field, error));
        let at = match (&self.before, &self.after) {
            (Some(_), Some(_)) => return Err(invalid("after", "`before` and `after` exclude each other")),
            (Some(before), None) => At::Before(cursor("before", before)?),
            (None, Some(after)) => At::After(cursor("after", after)?),
            (None, None) => At::Newest,
        };
        Ok((at, limit(self.limit.as_deref())?))
    }
}

impl ChangesParams {
    /// The last rev known, and how many more are wanted.
    pub fn check(&self) -> Result<(i64, i64), Problem> {
        let after = match self.after_rev.as_deref() {
            None => 0,
            Some(text) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => {
                text.parse().map_err(|_| invalid("after_rev", "is no rev of any room"))?
            }
            Some(_) => return Err(invalid("after_rev", "is not a whole number")),
        };
        Ok((after, limit(self.limit.as_deref())?))
    }
}

impl IdsParams {
    /// The ids, each once, in the order in which they came.
    pub fn ids(&self) -> Result<Vec<UserId>, Problem> {
        let mut ids = Vec::new();
        for (index, text) in self.ids.split(',').enumerate() {
            if index == MAX_IDS {
                return Err(Problem::limit_exceeded(
                    "ids",
                    MAX_IDS as u64,
                    format!("`ids` names more than {MAX_IDS} people"),
                ));
            }
            let id = text.trim().parse().map_err(|_| invalid("ids", "are UUIDs with commas between them"))?;
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        Ok(ids)
    }
}

fn limit(text: Option<&str>) -> Result<i64, Problem> {
    limit_of(text, (DEFAULT_LIMIT, MAX_LIMIT))
}

/// Items on a page of a list that has a default and a most of its own.
pub fn limit_of(text: Option<&str>, (default, most): (i64, i64)) -> Result<i64, Problem> {
    let Some(text) = text else { return Ok(default) };
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse::<i64>() {
        Ok(limit) if is_number && (1..=most).contains(&limit) => Ok(limit),
        // What is too long for a number is too many as well.
        Ok(1..) | Err(_) if is_number => Err(Problem::limit_exceeded(
            "limit",
            most.unsigned_abs(),
            format!("`limit` is more than {most}, the most on one page"),
        )),
        _ => Err(invalid("limit", format!("is not a whole number from 1 to {most}"))),
    }
}

/// A point in time.
pub fn time(field: &'static str, text: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = text else { return Ok(None) };
    // In a query string an unescaped `+` means a space: `2026-01-01T00:00:00+09:00` arrives with one before its offset.
    let parsed = text.parse().or_else(|error| match text.rsplit_once(' ') {
        Some((time, offset)) => format!("{time}+{offset}").parse(),
        None => Err(error),
    });
    parsed.map(Some).map_err(|error| invalid(field, format!("is {error}")))
}

/// A refusal that names the parameter.
pub fn invalid(field: &'static str, detail: impl std::fmt::Display) -> Problem {
    let detail = detail.to_string();
    let detail = if detail.starts_with('`') { detail } else { format!("`{field}` {detail}") };
    Problem::invalid(field, detail)
}
