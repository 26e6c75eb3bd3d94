//! The system as a whole: over HTTP and its topics ([`api`]), and what becomes of it when its parts are killed.
#![expect(clippy::print_stdout, reason = "shown when a test fails")]

mod api;
mod drain;
mod faults;
mod freezes;
mod joining;
mod lost_tables;
mod model;
mod sessions_without_redis;
mod sign_up;
mod sign_up_faults;
