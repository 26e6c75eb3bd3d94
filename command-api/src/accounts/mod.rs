//! People and how they prove who they are: sign-up, passwords, sessions. Never in the log: addresses, hashes, tokens.

pub mod account_command;
pub mod change;
pub mod closing;
pub mod codes;
pub mod details;
pub mod friends;
pub mod login;
pub mod mails;
pub mod password;
pub mod refresh;
pub mod security;
pub mod sessions;
pub mod signup;
pub mod skeletons;
pub mod strength;
pub mod throttle;
pub mod username;
