//! The platform against real servers.

mod faults;
mod kafka;
mod leases;
mod log_explorer;
mod outbox;
mod redis;
mod settings;
