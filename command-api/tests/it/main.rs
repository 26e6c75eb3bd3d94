//! The command API over HTTP on real servers. No projector runs: what it would have folded, tests write themselves.

mod api;
mod given;

mod changes;
mod codes;
mod cookies;
mod coverage;
mod deadlines;
mod ending;
mod friends;
mod hostile;
mod idempotency;
mod log;
mod me;
mod members;
mod mentions;
mod messages;
mod outages;
mod read;
mod registrations;
mod rooms;
mod sessions;
mod sign_up;
mod throttle;
mod users;
mod waiting;
