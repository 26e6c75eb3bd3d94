//! What every service shares: settings, telemetry, clients of Kafka, Postgres and Redis, tokens, the outbox and its relay,
//! problems, health, shutdown. Nothing here knows what a chat is; services never import each other, only this.
//!
//! Start at [`Platform`]: it is connected once per process and cheap to clone. [`settings::parse`] reads the settings it
//! needs, [`lifecycle::Lifecycle`] ends what was started, [`testing::TestPlatform`] gives a test servers of its own.

pub mod access;
pub mod admin;
pub mod auth;
pub mod browse;
pub mod clock;
pub mod codes;
pub mod cookies;
pub mod csrf;
pub mod documented;
pub mod extract;
pub mod health;
pub mod http;
pub mod internal;
pub mod kafka;
pub mod lifecycle;
pub mod outbox;
pub mod platform;
pub mod position;
pub mod postgres;
pub mod problem;
pub mod progress;
pub mod push;
pub mod rate;
pub mod readmodel;
pub mod rebuilds;
pub mod redis;
pub mod service;
pub mod settings;
pub mod share;
pub mod telemetry;
pub mod terminal;
pub mod testing;
pub mod tokens;
pub mod waiters;

pub use crate::access::{Access, SessionWatch};
pub use crate::admin::Admin;
pub use crate::auth::Caller;
pub use crate::clock::{Clock, Ids};
pub use crate::codes::Codes;
pub use crate::health::{Health, HealthCheck};
pub use crate::kafka::{Delivery, Kafka, Placed, SendError};
pub use crate::lifecycle::Lifecycle;
pub use crate::outbox::Outbox;
pub use crate::platform::{Platform, StartError};
pub use crate::position::{LogId, Position};
pub use crate::problem::Problem;
pub use crate::progress::{Progress, WaitError};
pub use crate::rate::RateLimits;
pub use crate::readmodel::ReadModel;
pub use crate::redis::Redis;
pub use crate::settings::{HttpSettings, PlatformSettings};
pub use crate::tokens::Keyring;
pub use crate::waiters::Waiters;
