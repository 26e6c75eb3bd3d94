//! The projector on real servers.

mod exactly_once;
mod faults_of_the_log;
mod faults_of_the_tables;
mod outputs;
