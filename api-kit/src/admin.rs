//! Administrators: who they are follows from their account's row, as of at most a second ago.

use axum::extract::{FromRef, FromRequestParts};
use event_schema::UserId;
use http::request::Parts;

use crate::caller::Caller;
use crate::context::ApiContext;
use crate::problem::Problem;

const ADMIN: &str = "admin";

/// Somebody with the role `admin`, now.
#[derive(Clone, Copy, Debug)]
pub struct Admin {
    pub user_id: UserId,
    /// And in which session.
    pub caller: Caller,
}

impl<S: Send + Sync> FromRequestParts<S> for Admin
where
    ApiContext: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let admin = Self { user_id: caller.user_id, caller };
        admin.check(&ApiContext::from_ref(state)).await?;
        Ok(admin)
    }
}

impl Admin {
    /// Refuses who is an administrator no more: for what goes on after the request was let in.
    pub async fn check(self, context: &ApiContext) -> Result<(), Problem> {
        let status = context.access.account_status(self.user_id).await?;
        if status.is_some_and(|status| status.has_role(ADMIN)) {
            Ok(())
        } else {
            Err(Problem::forbidden().detail("only administrators do this"))
        }
    }
}
