//! The query API over HTTP, on real servers.

mod access;
mod admin;
mod changes;
mod cursors;
mod history;
mod inbox;
mod items;
mod manners;
mod model;
mod outcomes;
mod people;
mod plans;
mod read_consistency;
mod story;
mod stream;
mod support;
mod threads;
mod walk;
