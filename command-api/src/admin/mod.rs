//! What administrators do to accounts: roles, suspension. Each act is an event in `chat.admin`, in one transaction with the
//! account's row; nothing that an act changes not is told.
//!
//! Needs Postgres and Redis only: the event goes through the outbox, and a command API that runs, now or later, brings it
//! into the log.

mod administration;
mod store;

use api_kit::tokens::TokenError;
use event_schema::UserId;
use platform::outbox::OutboxError;

pub use administration::{Acted, Administration};
pub use store::{AccountSummary, page};

/// What somebody may do beyond their own account and rooms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerRole {
    /// Sees and changes everything that the admin API offers.
    Admin,
}

impl ServerRole {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
        }
    }
}

/// Longest reason of a suspension, in characters.
pub const REASON_CHARS: usize = 500;

/// Why an act was not done.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// Neither an id nor a name of an account.
    #[error("there is no account {0}")]
    NoAccount(String),
    /// Only an account that can be used is suspended.
    #[error("account {user} is {status}, which cannot be suspended")]
    NotUsable { user: UserId, status: String },
    /// The reason is no text to keep.
    #[error("the reason is longer than {REASON_CHARS} characters, or holds a NUL")]
    BadReason,
    /// The row, or the event, was not written.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
    /// The row was not read.
    #[error("Postgres: {0}")]
    Database(#[from] sqlx::Error),
    /// There is no key to sign with.
    #[error(transparent)]
    Keys(#[from] TokenError),
}
