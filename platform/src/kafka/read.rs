//! Records as the client gives them, read as events.

use std::panic::{AssertUnwindSafe, catch_unwind};

use event_schema::envelope::header;
use event_schema::{Event, EventId, Topic, record};
use rdkafka::Message as _;
use rdkafka::message::{BorrowedMessage, Headers as _};

/// Why a record is no event that this version knows.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// Its bytes are not of the form.
    #[error(transparent)]
    Record(#[from] record::DecodeError),
    /// The client panics on such names, although Kafka takes them from anybody.
    #[error("a header's name is not UTF-8")]
    HeaderName,
}

/// The event that a record is.
pub fn read(topic: Topic, message: &BorrowedMessage<'_>) -> Result<Event, Unreadable> {
    let decoded = catch_unwind(AssertUnwindSafe(|| {
        let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
        let headers = headers.map(|header| (header.key, header.value));
        record::decode(topic, message.key(), headers, message.payload())
    }));
    Ok(decoded.map_err(|_| Unreadable::HeaderName)??)
}

/// The event id of a record that need not be readable otherwise.
#[must_use]
pub fn id_of(message: &BorrowedMessage<'_>) -> Option<EventId> {
    let found = catch_unwind(AssertUnwindSafe(|| {
        let header = message.headers()?.iter().find(|header| header.key == header::ID)?;
        std::str::from_utf8(header.value?).ok()?.parse().ok()
    }));
    found.unwrap_or_default()
}
