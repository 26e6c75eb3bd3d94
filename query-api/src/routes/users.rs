//! People: oneself and others.

use std::collections::HashMap;

use api_kit::Problem;
use api_kit::extract::{Path, Query};
use axum::extract::State;
use axum::response::Response;
use event_schema::{Timestamp, Topic, UserId};
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::answer;
use crate::access::Reader;
use crate::openapi::{MissingProblems, NotModified, ReadProblems};
use crate::params::{IdsParams, OneParams};
use crate::state::QueryState;
use crate::store::people::{self, AccountRow, UserRow};

pub(super) fn router() -> OpenApiRouter<QueryState> {
    OpenApiRouter::default().routes(routes!(get_me)).routes(routes!(get_user)).routes(routes!(list_users))
}

/// What everybody may know of a person.
#[derive(Debug, Serialize, ToSchema)]
struct Profile {
    /// Their id.
    user_id: Uuid,
    /// `human`, `bot` or `imported`.
    kind: String,
    /// The name to be mentioned by; null when erased.
    username: Option<String>,
    /// The name to show; null when erased.
    display_name: Option<String>,
    /// Their status line.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    /// The account is closed; what they wrote stays.
    deactivated: bool,
    /// Since when they are here.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// What one may know of oneself.
#[derive(Debug, Serialize, ToSchema)]
struct Me {
    /// What everybody may know.
    #[serde(flatten)]
    profile: Profile,
    /// The language of mails (BCP 47).
    locale: String,
    /// Where mails go.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// What one may do beyond one's own account and rooms: `admin`.
    roles: Vec<String>,
    /// What the account is: `registered`, `verified`, `suspended` or `deactivated`.
    #[serde(skip_serializing_if = "Option::is_none")]
    account_status: Option<String>,
    /// Whether the address has been confirmed.
    verified: bool,
}

/// Some people.
#[derive(Debug, Serialize, ToSchema)]
struct Profiles {
    /// Their profiles in the order asked for; whoever does not exist is missing.
    items: Vec<Profile>,
}

#[derive(Deserialize)]
struct UserPath {
    user: UserId,
}

/// Read one's own profile
#[utoipa::path(
    get,
    path = "/v1/me",
    tag = "people",
    params(OneParams),
    responses(
        (status = 200, description = "The profile", body = Me, headers(
            ("ETag" = String, description = "For `If-None-Match`"),
        )),
        NotModified, ReadProblems,
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(skip_all)]
async fn get_me(
    State(state): State<QueryState>,
    reader: Reader,
    Query(OneParams { .. }): Query<OneParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // Whoever has a token has an account: its event may still be on its way to the log.
    let row = user(&state, &reader, reader.user_id).await?.ok_or_else(Problem::behind)?;
    let mut db = state.context().db.acquire().await?;
    answer(&headers, &me(row, people::account(&mut db, reader.user_id).await?), None)
}

/// The profile as it was folded, and what never enters the log.
fn me(row: UserRow, account: Option<AccountRow>) -> Me {
    let account = account.unwrap_or_default();
    Me {
        locale: row.locale.clone(),
        profile: row.into(),
        verified: account.status.as_deref() == Some("verified"),
        email: account.email,
        roles: account.roles,
        account_status: account.status,
    }
}

/// Read a person's profile
#[utoipa::path(
    get,
    path = "/v1/users/{user}",
    tag = "people",
    params(("user" = Uuid, Path, description = "The person"), OneParams),
    responses(
        (status = 200, description = "The profile", body = Profile, headers(
            ("ETag" = String, description = "For `If-None-Match`"),
        )),
        NotModified, ReadProblems, MissingProblems,
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(skip_all)]
async fn get_user(
    State(state): State<QueryState>,
    reader: Reader,
    Path(path): Path<UserPath>,
    Query(OneParams { .. }): Query<OneParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let row = user(&state, &reader, path.user).await?.ok_or_else(Problem::not_found)?;
    answer(&headers, &Profile::from(row), None)
}

/// Read the profiles of several people
#[utoipa::path(
    get,
    path = "/v1/users",
    tag = "people",
    params(IdsParams),
    responses(
        (status = 200, description = "The profiles", body = Profiles, headers(
            ("ETag" = String, description = "For `If-None-Match`"),
        )),
        NotModified, ReadProblems,
    ),
    security(("bearer" = [])),
)]
#[tracing::instrument(skip_all)]
async fn list_users(
    State(state): State<QueryState>,
    reader: Reader,
    Query(params): Query<IdsParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let ids = params.ids()?;
    let rows = people::users(&mut *reader.db(&state).await?, &ids).await?;
    let mut rows: HashMap<Uuid, UserRow> = rows.into_iter().map(|row| (row.user_id, row)).collect();
    let items = ids.iter().filter_map(|id| rows.remove(&id.0)).map(Profile::from).collect();
    answer(&headers, &Profiles { items }, None)
}

/// A person; none only after the read models have caught up.
async fn user(state: &QueryState, reader: &Reader, id: UserId) -> Result<Option<UserRow>, Problem> {
    let mut db = reader.db(state).await?;
    if let Some(row) = people::users(&mut db, &[id]).await?.pop() {
        return Ok(Some(row));
    }
    drop(db);
    let mut db = reader.settled_db(state, Topic::Users, id.0).await?;
    Ok(people::users(&mut db, &[id]).await?.pop())
}

impl From<UserRow> for Profile {
    fn from(row: UserRow) -> Self {
        Self {
            user_id: row.user_id,
            kind: row.kind,
            username: row.username,
            display_name: row.display_name,
            status: row.status,
            deactivated: row.deactivated,
            created_at: row.created_at.into(),
        }
    }
}
