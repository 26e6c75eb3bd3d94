//! What a reader asks for, checked without I/O; every refusal names the parameter.

use api_kit::Problem;
use api_kit::extract::{self, invalid};
use event_schema::{MessageId, RoomId, Timestamp, UserId};

use super::{ChangesParams, FriendsParams, HistoryParams, IdsParams, MailsParams, RegistrationsParams, ThreadParams};
use crate::cursor::{self, InvalidCursor};

/// Items on a page when nothing is said, and at most.
const LIMIT: (u16, u16) = (50, 1_000);
/// The most ids in one request for several things.
const MAX_IDS: usize = 100;

/// The number of items on a page.
pub fn limit(text: Option<&str>) -> Result<i64, Problem> {
    extract::limit(text, LIMIT).map(i64::from)
}

/// The place that `after` stands at; `start` is before every other.
pub fn after<T>(
    text: Option<&str>,
    parse: impl FnOnce(&str) -> Result<T, InvalidCursor>,
    start: T,
) -> Result<T, Problem> {
    text.map_or(Ok(start), |text| parse(text).map_err(|error| invalid("after", error)))
}

/// A point in time, where one is named.
pub fn time(field: &'static str, text: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    text.map(|text| extract::time(field, text)).transpose()
}

/// A query of a room's history that makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryQuery {
    /// Messages on the page.
    pub limit: i64,
    /// Where the page lies.
    pub at: At,
    pub from: Option<Timestamp>,
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

impl RegistrationsParams {
    /// What they must be.
    pub fn status(&self) -> Result<Option<&str>, Problem> {
        match self.status.as_deref() {
            status @ (None | Some("pending" | "registered" | "rejected")) => Ok(status),
            Some(_) => Err(invalid("status", "is neither `pending` nor `registered` nor `rejected`")),
        }
    }
}

impl MailsParams {
    /// Where they must stand.
    pub fn status(&self) -> Result<Option<&str>, Problem> {
        match self.status.as_deref() {
            status @ (None | Some("waiting" | "sending" | "sent" | "parked" | "dropped")) => Ok(status),
            Some(_) => Err(invalid("status", "is none of `waiting`, `sending`, `sent`, `parked` and `dropped`")),
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

impl FriendsParams {
    /// Whether it is about those who would be friends.
    pub fn incoming(&self) -> Result<bool, Problem> {
        match self.incoming.as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(invalid("incoming", "is neither `true` nor `false`")),
        }
    }
}
