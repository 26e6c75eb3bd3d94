//! What the read model says of rooms and their members.

use event_schema::room::{JoinRule, RoomKind};
use event_schema::{MessageId, RoomId, UserId};
use sqlx::PgPool;
use uuid::Uuid;

use crate::decide::{Membership, RoomView};

/// A room with the relations of the caller and of one other person to it: one statement, three primary keys.
pub async fn view(
    read_model: &PgPool,
    room: RoomId,
    caller: UserId,
    other: Option<UserId>,
) -> Result<Option<RoomView>, sqlx::Error> {
    let row = sqlx::query!(
        r#"select r.kind, r.join_rule, r.archived, r.name, r.member_count,
                  c.state as "caller_state?", c.role as "caller_role?",
                  o.state as "other_state?", o.role as "other_role?"
           from rooms r
           left join room_members c on c.room_id = r.room_id and c.user_id = $2
           left join room_members o on o.room_id = r.room_id and o.user_id = $3
           where r.room_id = $1"#,
        room.0,
        caller.0,
        other.map(Uuid::from),
    )
    .fetch_optional(read_model)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let member = |state: Option<String>, role: Option<String>| Membership::from_words(&state?, &role?);
    Ok(Some(RoomView {
        kind: RoomKind::from_word(&row.kind).ok_or_else(|| unknown("kind"))?,
        join_rule: JoinRule::from_word(&row.join_rule).ok_or_else(|| unknown("join_rule"))?,
        archived: row.archived,
        name: row.name,
        member_count: usize::try_from(row.member_count).unwrap_or_default(),
        caller: member(row.caller_state, row.caller_role),
        other: member(row.other_state, row.other_role),
    }))
}

/// Whether all these messages are in the room.
pub async fn has_messages(
    read_model: &PgPool,
    room: RoomId,
    reader: UserId,
    ids: &[MessageId],
) -> Result<bool, sqlx::Error> {
    let mut ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    ids.sort_unstable();
    ids.dedup();
    let found = sqlx::query_scalar!(
        r#"select count(*) as "count!" from messages m
           join rooms r using (room_id)
           left join room_members c on c.room_id = m.room_id and c.user_id = $3
           where m.room_id = $1 and m.message_id = any($2)
             and m.seq >= control.first_visible_seq(r.history_visibility, c.join_seq, r.last_seq)"#,
        room.0,
        &ids,
        reader.0,
    )
    .fetch_one(read_model)
    .await?;
    Ok(usize::try_from(found).is_ok_and(|found| found == ids.len()))
}

/// Which of these people the read model knows as users.
pub async fn known_users(read_model: &PgPool, ids: &[Uuid]) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!("select user_id from users where user_id = any($1) and not deactivated and not pending", ids)
        .fetch_all(read_model)
        .await
}

/// A word of a later version in a column: that version should answer.
pub(super) fn unknown(column: &'static str) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: column.into(), source: "a word that this version does not know".into() }
}
