//! On real servers.

mod fold_versions;
mod giving_up;
mod leaving;
mod lost_tables;
mod parking;
mod rebuilding;
mod refusing;
mod repairing;
mod verifying;
