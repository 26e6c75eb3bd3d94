//! Who calls. The extractor that finds it out is in [`crate::auth`].

use event_schema::UserId;
use uuid::Uuid;

use crate::tokens::Claims;

/// The caller of a request. What they may do is not in the token: roles and status come from the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    pub user_id: UserId,
    /// The session family they logged in with.
    pub session_id: Uuid,
    issued_at: i64,
}

impl Caller {
    /// The one whose access token makes these claims.
    #[must_use]
    pub fn of_claims(claims: &Claims) -> Self {
        Self { user_id: claims.sub, session_id: claims.sid, issued_at: claims.iat }
    }

    /// When the token was issued, in seconds since 1970.
    #[must_use]
    pub fn issued_at(&self) -> i64 {
        self.issued_at
    }
}
