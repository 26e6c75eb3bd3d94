//! What an administrator may ask of the log in the query string, checked without I/O; every refusal names the parameter.

use std::str::FromStr;
use std::time::Duration;

use api_kit::Problem;
use api_kit::extract::{self, invalid};
use event_schema::{Timestamp, UserId};
use platform::Kafka;
use platform::log_explorer::{self, Ask, Bounds, Filter, Order, Start};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::params;

/// Records on a page when nothing is said, and at most.
const LIMIT: (u16, u16) = (50, 200);
/// The work for one page, beside which others have theirs.
const BOUNDS: Bounds = Bounds { records: 20_000, bytes: 4 * 1024 * 1024, time: Duration::from_secs(5) };
/// Words in one parameter, and characters of one word.
const WORDS: usize = 20;
const WORD_CHARS: usize = 200;

/// Query of the log in pages.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventsParams {
    /// Only these topics, with commas between them.
    #[param(example = "chat.rooms,chat.users")]
    topic: Option<String>,
    /// Only this partition.
    #[param(value_type = Option<i32>, minimum = 0)]
    partition: Option<String>,
    /// Only these offsets, of one partition: `1200` is that one, `1200..1300` ends before 1300, `1200..` and `..1300` have
    /// one end.
    #[param(example = "1200..1300")]
    offset: Option<String>,
    /// Only records written to the log at this time (RFC 3339) or later, by Kafka's clock. Not the events' own time
    /// (`ce_time`): imported events were written when they were imported.
    #[param(format = DateTime)]
    from: Option<String>,
    /// Only records written before this time (RFC 3339), by Kafka's clock.
    #[param(format = DateTime)]
    to: Option<String>,
    /// Only records with this key: a room, a user, a setting's name.
    key: Option<String>,
    /// Only events of these types, with commas between them: `chat.message.posted.v1`, without its version, or `posted`.
    #[param(example = "posted,edited")]
    #[serde(rename = "type")]
    #[param(rename = "type")]
    types: Option<String>,
    /// Only events that this person caused.
    #[param(value_type = Option<Uuid>)]
    actor: Option<String>,
    /// Records on the page, 1 to 200; 50 when absent.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50)]
    limit: Option<String>,
    /// A cursor (`next` of a page): the records after it, with the same filters and order.
    after: Option<String>,
    /// `newest` first (the default) or `oldest` first.
    #[param(value_type = Option<String>, example = "newest")]
    order: Option<String>,
}

/// Query of the log as it grows.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TailParams {
    /// Only these topics, with commas between them.
    #[param(example = "chat.rooms,chat.users")]
    topic: Option<String>,
    /// Only this partition.
    #[param(value_type = Option<i32>, minimum = 0)]
    partition: Option<String>,
    /// Begin with what was written to the log at this time (RFC 3339), by Kafka's clock; with what is written next when
    /// absent.
    #[param(format = DateTime)]
    from: Option<String>,
    /// Only records with this key: a room, a user, a setting's name.
    key: Option<String>,
    /// Only events of these types, with commas between them: `chat.message.posted.v1`, without its version, or `posted`.
    #[param(example = "posted,edited")]
    #[serde(rename = "type")]
    #[param(rename = "type")]
    types: Option<String>,
    /// Only events that this person caused.
    #[param(value_type = Option<Uuid>)]
    actor: Option<String>,
}

impl EventsParams {
    /// What is asked for.
    pub fn check(self, kafka: &Kafka) -> Result<Ask, Problem> {
        let (from, to) = (params::time("from", self.from.as_deref())?, params::time("to", self.to.as_deref())?);
        if let (Some(from), Some(to)) = (from, to)
            && from > to
        {
            return Err(invalid("from", "is later than `to`"));
        }
        let order = self.order.as_deref().map_or(Some(Order::default()), Order::from_word);
        let limit = extract::limit(self.limit.as_deref(), LIMIT)?;
        let filter = filter(kafka, self.topic, self.partition, self.key, self.types, self.actor)?;
        Ok(Ask {
            filter: Filter { offsets: parsed("offset", self.offset)?, from, to, ..filter },
            order: order.ok_or_else(|| invalid("order", "is `newest` or `oldest`"))?,
            limit: limit.into(),
            after: self.after,
            bounds: BOUNDS,
        })
    }
}

impl TailParams {
    /// What is asked for, and from where on; `last` is what the client got last.
    pub fn check(self, kafka: &Kafka, last: Option<&str>) -> Result<(Filter, Start), Problem> {
        let from: Option<Timestamp> = params::time("from", self.from.as_deref())?;
        let start = match (last, from) {
            (Some(last), _) => Start::Cursor(last.to_owned()),
            (None, Some(from)) => Start::Time(from),
            (None, None) => Start::End,
        };
        Ok((filter(kafka, self.topic, self.partition, self.key, self.types, self.actor)?, start))
    }
}

fn filter(
    kafka: &Kafka,
    topics: Option<String>,
    partition: Option<String>,
    key: Option<String>,
    types: Option<String>,
    actor: Option<String>,
) -> Result<Filter, Problem> {
    let topics = words("topic", topics)?.into_iter().map(|name| Ok(log_explorer::topic(kafka, &name)?));
    let topics = topics.collect::<Result<_, Problem>>()?;
    let partition: Option<u16> = parsed("partition", partition)?;
    if key.as_ref().is_some_and(|key| key.chars().count() > WORD_CHARS) {
        return Err(Problem::limit_exceeded("key", WORD_CHARS as u64, "`key` is longer than any key"));
    }
    let actor: Option<UserId> = parsed("actor", actor)?;
    Ok(Filter {
        topics,
        partition: partition.map(i32::from),
        key,
        types: words("type", types)?,
        actor,
        ..Filter::default()
    })
}

fn parsed<T: FromStr<Err: std::fmt::Display>>(field: &'static str, text: Option<String>) -> Result<Option<T>, Problem> {
    text.map(|text| text.parse()).transpose().map_err(|error: T::Err| {
        let error = error.to_string();
        invalid(field, if error.starts_with("is ") { error } else { format!("is not valid: {error}") })
    })
}

fn words(field: &'static str, text: Option<String>) -> Result<Vec<String>, Problem> {
    let Some(text) = text else { return Ok(Vec::new()) };
    let words: Vec<String> = text.split(',').map(|word| word.trim().to_owned()).collect();
    if words.len() > WORDS {
        let detail = format!("`{field}` has more than {WORDS} words");
        return Err(Problem::limit_exceeded(field, WORDS as u64, detail));
    }
    if words.iter().any(|word| word.is_empty() || word.chars().count() > WORD_CHARS) {
        return Err(invalid(field, format!("has an empty word, or one of more than {WORD_CHARS} characters")));
    }
    Ok(words)
}
