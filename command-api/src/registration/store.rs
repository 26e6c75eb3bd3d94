//! Registrations (schema `identity`). Whoever decides holds the registration's row until commit.

use std::collections::HashMap;

use event_schema::user::{AccountKind, Registered};
use event_schema::{CommandId, EventId, RegistrationId, Text, Timestamp, Topic, UserId};
use platform::outbox::shard_of;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::saga::{Registration, SagaStatus, Step, StepStatus};

/// A registration as whoever holds its id may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    pub status: SagaStatus,
    /// Whether the address has been verified since.
    pub verified: bool,
    pub version: i64,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// The step that failed.
    pub failed_step: Option<String>,
    /// Why it was rejected.
    pub reason: Option<String>,
    /// How far everybody is, by name.
    pub steps: Vec<Step>,
}

fn word<T>(column: &str, word: &str, read: impl Fn(&str) -> Option<T>) -> Result<T, sqlx::Error> {
    let unknown = || sqlx::Error::Decode(format!("{column} is `{word}`, which this version does not know").into());
    read(word).ok_or_else(unknown)
}

/// Writes a new registration and its steps.
pub async fn insert(
    tx: &mut PgConnection,
    registration: &Registration,
    deadline: Timestamp,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into identity.registrations (registration_id, user_id, command_id, status, deadline_at, created_at)
         values ($1, $2, $3, 'pending', $4, $5)",
        registration.id.0,
        registration.user.0,
        registration.command.0,
        deadline.to_datetime(),
        now.to_datetime(),
    )
    .execute(&mut *tx)
    .await?;
    let names: Vec<String> = registration.steps.iter().map(|step| step.name.clone()).collect();
    sqlx::query!(
        "insert into identity.registration_steps (registration_id, step, status, updated_at)
         select $1, step, 'pending', $3 from unnest($2::text[]) as steps (step)",
        registration.id.0,
        &names,
        now.to_datetime(),
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Whether there is, or was, such a sign-up.
pub async fn exists(db: &PgPool, id: RegistrationId) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (select from identity.registrations where registration_id = $1) as "exists!""#,
        id.0
    )
    .fetch_one(db)
    .await
}

/// Takes these registrations for the rest of the transaction.
pub async fn lock(
    tx: &mut PgConnection,
    ids: &[RegistrationId],
) -> Result<HashMap<RegistrationId, Registration>, sqlx::Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    // In the order of their ids, so that nobody waits in a circle.
    let locked = sqlx::query_scalar!(
        "select registration_id from identity.registrations where registration_id = any($1)
         order by registration_id for update",
        &ids
    );
    let locked = locked.fetch_all(&mut *tx).await?;
    Ok(read(tx, &locked).await?.into_iter().map(|registration| (registration.id, registration)).collect())
}

/// Gives sign-ups whose request has not left the outbox their whole time again: until it is published, nobody can answer.
/// Nested Loop over the undecided ones and `outbox_of_key`.
pub async fn postpone_unpublished(db: &PgPool, deadline: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update identity.registrations set deadline_at = $1
         where status = 'pending' and deadline_at < $1
           and exists (select from control.outbox where topic = $2 and key = registrations.user_id::text)",
        deadline.to_datetime(),
        Topic::Users.name(),
    )
    .execute(db)
    .await
    .map(drop)
}

/// Gives every undecided sign-up its whole time again: after an outage, in which nobody could answer.
pub async fn postpone_all(db: &PgPool, deadline: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update identity.registrations set deadline_at = $1 where status = 'pending' and deadline_at < $1",
        deadline.to_datetime(),
    )
    .execute(db)
    .await
    .map(drop)
}

/// Whether a registration is undecided. Index Only Scan on `registrations_undecided`.
pub async fn is_any_pending(db: &PgPool) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(r#"select exists (select from identity.registrations where status = 'pending') as "is!""#)
        .fetch_one(db)
        .await
}

/// Takes registrations that should have been decided by this time, the longest overdue first, passing over those that somebody
/// else has taken. Index Scan on `registrations_undecided`.
pub async fn overdue(tx: &mut PgConnection, until: Timestamp, most: i64) -> Result<Vec<Registration>, sqlx::Error> {
    let ids = sqlx::query_scalar!(
        "select registration_id from identity.registrations where status = 'pending' and deadline_at <= $1
         order by deadline_at limit $2 for update skip locked",
        until.to_datetime(),
        most,
    );
    let ids = ids.fetch_all(&mut *tx).await?;
    let mut registrations = read(tx, &ids).await?;
    for registration in &mut registrations {
        registration.version += 1;
    }
    Ok(registrations)
}

