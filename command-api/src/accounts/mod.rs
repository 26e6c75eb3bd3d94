//! People and how they prove who they are: sign-up, passwords, sessions. Never in the log: addresses, hashes, tokens.

pub mod change;
pub mod details;
pub mod login;
pub mod password;
pub mod refresh;
pub mod security;
pub mod sessions;
pub mod signup;
pub mod throttle;
pub mod username;
