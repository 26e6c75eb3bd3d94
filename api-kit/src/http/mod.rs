//! The server that clients reach: everything about a connection and a request is bounded, every answer names its request,
//! every error is a [`Problem`](crate::Problem).

mod layers;
mod server;
mod stall;

pub use layers::{BodyLimit, REQUEST_ID, RequestId, app};
pub use server::serve;
