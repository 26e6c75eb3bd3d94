//! What every process of Chatlog needs, whatever its role: settings, telemetry, lifecycle and health; clients of Kafka,
//! Postgres and Redis; the outbox and its relay. Nothing here knows what a chat is, or speaks the API.
//!
//! Start at [`Platform`]: it is connected once per process and cheap to clone. [`settings::parse`] reads the settings it
//! needs, [`lifecycle::Lifecycle`] ends what was started.

pub mod audit;
pub mod backoff;
pub mod clock;
pub mod codes;
pub mod foreign_records;
pub mod health;
pub mod internal;
pub mod kafka;
pub mod leases;
pub mod lifecycle;
pub mod log_explorer;
pub mod outbox;
pub mod platform;
pub mod postgres;
pub mod redis;
pub mod settings;
pub mod telemetry;
pub mod terminal;

pub use crate::backoff::Backoff;
pub use crate::clock::{Clock, Ids};
pub use crate::codes::Codes;
pub use crate::health::{Health, HealthCheck};
pub use crate::kafka::{Delivery, Kafka, LogId, RecordMetadata, SendError};
pub use crate::lifecycle::Lifecycle;
pub use crate::outbox::Outbox;
pub use crate::platform::{Platform, StartError};
pub use crate::redis::Redis;
pub use crate::settings::PlatformSettings;
