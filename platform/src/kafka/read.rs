//! Records as the client gives them, read as events.
//!
//! The client panics on names of headers that are not UTF-8, although Kafka takes them from anybody: whoever looks at headers
//! does so here.

use std::panic::{AssertUnwindSafe, catch_unwind};

use event_schema::envelope::header;
use event_schema::record::{DecodeError, NotAnEvent};
use event_schema::{Event, EventId, Topic, record};
use rdkafka::Message as _;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers as _};

/// A header's name, and its value if it has one.
pub type Header<'a> = (&'a str, Option<&'a [u8]>);

/// The event that a record is.
pub fn read(topic: Topic, message: &BorrowedMessage<'_>) -> Result<Event, DecodeError> {
    record::decode(topic, message.key(), headers(message)?.into_iter(), message.payload())
}

/// The event that a record is, or what it is instead.
pub fn classify(topic: Topic, message: &BorrowedMessage<'_>) -> Result<Event, NotAnEvent> {
    let headers = headers(message).map_err(|error| NotAnEvent::Foreign(error.to_string()))?;
    record::classify(topic, message.key(), &headers, message.payload())
}

/// The event id of a record that need not be readable otherwise.
#[must_use]
pub fn id_of(message: &BorrowedMessage<'_>) -> Option<EventId> {
    std::str::from_utf8(header_of(message, header::ID)?).ok()?.parse().ok()
}

/// The first header of this name, if it has a value and the names up to it are readable.
#[must_use]
pub fn header_of<'a>(message: &'a BorrowedMessage<'_>, name: &str) -> Option<&'a [u8]> {
    guarded(|| each(message).find(|header| header.0 == name)).ok()??.1
}

/// All headers, in their order.
pub fn headers<'a>(message: &'a BorrowedMessage<'_>) -> Result<Vec<Header<'a>>, DecodeError> {
    guarded(|| each(message).collect())
}

fn each<'a>(message: &'a BorrowedMessage<'_>) -> impl Iterator<Item = Header<'a>> {
    let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
    headers.map(|header| (header.key, header.value))
}

fn guarded<T>(look: impl FnOnce() -> T) -> Result<T, DecodeError> {
    let problem = |_| DecodeError::Malformed { place: "headers", problem: "a name is not UTF-8".to_owned() };
    catch_unwind(AssertUnwindSafe(look)).map_err(problem)
}

/// Whether the brokers say that the log does not hold the offset that was asked for.
#[must_use]
pub fn is_out_of_range(error: &KafkaError) -> bool {
    let code = error.rdkafka_error_code();
    matches!(code, Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange))
}
