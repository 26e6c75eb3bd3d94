//! People and how they prove who they are: sign-up, passwords, sessions. Never in the log: addresses, hashes, tokens.

pub mod codes;
pub mod details;
pub mod login;
pub mod mails;
pub mod password;
pub mod refresh;
pub mod sessions;
pub mod signup;
pub mod username;
