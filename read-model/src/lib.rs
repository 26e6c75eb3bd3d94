//! The contract of the tables that the projector writes and everybody else reads: generations and which one is active,
//! partitions and their checkpoints, positions and how far the read models are, pushes, and the statements that several
//! services need.
#![warn(missing_docs)]

mod active;
pub mod checkpoint;
pub mod effect_marks;
pub mod generations;
pub mod integrity;
pub mod outcomes;
pub mod parked;
mod partition;
pub mod position;
pub mod progress;
pub mod push;
pub mod rebuild_status;
pub mod visibility;

pub use active::{ActiveGeneration, ReadModel};
pub use generations::Fold;
pub use partition::Partition;
pub use position::Position;
pub use progress::{Progress, WaitError};

use event_schema::EventType;

/// The word that `changes.type` and pushes have for an event's type: without `chat.` and version, so that it survives new
/// versions.
#[must_use]
pub fn change_kind(event_type: EventType) -> &'static str {
    let name = event_type.base_name();
    name.strip_prefix("chat.").unwrap_or(name)
}
