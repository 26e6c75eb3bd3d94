//! Administrators: who they are is asked of Postgres at every request.

use axum::extract::FromRequestParts;
use event_schema::UserId;
use http::request::Parts;
use platform::{Caller, Problem};

use crate::parked::store;
use crate::state::QueryState;

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
        let mut db = state.platform().db.acquire().await?;
        if store::is_admin(&mut db, user_id.0).await? {
            Ok(Self { user_id })
        } else {
            Err(Problem::forbidden().detail("only administrators do this"))
        }
    }
}
