//! On real servers.

mod beside;
mod boundaries;
mod exactly_once;
mod faults_of_the_log;
mod faults_of_the_tables;
mod leaving;
mod outputs;
mod parking;
mod rebuilding;
mod refusing;
mod repairing;
pub(crate) mod story;
mod verifying;
mod world;
