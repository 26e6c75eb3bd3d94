//! Every statement of the mailer.

pub(crate) mod checkpoints;
pub(crate) mod outgoing;
pub(crate) mod sending;
