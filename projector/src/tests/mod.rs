//! On real servers.

mod boundaries;
mod exactly_once;
mod faults_of_the_log;
mod faults_of_the_tables;
mod outputs;
mod parking;
mod rebuilding;
pub(crate) mod story;
mod verifying;
mod world;
