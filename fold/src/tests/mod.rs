//! The fold as given / when / then: given a log so far, when an event comes, then this is its outcome and the state.

mod given;
mod membership;
mod messages;
mod model;
mod rooms;
mod users;
