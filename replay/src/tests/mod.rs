//! On real servers.

mod fold_versions;
mod leaving;
mod parking;
mod rebuilding;
mod refusing;
mod repairing;
mod verifying;
