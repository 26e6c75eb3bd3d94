//! The query API over HTTP, on real servers.

mod access;
mod freshness;
mod history;
mod people;
mod support;
