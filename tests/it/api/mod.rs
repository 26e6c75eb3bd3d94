//! The system over HTTP, as a frontend sees it, and its topics, as a consumer sees them. All tests share one system of
//! two replicas and run beside each other; each keeps to people and rooms of its own.

mod access;
mod admin;
mod freshness;
mod guide;
mod hostile;
mod import;
mod journey;
mod pages;
mod people;
mod refusal;
mod replicas;
mod roles;
mod sessions;
mod tokens;
mod topics;
