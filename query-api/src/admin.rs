//! Administrators: who they are follows from their account's row, as of at most a second ago.

use axum::extract::FromRequestParts;
use event_schema::UserId;
use http::request::Parts;
use platform::{Caller, Problem};

use crate::state::QueryState;

const ADMIN: &str = "admin";

/// Somebody with the role `admin`, now.
#[derive(Clone, Copy, Debug)]
pub struct Admin {
    /// Who.
    pub user_id: UserId,
}

impl FromRequestParts<QueryState> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &QueryState) -> Result<Self, Problem> {
        let Caller { user_id, .. } = Caller::from_request_parts(parts, state).await?;
        let standing = state.platform().access.standing(user_id).await?;
        if standing.is_some_and(|standing| standing.has_role(ADMIN)) {
            Ok(Self { user_id })
        } else {
            Err(Problem::forbidden().detail("only administrators do this"))
        }
    }
}
