//! The whole system as a black box: what the tests in `tests/` need to start it, talk to it, break it and read its log.
//!
//! The `chatlog` program runs as processes of its own, on real Kafka, Postgres and Redis: those of the environment (as
//! `./dev test` gives them), else those that `./dev up` started; fault tests start private ones. Helpers panic with what
//! was asked and what came back, so that a failed test tells its story by itself.
#![expect(
    clippy::missing_panics_doc,
    reason = "to panic where the system is not what it should be is what helpers are for"
)]

pub mod answer;
pub mod balancer;
pub mod customers;
pub mod document;
pub mod expected;
pub mod forger;
pub mod insist;
pub mod instance;
pub mod judge;
pub mod load;
pub mod log;
pub mod model;
pub mod newcomers;
pub mod page;
pub mod person;
pub mod port;
pub mod process;
pub mod program;
pub mod random;
pub mod schemas;
pub mod servers;
pub mod system;
pub mod tell;
pub mod until;
pub mod visitor;

pub use answer::{Answer, Api};
pub use customers::Customers;
pub use document::{Document, Operation, Places};
pub use forger::Forger;
pub use instance::Instance;
pub use page::{Item, Page};
pub use person::{Person, Room};
pub use random::Random;
pub use system::System;
pub use tell::tell;
pub use until::until;
