//! What a reader may ask for in the query string, as it comes and as it is documented; [`checks`] says what makes sense.

mod checks;

use serde::Deserialize;
use utoipa::IntoParams;

pub use checks::{At, HistoryQuery, after, limit, time};

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
    pub limit: Option<String>,
    /// A cursor (`next` of a page): the items after it.
    pub after: Option<String>,
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
    pub limit: Option<String>,
    /// A cursor (`next` of a page): the items after it.
    pub after: Option<String>,
}

/// Query of the sign-ups in pages.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RegistrationsParams {
    /// Items on the page, 1 to 1000; 50 when absent.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 1000, default = 50)]
    pub limit: Option<String>,
    /// A cursor (`next` of a page): the items after it.
    pub after: Option<String>,
    /// Only those: `pending`, `registered` or `rejected`.
    status: Option<String>,
}

/// Query of the mails in pages.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MailsParams {
    /// Items on the page, 1 to 1000; 50 when absent.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 1000, default = 50)]
    pub limit: Option<String>,
    /// A cursor (`next` of a page): the items after it.
    pub after: Option<String>,
    /// Only those: `waiting`, `sending`, `sent`, `parked` or `dropped`.
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
    pub limit: Option<String>,
    /// A cursor (`next` of a page): what comes after it.
    pub after: Option<String>,
    /// A position: the answer includes what it stands for, or is 503 `behind`.
    #[expect(dead_code, reason = "read by the Reader extractor before the handler; here it is named and documented")]
    at_least: Option<String>,
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
