//! A chat as one would write it on a sheet of paper: no log, no tables, no waiting. Random commands go to it and to the
//! real system alike; in the end both must show the same.
//!
//! It is written from the rules in words (`docs/events.md`), not from the fold, and shares no code with it.

mod acts;
mod room;
mod shown;

pub use acts::{Act, Scene, random};
pub use room::{Kind, Message, ModelRoom, Role, State, Verdict};
pub use shown::{Inbox, Shown};

/// A person of the model: a number, so that a failed run reads well.
pub type Who = usize;
