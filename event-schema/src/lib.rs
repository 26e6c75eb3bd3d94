//! The log's language: every event Chatlog writes or reads, and nothing else.
//!
//! This crate is the only place that knows the bytes: event types, id newtypes, limits, rules, partition keys, the topic
//! table, JSON Schemas, the AsyncAPI document and the upcasters from older versions. It does no I/O and reads neither
//! clock nor randomness: callers pass both in.
//!
//! Start at [`event::Payload`] for what can happen, at [`record`] for how it looks in Kafka, at [`rules`] for who may.
#![warn(missing_docs)]

pub mod admin;
pub mod asyncapi;
mod decode_error;
pub mod envelope;
pub mod event;
pub mod ids;
mod json;
pub mod limits;
pub mod mail;
pub mod message;
pub mod receipt;
pub mod record;
pub mod reference;
pub mod registration;
pub mod rejection;
pub mod room;
pub mod rules;
pub mod samples;
pub mod schema;
pub mod security;
pub mod setting;
pub mod text;
pub mod time;
pub mod topics;
pub mod upcast;
pub mod user;
mod words;

pub use envelope::{ClientKind, Envelope};
pub use event::{Event, EventType, Payload};
pub use ids::{CommandId, EventId, MailRequestId, MessageId, RegistrationId, RoomId, SessionId, UserId, WorkspaceId};
pub use text::Text;
pub use time::Timestamp;
pub use topics::Topic;
