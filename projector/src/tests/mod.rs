//! On real servers, with what only this crate sees.

mod boundaries;
mod fencing;
