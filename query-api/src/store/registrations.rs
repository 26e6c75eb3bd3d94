//! Sign-ups as administrators see them (schema `identity`, which the command API writes).

use chrono::{DateTime, Utc};
use serde::Deserialize;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

#[derive(Debug)]
pub struct RegistrationRow {
    pub registration_id: Uuid,
    pub user_id: Uuid,
    pub status: String,
    pub failed_step: Option<String>,
    pub reason: Option<String>,
    pub created_at: DateTime<Utc>,
    pub deadline_at: DateTime<Utc>,
    pub decided_at: Option<DateTime<Utc>>,
    pub steps: Json<Vec<StepRow>>,
}

/// One part of it.
#[derive(Debug, Deserialize)]
pub struct StepRow {
    pub name: String,
    pub status: String,
    pub reason: Option<String>,
    pub updated_at: DateTime<Utc>,
}

/// The sign-ups that began before a place in time, the latest first.
pub async fn page(
    db: &mut PgConnection,
    status: Option<&str>,
    (began, id): (DateTime<Utc>, Uuid),
    limit: i64,
) -> sqlx::Result<Vec<RegistrationRow>> {
    // Index Scan Backward on registrations_by_age, Limit; of each an Index Scan on registration_steps_pkey.
    sqlx::query_as!(
        RegistrationRow,
        r#"select registration_id, user_id, status, failed_step, reason, created_at, deadline_at, decided_at,
                  (select coalesce(jsonb_agg(jsonb_build_object('name', s.step, 'status', s.status, 'reason', s.reason,
                                                                'updated_at', s.updated_at) order by s.step), '[]')
                   from identity.registration_steps s where s.registration_id = r.registration_id)
                      as "steps!: Json<Vec<StepRow>>"
           from identity.registrations r
           where (created_at, registration_id) < ($1, $2) and ($3::text is null or status = $3)
           order by created_at desc, registration_id desc limit $4"#,
        began,
        id,
        status,
        limit,
    )
    .fetch_all(db)
    .await
}

pub async fn find(db: &mut PgConnection, id: Uuid) -> sqlx::Result<Option<RegistrationRow>> {
    sqlx::query_as!(
        RegistrationRow,
        r#"select registration_id, user_id, status, failed_step, reason, created_at, deadline_at, decided_at,
                  (select coalesce(jsonb_agg(jsonb_build_object('name', s.step, 'status', s.status, 'reason', s.reason,
                                                                'updated_at', s.updated_at) order by s.step), '[]')
                   from identity.registration_steps s where s.registration_id = r.registration_id)
                      as "steps!: Json<Vec<StepRow>>"
           from identity.registrations r where registration_id = $1"#,
        id,
    )
    .fetch_optional(db)
    .await
}
