//! The command API over HTTP on real servers. No projector runs: what it would have folded, tests write themselves.

mod api;
mod given;

mod changes;
mod coverage;
mod hostile;
mod idempotency;
mod log;
mod members;
mod mentions;
mod messages;
mod outages;
mod read;
mod registrations;
mod rooms;
mod sessions;
mod users;
mod waiting;
