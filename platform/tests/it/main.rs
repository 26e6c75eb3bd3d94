//! The platform against real servers.

mod access;
mod browse;
mod cookies;
mod extract;
mod faults;
mod http;
mod kafka;
mod outbox;
mod progress;
mod rate;
mod readmodel;
mod redis;
mod settings;
mod support;
mod tokens;
