//! What HTTP services share, against real servers.

mod access;
mod cookies;
mod extract;
mod http;
mod rate;
mod tokens;
