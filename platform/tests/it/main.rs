//! The platform against real servers.

mod faults;
mod kafka;
mod log_explorer;
mod outbox;
mod redis;
mod settings;
