//! Skeletons for accounts that were there before names had any: SQL cannot work them out.

use event_schema::WorkspaceId;
use sqlx::PgPool;
use uuid::Uuid;

use super::username::skeleton_of;

/// Accounts looked at by one statement.
const AT_ONCE: i64 = 1_000;

/// Fills what is missing; how many. Of several that look alike already the oldest gets it (ids are in the order of time for
/// the most part); the others keep their names, and nobody new gets one like them. Can be run again at any time.
pub async fn fill(db: &PgPool) -> Result<u64, sqlx::Error> {
    let (mut after, mut filled) = (Uuid::nil(), 0);
    loop {
        let rows = sqlx::query!(
            "select user_id, username_key from identity.accounts
             where username_skeleton is null and kind <> 'imported' and user_id > $1 order by user_id limit $2",
            after,
            AT_ONCE,
        )
        .fetch_all(db)
        .await?;
        let Some(last) = rows.last() else { return Ok(filled) };
        after = last.user_id;
        let (ids, skeletons): (Vec<Uuid>, Vec<String>) =
            rows.into_iter().map(|row| (row.user_id, skeleton_of(&row.username_key))).unzip();
        let done = sqlx::query!(
            "update identity.accounts a set username_skeleton = s.skeleton
             from (select distinct on (skeleton) id, skeleton from unnest($1::uuid[], $2::text[]) as s (id, skeleton)
                   order by skeleton, id) s
             where a.user_id = s.id and not exists (
                 select from identity.accounts o where o.workspace_id = $3 and o.username_skeleton = s.skeleton)",
            &ids,
            &skeletons,
            WorkspaceId::DEFAULT.0,
        );
        filled += done.execute(db).await?.rows_affected();
    }
}
