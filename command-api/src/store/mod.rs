//! Every SQL statement of the command API: accounts (its own tables) and what it reads of the read models.

pub mod accounts;
pub mod codes;
pub mod credentials;
pub mod messages;
pub mod people;
pub mod rooms;