async fn read(tx: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Registration>, sqlx::Error> {
    let rows = sqlx::query!(
        "select registration_id, user_id, command_id, status, version, failed_step, reason
         from identity.registrations where registration_id = any($1) order by registration_id",
        ids
    );
    let rows = rows.fetch_all(&mut *tx).await?;
    let steps = sqlx::query!(
        "select registration_id, step, status, reason, completed_by from identity.registration_steps
         where registration_id = any($1) order by registration_id, step",
        ids
    );
    let mut of: HashMap<Uuid, Vec<Step>> = HashMap::new();
    for row in steps.fetch_all(tx).await? {
        let status = word("registration_steps.status", &row.status, StepStatus::from_word)?;
        let completed_by = row.completed_by.map(EventId);
        let step = Step { name: row.step, status, reason: row.reason, completed_by };
        of.entry(row.registration_id).or_default().push(step);
    }
    let mut registrations = Vec::with_capacity(rows.len());
    for row in rows {
        registrations.push(Registration {
            id: RegistrationId(row.registration_id),
            user: UserId(row.user_id),
            command: CommandId(row.command_id),
            status: word("registrations.status", &row.status, SagaStatus::from_word)?,
            version: row.version,
            failed_step: row.failed_step,
            reason: row.reason,
            steps: of.remove(&row.registration_id).unwrap_or_default(),
        });
    }
    Ok(registrations)
}

/// Writes registrations as they are now.
pub async fn write(tx: &mut PgConnection, all: &[Registration], now: Timestamp) -> Result<(), sqlx::Error> {
    if all.is_empty() {
        return Ok(());
    }
    let column = |pick: fn(&Registration) -> Option<String>| all.iter().map(pick).collect::<Vec<_>>();
    let ids: Vec<Uuid> = all.iter().map(|it| it.id.0).collect();
    let statuses: Vec<String> = all.iter().map(|it| it.status.as_str().to_owned()).collect();
    let versions: Vec<i64> = all.iter().map(|it| it.version).collect();
    // Hash Join or Nested Loop with a Function Scan on unnest, by the primary key.
    sqlx::query!(
        "update identity.registrations r
         set status = new.status, version = new.version, failed_step = new.failed_step, reason = new.reason,
             decided_at = case when new.status = 'pending' then null else coalesce(r.decided_at, $6) end
         from unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::text[])
              as new (id, status, version, failed_step, reason)
         where r.registration_id = new.id",
        &ids,
        &statuses,
        &versions,
        &column(|it| it.failed_step.clone()) as &[Option<String>],
        &column(|it| it.reason.clone()) as &[Option<String>],
        now.to_datetime(),
    )
    .execute(&mut *tx)
    .await?;
    write_steps(tx, all, now).await
}

