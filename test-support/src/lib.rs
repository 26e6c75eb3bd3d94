//! What tests need: a platform of their own on real servers ([`TestPlatform`]); the whole system as a black box
//! ([`System`], [`Instance`]), people who use it and what they should see; networks that fail; waiting for conditions.
//!
//! The servers are those of the environment (as `./dev test` gives them), else those that `./dev up` started; fault tests
//! start private ones. Helpers panic with what was asked and what came back, so that a failed test tells its story by itself.
#![expect(
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    clippy::return_self_not_must_use,
    reason = "to panic where the system is not what it should be is what helpers are for"
)]

pub mod answer;
pub mod assertions;
pub mod balancer;
pub mod customers;
pub mod document;
pub mod events;
pub mod expected;
pub mod forger;
pub mod instance;
pub mod load;
pub mod log;
pub mod membership_churn;
pub mod model;
pub mod network;
pub mod page;
pub mod person;
pub mod port;
pub mod process;
pub mod program;
pub mod random;
pub mod retry;
pub mod schemas;
pub mod servers;
pub mod signup_load;
pub mod story;
pub mod system;
pub mod test_platform;
pub mod wait;
pub mod world;

pub use answer::{Answer, Api};
pub use customers::Customers;
pub use document::{Document, Operation, Places};
pub use forger::Forger;
pub use instance::Instance;
pub use page::{Item, Page};
pub use person::{Person, Room};
pub use random::Random;
pub use system::System;
pub use test_platform::{PARTITIONS, SetupError, TestPlatform, account, api_settings, connect_api, http_settings};
pub use wait::{wait_for, wait_for_within};
