//! What the read model says of single messages, and of how far people have read.

use event_schema::room::{JoinRule, RoomKind};
use event_schema::{MessageId, RoomId, Text, UserId};
use serde::Deserialize;
use sqlx::PgPool;

use super::rooms::unknown;
use crate::decide::changes::{MessageView, Reading};
use crate::decide::{Membership, RoomView};

/// What a command needs of a rendered message.
#[derive(Deserialize)]
struct Rendered {
    content: Option<Text>,
    #[serde(default)]
    reactions: Vec<RenderedReaction>,
}

#[derive(Deserialize)]
struct RenderedReaction {
    emoji: String,
}

/// A message of a room that the caller may see, and whether this emoji is on it from the caller: one statement, four unique
/// keys.
pub async fn view(
    read_model: &PgPool,
    room: RoomId,
    id: MessageId,
    caller: UserId,
    emoji: &str,
) -> Result<Option<MessageView>, sqlx::Error> {
    let row = sqlx::query!(
        r#"select m.author_id, m.deleted, m.item,
                  exists (select from reactions x where x.room_id = m.room_id and x.seq = m.seq and x.emoji = $4
                                                    and x.user_id = $3) as "reacted!"
           from messages m
           join rooms r using (room_id)
           left join room_members c on c.room_id = m.room_id and c.user_id = $3
           where m.room_id = $1 and m.message_id = $2
             and m.seq >= control.first_visible_seq(r.history_visibility, c.join_seq, r.last_seq)"#,
        room.0,
        id.0,
        caller.0,
        emoji,
    )
    .fetch_optional(read_model)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let item: Rendered = serde_json::from_str(&row.item)
        .map_err(|error| sqlx::Error::ColumnDecode { index: "item".into(), source: error.into() })?;
    Ok(Some(MessageView {
        author: UserId(row.author_id),
        content: item.content,
        deleted: row.deleted,
        emoji: item.reactions.into_iter().map(|reaction| reaction.emoji).collect(),
        reacted: row.reacted,
    }))
}

/// A room, the caller in it, and how far they have read: one statement, three primary keys.
pub async fn reading(
    read_model: &PgPool,
    room: RoomId,
    caller: UserId,
) -> Result<Option<(RoomView, Reading)>, sqlx::Error> {
    let row = sqlx::query!(
        r#"select r.kind, r.join_rule, r.archived, r.name, r.member_count, r.last_seq,
                  c.state as "state?", c.role as "role?", t.read_seq as "read_seq?"
           from rooms r
           left join room_members c on c.room_id = r.room_id and c.user_id = $2
           left join receipts t on t.room_id = r.room_id and t.user_id = $2
           where r.room_id = $1"#,
        room.0,
        caller.0,
    )
    .fetch_optional(read_model)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let view = RoomView {
        kind: RoomKind::from_word(&row.kind).ok_or_else(|| unknown("kind"))?,
        join_rule: JoinRule::from_word(&row.join_rule).ok_or_else(|| unknown("join_rule"))?,
        archived: row.archived,
        name: row.name,
        member_count: usize::try_from(row.member_count).unwrap_or_default(),
        caller: row.state.zip(row.role).and_then(|(state, role)| Membership::from_words(&state, &role)),
        other: None,
    };
    let seq = |seq: i64| u64::try_from(seq).unwrap_or_default();
    Ok(Some((view, Reading { last_seq: seq(row.last_seq), read_seq: seq(row.read_seq.unwrap_or_default()) })))
}