async fn write_steps(tx: &mut PgConnection, all: &[Registration], now: Timestamp) -> Result<(), sqlx::Error> {
    let steps: Vec<(Uuid, &Step)> = all.iter().flat_map(|it| it.steps.iter().map(|step| (it.id.0, step))).collect();
    let ids: Vec<Uuid> = steps.iter().map(|(id, _)| *id).collect();
    let names: Vec<String> = steps.iter().map(|(_, step)| step.name.clone()).collect();
    let statuses: Vec<String> = steps.iter().map(|(_, step)| step.status.as_str().to_owned()).collect();
    let reasons: Vec<Option<String>> = steps.iter().map(|(_, step)| step.reason.clone()).collect();
    let completions: Vec<Option<Uuid>> = steps.iter().map(|(_, step)| step.completed_by.map(|id| id.0)).collect();
    sqlx::query!(
        "update identity.registration_steps s
         set status = new.status, reason = new.reason, completed_by = new.completed_by, updated_at = $6
         from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::uuid[])
              as new (id, step, status, reason, completed_by)
         where s.registration_id = new.id and s.step = new.step
           and (s.status, s.reason, s.completed_by) is distinct from (new.status, new.reason, new.completed_by)",
        &ids,
        &names,
        &statuses,
        &reasons as &[Option<String>],
        &completions as &[Option<Uuid>],
        now.to_datetime(),
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Makes accounts usable that wait for it; what there is to say of each.
pub async fn register(tx: &mut PgConnection, users: &[UserId]) -> Result<HashMap<UserId, Registered>, sqlx::Error> {
    if users.is_empty() {
        return Ok(HashMap::new());
    }
    let users: Vec<Uuid> = users.iter().map(|user| user.0).collect();
    let rows = sqlx::query!(
        "update identity.accounts set status = 'registered' where user_id = any($1) and status = 'pending'
         returning user_id, kind, username, display_name, locale",
        &users
    );
    let mut registered = HashMap::new();
    for row in rows.fetch_all(tx).await? {
        let payload = Registered {
            kind: word("accounts.kind", &row.kind, AccountKind::from_word)?,
            username: Text::Plain(row.username),
            display_name: Text::Plain(row.display_name),
            locale: row.locale,
        };
        registered.insert(UserId(row.user_id), payload);
    }
    Ok(registered)
}

/// Takes accounts away that waited in vain: their names and addresses are free.
pub async fn free(tx: &mut PgConnection, users: &[UserId]) -> Result<(), sqlx::Error> {
    if users.is_empty() {
        return Ok(());
    }
    let users: Vec<Uuid> = users.iter().map(|user| user.0).collect();
    sqlx::query!("delete from identity.accounts where user_id = any($1) and status = 'pending'", &users)
        .execute(tx)
        .await?;
    Ok(())
}

/// A registration as it may be seen, at one moment.
pub async fn view(db: &PgPool, id: RegistrationId) -> Result<Option<View>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select r.status, r.version, r.decided_at, r.failed_step, r.reason,
                  exists (select from identity.accounts a where a.user_id = r.user_id and a.status = 'verified')
                      as "verified!",
                  s.step as "step?", s.status as "step_status?", s.reason as "step_reason?"
           from identity.registrations r left join identity.registration_steps s using (registration_id)
           where r.registration_id = $1 order by s.step"#,
        id.0
    );
    let rows = rows.fetch_all(db).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let mut view = View {
        status: word("registrations.status", &first.status, SagaStatus::from_word)?,
        verified: first.verified,
        version: first.version,
        decided_at: first.decided_at.map(Timestamp::from),
        failed_step: first.failed_step.clone(),
        reason: first.reason.clone(),
        steps: Vec::new(),
    };
    for row in rows {
        let (Some(name), Some(status)) = (row.step, row.step_status) else { continue };
        let status = word("registration_steps.status", &status, StepStatus::from_word)?;
        view.steps.push(Step { name, status, reason: row.step_reason, completed_by: None });
    }
    Ok(Some(view))
}

/// The versions of those that there are.
pub async fn versions(db: &PgPool, ids: &[RegistrationId]) -> Result<Vec<(RegistrationId, i64)>, sqlx::Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        "select registration_id, version from identity.registrations where registration_id = any($1)",
        &ids
    );
    let rows = rows.fetch_all(db).await?;
    Ok(rows.into_iter().map(|row| (RegistrationId(row.registration_id), row.version)).collect())
}

/// Whether something about a user has not left the outbox yet. Index Scan on `outbox_by_shard`, which is short.
pub async fn is_on_its_way(db: &PgPool, key: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (select from control.outbox where shard = $1 and topic = $2 and key = $3) as "waits!""#,
        shard_of(key),
        Topic::Users.name(),
        key,
    )
    .fetch_one(db)
    .await
}

/// The place reached in every partition; 0 where none was taken yet.
pub async fn places(db: &PgPool, partitions: i32) -> Result<Vec<(i32, i64)>, sqlx::Error> {
    sqlx::query!(
        "insert into identity.registration_progress (partition, next_offset)
         select partition, 0 from generate_series(0, $1 - 1) as all_of_them (partition) on conflict do nothing",
        partitions
    )
    .execute(db)
    .await?;
    let rows = sqlx::query!(
        "select partition, next_offset from identity.registration_progress where partition < $1 order by partition",
        partitions
    );
    Ok(rows.fetch_all(db).await?.into_iter().map(|row| (row.partition, row.next_offset)).collect())
}

/// The place reached in a partition.
pub async fn place(db: &PgPool, partition: i32) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!("select next_offset from identity.registration_progress where partition = $1", partition)
        .fetch_one(db)
        .await
}

/// Moves the place in a partition; not if somebody else has.
pub async fn advance(tx: &mut PgConnection, partition: i32, from: i64, to: i64) -> Result<bool, sqlx::Error> {
    let moved = sqlx::query!(
        "update identity.registration_progress set next_offset = $3 where partition = $1 and next_offset = $2",
        partition,
        from,
        to,
    );
    Ok(moved.execute(tx).await?.rows_affected() > 0)
}
