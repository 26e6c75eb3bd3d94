//! The log's language against its published documents: old events stay readable, hostile records are refused, generated
//! documents are current.

mod compatibility;
mod generated;
mod golden;
mod hostile;
mod properties;
mod support;
